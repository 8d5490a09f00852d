import t, { type Test } from 'tap'
import { decideGates } from '../../../shared/controllers/address/blocks.ts'
import { readBook } from '../../../shared/controllers/address/book.ts'
import { claimAddress, confirmClaim, freeClaim } from '../../../shared/controllers/address/claims.ts'
import { carryOutGate } from '../../../shared/controllers/address/gate-actions.ts'
import { closeGate, openGate, removeGate } from '../../../shared/controllers/address/gates.ts'
import { toExpectedBlocks } from '../../../shared/controllers/address/source.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { forEachCluster } from '../../support/cluster.ts'
import { startCluster } from '../_stage.ts'
import { expectGate, makeNumbered, makeSupply, NOW, toRequest } from './_blocks.ts'
import { forEachOrder, type Handler, runInOrder, type Schedule } from './_schedule.ts'

const WHEN = { now: NOW }
/** Interruptions where three handlers are at work; every order where there are two. */
const MOST = 3
type Numbered = ReturnType<typeof makeNumbered>

/** What the handlers of one order report: addresses that a Service was given, and blocks said to be closed. */
interface Results {
  readonly kept: string[]
  readonly closed: string[]
}

/** Sets the stage for one order. */
interface Play {
  setUp(kube: Kube, numbered: Numbered): Promise<void>
  handlers(numbered: Numbered, results: Results): Promise<Readonly<Record<string, Handler>>>
}

/** Plays all orders, each with a block of its own; nothing is left of it afterwards. */
async function playAll(
  t: Test,
  kube: Kube,
  play: Play,
  most?: number,
): Promise<{ orders: number; outcomes: Set<string> }> {
  const outcomes = new Set<string>()
  let n = 0
  const orders = await forEachOrder(async prefix => {
    const numbered = makeNumbered(n++)
    const results: Results = { kept: [], closed: [] }
    await play.setUp(kube, numbered)
    const schedule = await runInOrder(kube, await play.handlers(numbered, results), prefix)
    await check(t, kube, schedule, results)
    outcomes.add(`${results.kept.length} kept, ${results.closed.length > 0 ? 'closed' : 'in use'}`)
    await clear(kube)
    return schedule
  }, most)
  return { orders, outcomes }
}

async function check(t: Test, kube: Kube, { story }: Schedule, { kept, closed }: Results): Promise<void> {
  const { claims, gates } = await readBook(kube)
  const state = gates[0]?.state
  const isSound =
    (closed.length === 0 || (kept.length === 0 && state === 'closed')) &&
    kept.every(address => claims.some(claim => claim.address === address)) &&
    new Set(kept).size === kept.length
  if (!isSound) t.fail('a block with a kept claim was closed', { story, kept, closed, state })
}

async function clear(kube: Kube): Promise<void> {
  const { claims, gates } = await readBook(kube)
  for (const claim of claims) await freeClaim(kube, claim)
  for (const gate of gates) await removeGate(kube, gate)
}

const claimer =
  (numbered: Numbered, { kept }: Results, host: number, name: string): Handler =>
  async kube => {
    const service = { namespace: 'default', name }
    const claimed = await claimAddress(
      kube,
      toRequest(numbered, { address: numbered.address(host), service }),
      WHEN,
    )
    if (typeof claimed !== 'string') kept.push(claimed.claim.address)
  }

const closer =
  (numbered: Numbered, { closed }: Results, gate: Awaited<ReturnType<typeof expectGate>>): Handler =>
  async kube => {
    if ((await closeGate(kube, numbered.block, gate, WHEN)) === 'closed') closed.push(numbered.block.id)
  }

/** A whole pass over one block: reads the book, decides, carries out. */
const pass =
  ({ block }: Numbered, { closed }: Results): Handler =>
  async kube => {
    const book = await readBook(kube)
    const { actions } = decideGates({
      book,
      supply: makeSupply([block]),
      judged: new Set(toExpectedBlocks(book)),
      now: NOW + 3_600_000,
      graceMs: 600_000,
      minFree: 0,
      needed: new Set(),
      countFree: () => 5,
    })
    for (const action of actions)
      if ((await carryOutGate(kube, action, WHEN)) === 'closed') closed.push(block.id)
  }

