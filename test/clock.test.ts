import t, { type Test } from 'tap'
import { systemClock, toSteadyNow } from '../shared/clock.ts'

const HOUR_MS = 3_600_000
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

t.test('its time never goes back', async t => {
  let [wall, steady] = [HOUR_MS, 0]
  const now = toSteadyNow(
    () => wall,
    () => steady,
  )
  const pass = (ms: number, set = 0): number => {
    wall += ms + set
    steady += ms
    return now()
  }
  t.equal(now(), HOUR_MS)
  t.equal(pass(5000), HOUR_MS + 5000)
  t.equal(pass(1000, -HOUR_MS), HOUR_MS + 6000, 'set back: it goes on, with the second that passed')
  t.equal(pass(1000), HOUR_MS + 7000)
  t.equal(pass(0, -5000), HOUR_MS + 7000, 'and once more')
  t.equal(pass(2000, 2 * HOUR_MS), 3 * HOUR_MS + 9000, 'set forward: it follows')
  t.equal(pass(1000, -200), 3 * HOUR_MS + 9800, 'drift is followed')
  t.equal(pass(0, -100), 3 * HOUR_MS + 9800, 'but never back')
  wall += HOUR_MS
  t.equal(now(), 4 * HOUR_MS + 9700, 'nothing steady ticks while the machine sleeps')
})

t.test('the machine’s clock tells the time of day', async t => {
  t.ok(Math.abs(systemClock.now() - Date.now()) < 2000)
})
