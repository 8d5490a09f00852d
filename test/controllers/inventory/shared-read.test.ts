import t from 'tap'
import { createSharedRead } from '../../../shared/controllers/inventory/shared-read.ts'
import { CcmError } from '../../../shared/errors.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'

const KEEP_MS = 1000
const DOWN = new CcmError('BMC_SERVER_ERROR', 'down')

/** A read whose answers come when the test says so; one that is aborted fails as a request does. */
function setUp(keepFailures = true) {
  const clock = createTurnableClock()
  const begun: { resolve: (text: string) => void; reject: (error: Error) => void; signal: AbortSignal }[] = []
  const start = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      begun.push({ resolve, reject, signal })
      signal.addEventListener('abort', () => reject(new CcmError('BMC_TIMEOUT', 'aborted')))
    })
  return { clock, begun, read: createSharedRead({ clock, keepMs: KEEP_MS, keepFailures, start }) }
}

/** A caller that leaves at once. */
const leave = (read: (signal?: AbortSignal) => Promise<unknown>): Promise<unknown> =>
  read(AbortSignal.abort())

t.test('nothing is read before somebody asks', async t => {
  t.equal(setUp().begun.length, 0)
})

t.test('who asks while it runs, and for a while after it was begun, gets the same', async t => {
  const { clock, begun, read } = setUp()
  const startedAt = clock.now()
  const early = [read(), read(), read()]
  await clock.turn(KEEP_MS - 1)
  begun[0]?.resolve('one')
  for (const answer of [...early, read()]) t.strictSame(await answer, { value: 'one', startedAt })
  t.equal(begun.length, 1)
  await clock.turn(1)
  const late = read()
  begun[1]?.resolve('two')
  t.strictSame(
    await late,
    { value: 'two', startedAt: startedAt + KEEP_MS },
    'the time counts from its beginning',
  )
})

for (const keepFailures of [true, false]) {
  t.test(`a failure is told to all who wait, and is ${keepFailures ? '' : 'not '}kept`, async t => {
    const { clock, begun, read } = setUp(keepFailures)
    const both = [read(), read()]
    begun[0]?.reject(DOWN)
    for (const one of both) await t.rejects(one, { code: 'BMC_SERVER_ERROR' })
    const next = read()
    t.equal(begun.length, keepFailures ? 1 : 2)
    if (keepFailures) await t.rejects(next, { code: 'BMC_SERVER_ERROR' })
    await clock.turn(KEEP_MS)
    const late = keepFailures ? read() : next
    begun[1]?.resolve('two')
    t.equal((await late).value, 'two')
  })

  t.test(`an abandoned read is ${keepFailures ? '' : 'not '}kept`, async t => {
    const { clock, begun, read } = setUp(keepFailures)
    await t.rejects(leave(read), { code: 'CCM_DEADLINE' })
    t.ok(begun[0]?.signal.aborted)
    const next = read()
    t.equal(begun.length, keepFailures ? 1 : 2)
    if (keepFailures) await t.rejects(next, { code: 'BMC_TIMEOUT' })
    await clock.turn(KEEP_MS)
    const late = keepFailures ? read() : next
    begun[1]?.resolve('two')
    t.equal((await late).value, 'two')
  })
}

t.test('an abandoned read that takes its time to end is not given to the next one', async t => {
  const answers: ((text: string) => void)[] = []
  const start = (): Promise<string> => new Promise(resolve => answers.push(resolve))
  const read = createSharedRead({ clock: createTurnableClock(), keepMs: KEEP_MS, keepFailures: false, start })
  await t.rejects(leave(read), { code: 'CCM_DEADLINE' })
  const next = read()
  answers[1]?.('two')
  t.equal((await next).value, 'two')
})

t.test('one’s own signal ends the waiting only, the last one to leave ends the read', async t => {
  const { begun, read } = setUp()
  const [one, other] = [new AbortController(), new AbortController()]
  const [first, last] = [read(one.signal), read(other.signal)]
  one.abort()
  await t.rejects(first, { code: 'CCM_DEADLINE' })
  t.notOk(begun[0]?.signal.aborted)
  other.abort()
  await t.rejects(last, { code: 'CCM_DEADLINE' })
  t.ok(begun[0]?.signal.aborted)
})

t.test('a read that has ended is not aborted afterwards', async t => {
  const { begun, read } = setUp()
  const answer = read()
  begun[0]?.resolve('one')
  await answer
  t.notOk(begun[0]?.signal.aborted)
  t.equal((await read(AbortSignal.abort())).value, 'one', 'what is there is given out to all')
  t.notOk(begun[0]?.signal.aborted)
})

t.test('who leaves an old read leaves the new one to its callers', async t => {
  const { clock, begun, read } = setUp(false)
  const abort = new AbortController()
  const old = read(abort.signal)
  await clock.turn(KEEP_MS)
  const fresh = read()
  abort.abort()
  await t.rejects(old, { code: 'CCM_DEADLINE' })
  t.strictSame(
    begun.map(({ signal }) => signal.aborted),
    [true, false],
  )
  const second = read()
  t.equal(begun.length, 2, 'they share one')
  begun[1]?.resolve('two')
  for (const answer of [fresh, second]) t.equal((await answer).value, 'two')
})

t.test('a read that fails when nobody waits any more harms nobody', async t => {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  t.teardown(() => process.off('unhandledRejection', onUnhandled))
  for (const keepFailures of [true, false]) {
    const { clock, begun, read } = setUp(keepFailures)
    const refused = t.rejects(leave(read), { code: 'CCM_DEADLINE' })
    begun[0]?.reject(DOWN)
    await refused
    await clock.turn(0)
  }
  t.strictSame(unhandled, [])
})

t.test('who needs a newer one than there is begins it, for all who come after', async t => {
  const { clock, begun, read } = setUp()
  const first = read()
  begun[0]?.resolve('one')
  await first
  await clock.turn(10)
  const newer = [read(undefined, clock.now()), read()]
  begun[1]?.resolve('two')
  for (const answer of newer) t.match(await answer, { value: 'two' })
  t.equal(begun.length, 2)
})
