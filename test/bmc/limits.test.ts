import t from 'tap'
import { abortable, anySignal, pause } from '../../shared/bmc/limits.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

t.test('the first of several signals counts', async t => {
  const one = new AbortController()
  const signal = anySignal(undefined, one.signal, new AbortController().signal)
  t.notOk(signal.aborted)
  one.abort()
  t.ok(signal.aborted)
  t.notOk(anySignal(undefined).aborted)
})

t.test('waiting ends with the result, or with the signal', async t => {
  const { signal } = new AbortController()
  t.equal(await abortable(Promise.resolve(1), signal), 1)
  await t.rejects(abortable(Promise.reject(new Error('broken')), signal), { message: 'broken' })
  const caller = new AbortController()
  const waiting = abortable(new Promise(() => undefined), caller.signal)
  caller.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
  await t.rejects(abortable(Promise.resolve(1), caller.signal), { message: 'enough' })
})

t.test('a pause of nothing needs no clock, and none is made for the gone', async t => {
  const clock = createTurnableClock()
  await pause(clock, 0, new AbortController().signal)
  await t.rejects(pause(clock, 0, AbortSignal.abort(new Error('gone'))), { message: 'gone' })
  let done = false
  const paused = pause(clock, 100, new AbortController().signal).then(() => {
    done = true
    return undefined
  })
  await clock.turn(99)
  t.notOk(done)
  await clock.turn(1)
  await paused
})
