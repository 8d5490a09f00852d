import t from 'tap'
import { decideGates } from '../../../shared/controllers/address/blocks.ts'
import { readBook } from '../../../shared/controllers/address/book.ts'
import { claimAddress, freeClaim } from '../../../shared/controllers/address/claims.ts'
import { carryOutGate } from '../../../shared/controllers/address/gate-actions.ts'
import {
  closeGate,
  noteUnused,
  openGate,
  readGate,
  removeGate,
  reopenGate,
} from '../../../shared/controllers/address/gates.ts'
import { toExpectedBlocks } from '../../../shared/controllers/address/source.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { forEachCluster } from '../../support/cluster.ts'
import { startCluster } from '../_stage.ts'
import { expectGate, makeClaim, makeNumbered, makeSupply, NOW, toRequest } from './_blocks.ts'
import { forEachKill } from './_schedule.ts'

const WHEN = { now: NOW }
const LATER = { now: NOW + 60_000 }
const CONFLICT = { code: 'KUBE_CONFLICT' }
type Numbered = ReturnType<typeof makeNumbered>

/** A whole pass over one block. */
async function pass(kube: Kube, { block }: Numbered, inSupply = true): Promise<readonly string[]> {
  const book = await readBook(kube)
  const supply = makeSupply(inSupply ? [block] : [])
  const rules = { graceMs: 600_000, minFree: 0, needed: new Set<string>(), countFree: () => 5 }
  const judged = new Set(toExpectedBlocks(book))
  const { actions } = decideGates({ book, supply, judged, now: NOW + 3_600_000, ...rules })
  const outcomes: string[] = []
  for (const action of actions) outcomes.push(`${action.do}: ${await carryOutGate(kube, action, LATER)}`)
  return outcomes
}

forEachCluster(t, 'gates', { everyKind: true }, async (t, cluster) => {
  const kube = await cluster.kube()
  let n = 0
  const openBlock = async () => {
    const numbered = makeNumbered(2000 + n++)
    await openGate(kube, numbered.block, WHEN)
    return { numbered, gate: await expectGate(kube, numbered.gateAddress) }
  }

  t.test('are opened once, and left as they are by whoever comes later', async t => {
    const numbered = makeNumbered(1)
    const answers = await Promise.all(Array.from({ length: 5 }, () => openGate(kube, numbered.block, WHEN)))
    t.equal(answers.filter(Boolean).length, 1)
    const gate = await expectGate(kube, numbered.gateAddress)
    t.match(gate, { state: 'open', blockId: numbered.block.id, since: NOW, unusedSince: undefined })
    t.equal(await openGate(kube, { ...numbered.block, id: 'other' }, LATER), false)
    t.strictSame(await expectGate(kube, numbered.gateAddress), gate)
  })

  t.test('of a block that has gone are taken over by the one that has its range', async t => {
    const { numbered, gate } = await openBlock()
    const noted = await noteUnused(kube, gate, NOW)
    const next = { ...numbered.block, id: 'next' }
    await t.rejects(openGate(kube, next, LATER, gate), CONFLICT)
    t.equal(await openGate(kube, next, LATER, noted), true)
    t.match(await expectGate(kube, gate.address), { blockId: 'next', state: 'open', unusedSince: undefined })
  })

  t.test('close for good where nothing lies in the block', async t => {
    const { numbered, gate } = await openBlock()
    t.equal(await closeGate(kube, numbered.block, gate, LATER), 'closed')
    const closed = await expectGate(kube, gate.address)
    t.match(closed, { state: 'closed', since: LATER.now })
    t.equal(await closeGate(kube, numbered.block, closed, LATER), 'closed')
    t.strictSame(await expectGate(kube, gate.address), closed, 'nothing is written twice')
    await t.rejects(reopenGate(kube, closed, LATER), { code: 'CCM_INTERNAL' })
  })

  t.test('open again where a claim of any state lies in the block', async t => {
    const { numbered, gate } = await openBlock()
    const claim = await makeClaim(kube, toRequest(numbered), WHEN)
    t.equal(await closeGate(kube, numbered.block, gate, LATER), 'in-use')
    const open = await expectGate(kube, gate.address)
    t.match(open, { state: 'open' })
    t.equal(await closeGate(kube, { ...numbered.block, marked: true }, open, LATER), 'in-use')
    t.match(await expectGate(kube, gate.address), { state: 'closing' }, 'but not that of a marked block')
    await freeClaim(kube, claim)
  })

  t.test('know a claim by its address as well, and an object that nobody understands', async t => {
    for (const annotations of [
      { 'phoenixnap.com/state': 'active', 'phoenixnap.com/block-id': 'former' },
      { 'phoenixnap.com/state': 'broken' },
    ]) {
      const { numbered, gate } = await openBlock()
      const claim = await makeClaim(kube, toRequest(numbered), WHEN)
      const path = `/apis/networking.k8s.io/v1/ipaddresses/${claim.address}`
      await kube.request({ method: 'PATCH', path, patch: 'merge', body: { metadata: { annotations } } })
      t.equal(await closeGate(kube, numbered.block, gate, LATER), 'in-use')
    }
  })

  t.test('a block without one is given one that never was open', async t => {
    const numbered = makeNumbered(2, { state: 'failed' })
    t.equal(await closeGate(kube, numbered.block, undefined, LATER), 'closed')
    t.match(await expectGate(kube, numbered.gateAddress), { state: 'closed' })
    await t.rejects(closeGate(kube, numbered.block, undefined, LATER), CONFLICT)
  })

  t.test('an old view changes nothing', async t => {
    const { numbered, gate } = await openBlock()
    const noted = await noteUnused(kube, gate, LATER.now)
    t.equal(noted.unusedSince, LATER.now)
    t.equal(await noteUnused(kube, noted, LATER.now), noted)
    await t.rejects(noteUnused(kube, gate, NOW), CONFLICT)
    await t.rejects(closeGate(kube, numbered.block, gate, LATER), CONFLICT)
    await t.rejects(removeGate(kube, gate), CONFLICT)
    t.strictSame(await expectGate(kube, gate.address), noted)
    const used = await noteUnused(kube, noted, undefined)
    t.equal(used.unusedSince, undefined)
    await removeGate(kube, used)
    await removeGate(kube, used)
    t.equal(await readGate(kube, gate.address), undefined)
  })
})

