import t from 'tap'
import { runRefreshes, runSchedule } from '../../functions/schedule.ts'
import type { WorkCall } from '../../shared/controllers/contract.ts'
import type { LogFields } from '../../shared/log.ts'
import { silentLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

/** A schedule whose passes take as long as given, one after another. */
function start(tookMs: number[], intervalMs = 60_000) {
  const clock = createTurnableClock(0)
  const [stop, abort] = [new AbortController(), new AbortController()]
  const starts: number[] = []
  const calls: WorkCall[] = []
  const warnings: LogFields[] = []
  const ended = runSchedule({
    async resync(call) {
      starts.push(clock.now())
      calls.push(call)
      await clock.sleep(tookMs.shift() ?? 0, call.signal).catch(() => {})
      return { state: 'complete' }
    },
    intervalMs,
    clock,
    log: { ...silentLog, warn: fields => void warnings.push(fields) },
    stop: stop.signal,
    abort: abort.signal,
  })
  return { clock, stop, abort, starts, calls, warnings, ended }
}

t.test('the first pass is at once, the next an interval after the last began', async t => {
  const { clock, starts, calls, warnings, stop, ended } = start([1000, 0, 50_000])
  await clock.turn(185_000)
  t.strictSame(starts, [0, 60_000, 120_000, 180_000])
  t.strictSame(warnings, [])
  t.equal(calls[0]?.deadline, 60_000)
  stop.abort('end')
  await ended
})

t.test('an overrun is told, and never makes two passes overlap', async t => {
  const { clock, starts, warnings, stop, ended } = start([150_000])
  await clock.turn(149_999)
  t.strictSame(starts, [0])
  await clock.turn(6001)
  t.strictSame(starts, [0, 156_000], 'with a breath between them')
  t.strictSame(warnings, [{ durationMs: 150_000, intervalMs: 60_000 }])
  stop.abort('end')
  await ended
})

for (const [intervalMs, limitMs] of [
  [5000, 60_000],
  [120_000, 120_000],
  [3_600_000, 300_000],
] as const)
  t.test(`a pass every ${intervalMs} ms has ${limitMs} ms`, async t => {
    const { clock, calls, stop, ended } = start([], intervalMs)
    await clock.turn(0)
    t.equal(calls[0]?.deadline, limitMs)
    stop.abort('end')
    await ended
  })

t.test('stopping lets a pass finish, aborting ends it', async t => {
  const { clock, starts, calls, stop, abort, ended } = start([50_000])
  await clock.turn(10_000)
  stop.abort('end')
  await clock.turn(10_000)
  t.equal(calls[0]?.signal?.aborted, false)
  abort.abort('end')
  await ended
  t.strictSame(starts, [0])
})

t.test('what cannot be refreshed keeps the others going', async t => {
  const clock = createTurnableClock(0)
  const stop = new AbortController()
  const seen: string[] = []
  const refreshes = [() => Promise.reject(new Error('no such file')), async () => void seen.push('read')]
  const log = { ...silentLog, warn: () => void seen.push('warned') }
  const ended = runRefreshes({ refreshes, clock, log, stop: stop.signal })
  await clock.turn(60_000)
  t.strictSame(seen, ['warned', 'read', 'warned', 'read'])
  stop.abort('end')
  await ended
})