/** Finds a claim of its Service together with an open gate in one book: proof enough to use it. */
const finder =
  ({ block }: Numbered, { kept }: Results): Handler =>
  async kube => {
    const { claims, gates } = await readBook(kube)
    const [claim] = claims
    if (!claim || gates.find(({ blockId }) => blockId === block.id)?.state !== 'open') return
    kept.push((await confirmClaim(kube, claim, 'uid-1', WHEN)).address)
  }

const open = async (kube: Kube, { block }: Numbered): Promise<void> =>
  void (await openGate(kube, block, WHEN))

forEachCluster(t, 'claiming and giving back at the same moment', { everyKind: true }, async (t, cluster) => {
  const kube = await cluster.kube()
  const { orders, outcomes } = await playAll(t, kube, {
    setUp: open,
    handlers: async (numbered, results) => ({
      claimer: claimer(numbered, results, 2, 'web'),
      closer: closer(numbered, results, await expectGate(kube, numbered.gateAddress)),
    }),
  })
  t.comment(`${orders} orders`)
  t.ok(orders >= 10)
  t.strictSame([...outcomes].sort(), ['0 kept, closed', '0 kept, in use', '1 kept, in use'])
})

t.test('two claimers and one who gives back', async t => {
  const { kube } = await startCluster(t)
  const { orders, outcomes } = await playAll(
    t,
    kube,
    {
      setUp: open,
      handlers: async (numbered, results) => ({
        one: claimer(numbered, results, 2, 'web'),
        two: claimer(numbered, results, 3, 'api'),
        closer: closer(numbered, results, await expectGate(kube, numbered.gateAddress)),
      }),
    },
    MOST,
  )
  t.comment(`${orders} orders`)
  t.ok(outcomes.has('2 kept, in use') && outcomes.has('1 kept, in use') && outcomes.has('0 kept, closed'))
})

t.test('two passes that find a gate closing, and a claimer that withdraws in between', async t => {
  const { kube } = await startCluster(t)
  const { orders, outcomes } = await playAll(
    t,
    kube,
    {
      async setUp(kube, numbered) {
        await open(kube, numbered)
        const gate = await expectGate(kube, numbered.gateAddress)
        const body = { metadata: { annotations: { 'phoenixnap.com/state': 'closing' } } }
        const path = `/apis/networking.k8s.io/v1/ipaddresses/${gate.address}`
        await kube.request({ method: 'PATCH', path, patch: 'merge', body })
      },
      handlers: async (numbered, results) => ({
        one: pass(numbered, results),
        two: pass(numbered, results),
        claimer: claimer(numbered, results, 2, 'web'),
      }),
    },
    MOST,
  )
  t.comment(`${orders} orders`)
  t.ok(outcomes.has('1 kept, in use') && outcomes.has('0 kept, closed'))
})

t.test('a claim that its Service finds again while its block is closed', async t => {
  const { kube } = await startCluster(t)
  const { orders } = await playAll(
    t,
    kube,
    {
      async setUp(kube, numbered) {
        await open(kube, numbered)
        await claimAddress(kube, toRequest(numbered), WHEN)
      },
      handlers: async (numbered, results) => ({
        closer: closer(numbered, results, await expectGate(kube, numbered.gateAddress)),
        finder: finder(numbered, results),
        freer: async kube => {
          const [claim] = (await readBook(kube)).claims
          if (claim?.state === 'unconfirmed') await freeClaim(kube, claim)
        },
      }),
    },
    MOST,
  )
  t.comment(`${orders} orders`)
})

t.test('a pass that opens a block and one that closes it', async t => {
  const { kube } = await startCluster(t)
  const { orders } = await playAll(
    t,
    kube,
    {
      setUp: async () => undefined,
      handlers: async (numbered, results) => ({
        opener: async kube => openGate(kube, numbered.block, WHEN),
        closer: async kube => {
          if ((await closeGate(kube, numbered.block, undefined, WHEN)) === 'closed')
            results.closed.push(numbered.block.id)
        },
        claimer: claimer(numbered, results, 2, 'web'),
      }),
    },
    MOST,
  )
  t.comment(`${orders} orders`)
})