t.test(
  'killed after any request of closing: the next pass finishes, or opens again for who came first',
  async t => {
    const { kube } = await startCluster(t)
    for (const isClaimed of [false, true]) {
      const runs = await forEachKill({
        async run(kill, passed) {
          const numbered = makeNumbered(100 + passed)
          await openGate(kube, numbered.block, WHEN)
          const gate = await noteUnused(kube, await expectGate(kube, numbered.gateAddress), NOW)
          if (isClaimed) await claimAddress(kube, toRequest(numbered), WHEN)
          await closeGate(kill(kube), numbered.block, gate, WHEN)
        },
        async afterwards(passed) {
          const numbered = makeNumbered(100 + passed)
          await pass(kube, numbered)
          const gate = await expectGate(kube, numbered.gateAddress)
          t.equal(gate.state, isClaimed ? 'open' : 'closed', `killed after ${passed}`)
          for (const claim of (await readBook(kube)).claims) await freeClaim(kube, claim)
          await removeGate(kube, gate)
        },
      })
      t.equal(runs, 4, 'closing, list, the end')
    }
  },
)

t.test('the life of a block, pass by pass', async t => {
  const { kube } = await startCluster(t)
  const numbered = makeNumbered(1)
  t.strictSame(await pass(kube, numbered), ['open: changed'])
  t.strictSame(await pass(kube, numbered), ['noteUnused: changed'])
  const claim = await makeClaim(kube, toRequest(numbered), WHEN)
  t.strictSame(await pass(kube, numbered), ['noteUsed: changed'])
  t.strictSame(await pass(kube, numbered), [], 'nothing while it is in use')
  await freeClaim(kube, claim)
  t.strictSame(await pass(kube, numbered), ['noteUnused: changed'])
  t.strictSame(await pass(kube, numbered), ['close: closed'])
  t.equal(await claimAddress(kube, toRequest(numbered), WHEN), 'closed')
  t.strictSame(await pass(kube, numbered), ['giveBack: closed'])
  t.strictSame(await pass(kube, numbered, false), ['remove: changed'])
  t.strictSame(await readBook(kube), {
    claims: [],
    gates: [],
    unreadable: [],
    now: (await readBook(kube)).now,
  })
})
