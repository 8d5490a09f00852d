import t from 'tap'
import type { Clock } from '../shared/clock.ts'
import { startLimit, withinLimit } from '../shared/limit.ts'
import { createTurnableClock } from '../shared/simulator/clock.ts'

t.test('a limit is reached when its time has come, unless it was stopped', async t => {
  const clock = createTurnableClock()
  const limit = startLimit(clock, 1000)
  const stopped = startLimit(clock, 1000)
  await clock.turn(999)
  t.notOk(limit.signal.aborted)
  stopped.stop()
  await clock.turn(1)
  t.ok(limit.signal.aborted)
  t.notOk(stopped.signal.aborted)
})

t.test('no time left is reached at once; none given, or more than a timer can wait, never', async t => {
  const clock = createTurnableClock()
  t.ok(startLimit(clock, 0).signal.aborted)
  t.ok(startLimit(clock, -1).signal.aborted)
  const endless = [
    startLimit(clock, undefined),
    startLimit(clock, Number.POSITIVE_INFINITY),
    startLimit(clock, 2 ** 31),
  ]
  await clock.turn(2 ** 40)
  for (const { signal } of endless) t.notOk(signal.aborted)
})

const untilAborted = (signal: AbortSignal): Promise<string> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve('ended')))

t.test('work ends with its limit or with the signal it was given, and leaves no timer', async t => {
  const turnable = createTurnableClock()
  const timers: (AbortSignal | undefined)[] = []
  const clock: Clock = {
    now: () => turnable.now(),
    sleep(ms, signal) {
      timers.push(signal)
      return turnable.sleep(ms, signal)
    },
  }
  const given = new AbortController()
  const byLimit = withinLimit(clock, 1000, given.signal, untilAborted)
  const bySignal = withinLimit(clock, 2000, given.signal, untilAborted)
  await turnable.turn(1000)
  t.equal(await byLimit, 'ended')
  given.abort()
  t.equal(await bySignal, 'ended')
  await t.rejects(
    withinLimit(clock, 3000, undefined, () => Promise.reject(new Error('odd'))),
    { message: 'odd' },
  )
  t.equal(timers.length, 3)
  t.ok(timers.every(signal => signal?.aborted))
})
