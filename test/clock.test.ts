import t, { type Test } from 'tap'
import { systemClock } from '../shared/clock.ts'

const LONGEST_TIMER_MS = 2_147_483_647

/** The first timers ring at once, later ones never; how long each was set for. */
function ringAtOnce(t: Test, count = 3): number[] {
  const delays: number[] = []
  t.intercept(globalThis, 'setTimeout', {
    configurable: true,
    value: (ring: () => void, ms: number) => {
      delays.push(ms)
      if (delays.length <= count) setImmediate(ring)
    },
  })
  return delays
}

for (const [ms, delays] of [
  [0, [0]],
  [1500, [1500]],
  [LONGEST_TIMER_MS, [LONGEST_TIMER_MS]],
  [LONGEST_TIMER_MS * 2 + 5, [LONGEST_TIMER_MS, LONGEST_TIMER_MS, 5]],
] as const)
  t.test(`a wait of ${ms} ms is no longer and no shorter`, async t => {
    const set = ringAtOnce(t)
    await systemClock.sleep(ms)
    t.strictSame(set, delays)
  })

t.test('a wait ends with its signal, also in its second half', async t => {
  const set = ringAtOnce(t, 1)
  const stop = new AbortController()
  const ended = systemClock.sleep(LONGEST_TIMER_MS + 5, stop.signal)
  for (let turns = 0; turns < 3; turns++) await new Promise(resolve => setImmediate(resolve))
  t.equal(set.length, 2)
  stop.abort(new Error('the end'))
  await t.rejects(ended, { message: 'the end' })
  await t.rejects(systemClock.sleep(5, stop.signal), { message: 'the end' })
})
