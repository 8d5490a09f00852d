import t from 'tap'
import { startLimit } from '../shared/limit.ts'
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
