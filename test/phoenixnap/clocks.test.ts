import fetch, { Response } from 'node-fetch'
import t from 'tap'
import type { Fetch } from '../../shared/bmc/client.ts'
import { BLOCK_PATIENCE_MS } from '../../shared/cloud-provider/load-balancer.ts'
import { createStage, type Handler, POST_BLOCK, type Stage } from './_stage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** For as long as a test lasts. */
const NEVER_MS = 24 * HOUR
const PATIENCE_MINUTES = BLOCK_PATIENCE_MS / MINUTE

/** Answers whose Date is ahead; undefined: without one. */
const lying =
  ({ clock }: Stage, aheadMs: number | undefined): Fetch =>
  async (...request) => {
    const answer = await fetch(...request)
    const headers = new Headers([...answer.headers])
    if (aheadMs === undefined) headers.delete('date')
    else headers.set('date', new Date(clock.now() + aheadMs).toUTCString())
    return new Response(await answer.text(), { status: answer.status, headers: [...headers] })
  }

/** How many have been bought after the look of each minute. `createdOn`: what the blocks say of their creation. */
async function lookFor(
  stage: Stage,
  handler: Handler,
  minutes: number,
  createdOn?: string,
): Promise<readonly number[]> {
  const bought: number[] = []
  for (let minute = 0; minute < minutes; minute++) {
    await handler.look(1)
    if (createdOn !== undefined)
      for (const { id } of stage.blocks()) stage.backend.updateIpBlock(id, { createdOn })
    bought.push(stage.bmc.requests.count(POST_BLOCK))
    await stage.clock.turn(MINUTE)
  }
  return bought
}

/** Minute by minute; one more each time that patience has ended. */
const another = (minutes: number, first: number): readonly number[] =>
  Array.from({ length: minutes }, (_, minute) => first + Math.floor(minute / (PATIENCE_MINUTES + 1)))

for (const aheadMs of [14 * MINUTE, 2 * HOUR, -2 * HOUR, undefined])
  t.test(`a block is waited for where the Date of answers is ahead by ${aheadMs} ms`, async t => {
    const stage = await createStage(t, { blockCreateMs: 12 * MINUTE })
    const bought = await lookFor(stage, stage.handler({ fetch: lying(stage, aheadMs) }), 20)
    t.strictSame(new Set(bought), new Set([1]))
    t.strictSame(
      stage.blocks().map(({ status }) => status),
      ['assigned'],
    )
  })

for (const createdOn of [undefined, '1970-01-01T00:00:00Z', 'lately', '2034-01-01T00:00:00Z'])
  t.test(`another is bought once in its time where blocks hang that say ${createdOn}`, async t => {
    const stage = await createStage(t, { blockCreateMs: NEVER_MS })
    t.strictSame(await lookFor(stage, stage.handler(), 40, createdOn), another(40, 1))
  })

for (const aheadMs of [2 * HOUR, -2 * HOUR, undefined])
  t.test(`and where the Date of answers is ahead by ${aheadMs} ms`, async t => {
    const stage = await createStage(t, { blockCreateMs: NEVER_MS })
    const handler = stage.handler({ fetch: lying(stage, aheadMs) })
    t.strictSame(await lookFor(stage, handler, 40), another(40, 1))
  })

t.test(
  'a block that nobody remembers, and that does not tell its age, is remembered from then on',
  async t => {
    const stage = await createStage(t, { blockCreateMs: NEVER_MS })
    const { id } = stage.addBlock({ status: 'creating', createdOn: 'lately' })
    t.strictSame(await lookFor(stage, stage.handler(), 30), another(30, 0))
    t.strictSame(stage.record.bought[0], { id, since: Date.UTC(2026, 0, 1) })
  },
)

for (const since of [undefined, Date.UTC(2034, 0, 1)])
  t.test(`the time of a block that was remembered with ${since} begins at the next look`, async t => {
    const stage = await createStage(t, { blockCreateMs: NEVER_MS })
    const { id } = stage.addBlock({ status: 'creating', createdOn: '1970-01-01T00:00:00Z' })
    stage.record.bought = [{ id, since }]
    t.strictSame(await lookFor(stage, stage.handler(), 30), another(30, 0))
  })

t.test('a block whose assignment fails again and again is no older than its purchase', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  const bought: number[] = []
  for (let minute = 0; minute < 30; minute++) {
    await handler.look(1)
    for (const { id } of stage.blocks())
      stage.backend.updateIpBlock(id, { status: 'error assigning', createdOn: '1970-01-01T00:00:00Z' })
    bought.push(stage.bmc.requests.count(POST_BLOCK))
    await stage.clock.turn(MINUTE)
  }
  t.strictSame(bought, another(30, 1))
})
