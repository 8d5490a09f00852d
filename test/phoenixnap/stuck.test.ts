import fetch, { Response } from 'node-fetch'
import t from 'tap'
import type { Fetch } from '../../shared/bmc/client.ts'
import { BLOCK_PATIENCE_MS } from '../../shared/cloud-provider/load-balancer.ts'
import { planSupply } from '../../shared/phoenixnap/supply-plan.ts'
import { block, creating, LONG_MS, supply, unassigned } from './_plan.ts'
import { ASSIGN, createStage, type Handler, need, POST_BLOCK, type Stage, seen } from './_stage.ts'

t.setTimeout(120_000)

const MINUTE = 60_000
/** Patience ends within the fourth. */
const INTERVAL_MS = 4 * MINUTE
const PATIENT_LOOKS = Math.ceil(BLOCK_PATIENCE_MS / INTERVAL_MS)

/** BMC answers so when it is to assign the block. */
const refusing =
  (id: string, status: number): Fetch =>
  async (url, options) => {
    const { method, body } = options ?? {}
    const isAsked = method === 'POST' && typeof body === 'string' && body.includes(`"${id}"`)
    return isAsked ? new Response(JSON.stringify({ message: 'cannot' }), { status }) : fetch(url, options)
  }

/** How many have been bought after each look. */
async function lookOften(stage: Stage, handler: Handler, looks: number): Promise<readonly number[]> {
  const bought: number[] = []
  for (let look = 0; look < looks; look++) {
    await handler.look(1)
    bought.push(stage.bmc.requests.count(POST_BLOCK))
    await stage.clock.turn(INTERVAL_MS)
  }
  return bought
}

/** One more when patience has ended. */
const oneMore = (looks: number, first: number): readonly number[] =>
  Array.from({ length: looks }, (_, look) => (look >= PATIENT_LOOKS ? first + 1 : first))

for (const status of [400, 403, 500])
  t.test(`another block is bought for one whose assignment is answered with ${status} for long`, async t => {
    const stage = await createStage(t)
    const { id } = stage.addBlock({ status: 'unassigned', createdOn: '1970-01-01T00:00:00Z' })
    const handler = stage.handler({ fetch: refusing(id, status) })
    t.strictSame(await lookOften(stage, handler, 7), oneMore(7, 0))
    t.strictSame(seen(stage), ['/29 unassigned', '/28 assigned'])
  })

t.test('one that was bought is given up so long after its purchase', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: ASSIGN, status: 400 })
  const bought = await lookOften(stage, stage.handler(), 3 * PATIENT_LOOKS)
  t.strictSame(bought, oneMore(bought.length, 1), 'of two the next one is not going to be better')
})

t.test('a network in another operation gives up no block', async t => {
  const stage = await createStage(t)
  const { id } = stage.addBlock({ status: 'unassigned' })
  const handler = stage.handler({ fetch: refusing(id, 409) })
  t.strictSame(new Set(await lookOften(stage, handler, 7)), new Set([0]))
})

/** Remembered for long. */
function addStuck(stage: Stage, id: string): void {
  stage.addBlock({ id, status: 'unassigned', createdOn: '1970-01-01T00:00:00Z' })
  stage.record.bought = [...stage.record.bought, { id, since: stage.clock.now() - LONG_MS }]
}

t.test('after a long outage the block is assigned, and none is bought', async t => {
  const stage = await createStage(t)
  addStuck(stage, 'one')
  await stage.handler().drive(1)
  t.strictSame(seen(stage), ['/29 assigned'])
})

for (const [status, state] of [
  [400, 'refused'],
  [500, 'waiting'],
] as const)
  t.test(`behind one that is refused with ${status} the next one has its turn at once`, async t => {
    const stage = await createStage(t)
    for (const id of ['one', 'two']) addStuck(stage, id)
    const handler = stage.handler({ fetch: refusing('one', status) })
    const { did, state: ended } = await handler.ensure({ needs: [need(1)] })
    t.strictSame([ended, did.map(({ do: what, blockId }) => [what, blockId])], [state, [['assign', 'two']]])
  })

t.test('whoever waits is told what BMC refuses, and that another one is on its way', async t => {
  const stage = await createStage(t)
  addStuck(stage, 'one')
  const handler = stage.handler({ fetch: refusing('one', 400) })
  t.match(await handler.ensure({ needs: [need(1)] }), {
    state: 'refused',
    code: 'CCM_BLOCK_FAILED',
    message: /^assign block one: .*cannot$/,
    alsoWaiting: true,
    did: [{ do: 'buy' }],
  })
})

t.test('one that is stuck comes last', async t => {
  const given = supply([block('b', { ...unassigned, stuck: true }), block('c', creating)])
  const { steps, waits } = planSupply(given, { needs: [need(1)], inUse: [] })
  t.strictSame([steps, waits], [[], ['block c is creating']])
})
