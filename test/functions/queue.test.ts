import t from 'tap'
import { createQueue, type Queue, type QueueOptions } from '../../functions/queue.ts'
import type { ReconcileKey, ReconcileOutcome, WorkCall } from '../../shared/controllers/contract.ts'
import { silentLog } from '../../shared/log.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'

interface Run {
  readonly name: string | undefined
  readonly at: number
  readonly call: WorkCall
  readonly end: (result: ReconcileOutcome['result'], retryAfterMs?: number) => void
}

interface Bench {
  readonly queue: Queue
  readonly clock: TurnableClock
  readonly runs: Run[]
}

/** A queue whose work is ended by hand. */
function createBench(options: Partial<QueueOptions> = {}): Bench {
  const clock = createTurnableClock(0)
  const runs: Run[] = []
  const reconcile = ([key]: readonly ReconcileKey[], call: WorkCall): Promise<readonly ReconcileOutcome[]> =>
    new Promise(resolve => {
      if (!key) throw new Error('no key')
      const end: Run['end'] = (result, retryAfterMs) => resolve([{ key, result, retryAfterMs, why: '' }])
      runs.push({ name: key.name, at: clock.now(), call, end })
    })
  return {
    queue: createQueue({ reconcile, clock, log: silentLog, random: () => 1, ...options }),
    clock,
    runs,
  }
}

const node = (name?: string): ReconcileKey => (name === undefined ? { kind: 'Node' } : { kind: 'Node', name })
const names = (runs: readonly Run[]): unknown[] => runs.map(run => run.name)

t.test('each key is worked on once, a whole kind beside its names', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([node('a'), node('b'), node('a'), node()])
  t.strictSame(names(runs), ['a', 'b', undefined])
  for (const run of runs) run.end('changed')
  await clock.turn(0)
  t.equal(queue.size(), 0)
})

t.test('rings during the work make one more run, after it', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([node('a')])
  for (let i = 0; i < 3; i += 1) await queue.invoke([node('a')])
  t.equal(runs.length, 1, 'one worker a key')
  runs[0]?.end('changed')
  await clock.turn(0)
  t.equal(runs.length, 2)
  runs[1]?.end('unchanged')
  await clock.turn(0)
  t.equal(runs.length, 2)
  t.equal(queue.size(), 0)
})

t.test('no more workers than allowed', async t => {
  const { queue, runs, clock } = createBench({ workers: () => 2 })
  await queue.invoke(['a', 'b', 'c', 'd'].map(node))
  t.strictSame(names(runs), ['a', 'b'])
  runs[1]?.end('gone')
  await clock.turn(0)
  t.strictSame(names(runs), ['a', 'b', 'c'])
})

t.test('a key to be tried again waits longer each time, then is left to resync', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([node('a')])
  const waits: number[] = []
  for (let i = 0; i < 6; i += 1) {
    const before = clock.now()
    runs[i]?.end('retry')
    await clock.turn(60_000)
    waits.push((runs[i + 1]?.at ?? Number.NaN) - before)
  }
  t.strictSame(waits, [1000, 2000, 4000, 8000, 16_000, 32_000])
  t.equal(queue.size(), 1)
  runs[6]?.end('retry')
  await clock.turn(600_000)
  t.equal(runs.length, 7)
  t.equal(queue.size(), 0)
})

t.test('jitter halves a wait at the most', async t => {
  const { queue, runs, clock } = createBench({ random: () => 0 })
  await queue.invoke([node('a')])
  runs[0]?.end('retry')
  await clock.turn(499)
  t.equal(runs.length, 1)
  await clock.turn(1)
  t.equal(runs.length, 2)
})

t.test('a ring ends the wait, and success forgets the failures', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([node('a')])
  for (const index of [0, 1, 2]) {
    runs[index]?.end('retry')
    await clock.turn(0)
    await queue.invoke([node('a')])
    await clock.turn(0)
    t.equal(runs.length, index + 2, 'at once')
  }
  runs[3]?.end('changed')
  await clock.turn(100_000)
  t.equal(runs.length, 4, 'the ended waits ring nobody')
  await queue.invoke([node('a')])
  const before = clock.now()
  runs[4]?.end('retry')
  await clock.turn(10_000)
  t.equal((runs[5]?.at ?? 0) - before, 1000)
})

t.test('success forgets the failures of a key that was rung meanwhile', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([node('a')])
  runs[0]?.end('retry')
  await clock.turn(1000)
  await queue.invoke([node('a')])
  runs[1]?.end('changed')
  await clock.turn(0)
  const before = clock.now()
  runs[2]?.end('retry')
  await clock.turn(10_000)
  t.equal((runs[3]?.at ?? 0) - before, 1000)
})

t.test('a full queue refuses new keys, not known ones', async t => {
  const { queue, runs } = createBench({ maxKeys: 2 })
  await queue.invoke([node('a'), node('b')])
  await t.rejects(queue.invoke([node('a'), node('c')]), { code: 'INVOKE_FAILED' })
  await queue.invoke([node('a'), node('b')])
  t.strictSame(names(runs), ['a', 'b'])
})

t.test('work has a deadline', async t => {
  const { queue, runs } = createBench()
  await queue.invoke([node('a')])
  t.equal(runs[0]?.call.deadline, 30_000)
})

t.test('draining an idle queue ends at once', async t => {
  const { queue } = createBench()
  await queue.drain(20_000)
  await t.rejects(queue.invoke([node('a')]), { code: 'INVOKE_FAILED' })
})

t.test('draining finishes what is ready and drops what waits', async t => {
  const { queue, runs, clock } = createBench({ workers: () => 1 })
  await queue.invoke([node('waits')])
  runs[0]?.end('retry')
  await clock.turn(0)
  await queue.invoke([node('a'), node('b')])
  const drained = queue.drain(20_000)
  runs[1]?.end('changed')
  await clock.turn(0)
  runs[2]?.end('retry')
  await drained
  t.strictSame(names(runs), ['waits', 'a', 'b'])
  t.equal(clock.now(), 0, 'no waiting for the grace time')
  t.equal(queue.size(), 0)
})

t.test('the grace time ends the work that is left', async t => {
  const { queue, runs, clock } = createBench({ workers: () => 1 })
  await queue.invoke([node('a'), node('b')])
  let ended = false
  const drained = queue.drain(20_000).finally(() => {
    ended = true
  })
  await clock.turn(19_999)
  t.equal(runs[0]?.call.signal?.aborted, false)
  await clock.turn(1)
  t.equal(runs[0]?.call.signal?.aborted, true)
  t.equal(ended, false, 'work that heeds its signal has the last word')
  runs[0]?.end('retry')
  await drained
  t.equal(runs.length, 1, 'nothing new begins')
})

const service = (name: string): ReconcileKey => ({ kind: 'Service', namespace: 'shop', name })

t.test('Services of one name in two namespaces are two keys, a node of that name a third', async t => {
  const { queue, runs } = createBench()
  const key = { kind: 'Service', namespace: 'b', name: 'a' } as const
  await queue.invoke([service('a'), key, node('a'), service('a'), { kind: 'Service' }])
  t.strictSame(names(runs), ['a', 'a', 'a', undefined])
  t.equal(queue.size(), 4)
})

t.test('a Service that waits for the cloud is looked at again, and holds no worker', async t => {
  const { queue, runs, clock } = createBench({ workers: () => 1 })
  await queue.invoke([service('a'), service('b')])
  runs[0]?.end('waiting', 4000)
  await clock.turn(0)
  t.strictSame(names(runs), ['a', 'b'])
  runs[1]?.end('changed')
  await clock.turn(3999)
  t.equal(runs.length, 2)
  await clock.turn(1)
  t.strictSame(names(runs), ['a', 'b', 'a'])
  runs[2]?.end('changed')
  await clock.turn(60_000)
  t.equal(runs.length, 3)
  t.equal(queue.size(), 0)
})

t.test('waiting is no failure: it never delays what comes after it', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([service('a')])
  for (let i = 0; i < 20; i += 1) {
    runs[i]?.end('waiting', 2000)
    await clock.turn(2000)
  }
  t.equal(runs.length, 21)
  runs[20]?.end('retry')
  await clock.turn(1000)
  t.equal(runs.length, 22, 'the first failure waits as long as any first one')
})

t.test('a Service that waits for half an hour is left to resync', async t => {
  const lines: unknown[] = []
  const log = { ...silentLog, warn: (fields: unknown, msg: unknown) => void lines.push([fields, msg]) }
  const { queue, runs, clock } = createBench({ log })
  await queue.invoke([service('a')])
  const looks = await lookUntilLeft({ queue, runs, clock })
  t.equal(looks, 31, 'at once, and each minute of thirty')
  t.match(lines, [[{ service: 'shop/a', why: /too long/ }, 'key left to resync']])
  await queue.invoke([service('a')])
  await clock.turn(0)
  t.equal(runs.length, 32, 'and worked on when it is rung again')
})

/** Answers that the cloud needs another minute until nobody asks any more. */
async function lookUntilLeft({ queue, runs, clock }: Bench): Promise<number> {
  let looks = 0
  while (queue.size() > 0) {
    runs.at(-1)?.end('waiting', 60_000)
    looks += 1
    await clock.turn(60_000)
  }
  return looks
}

t.test('a ring looks at once, and gives the cloud its time anew', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([service('a')])
  runs[0]?.end('waiting', 25 * 60_000)
  await clock.turn(20 * 60_000)
  await queue.invoke([service('a')])
  await clock.turn(0)
  t.equal(runs.length, 2)
  runs[1]?.end('waiting', 25 * 60_000)
  await clock.turn(25 * 60_000)
  t.equal(runs.length, 3)
})

t.test('failures in between do not make the wait for the cloud endless', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([service('a')])
  for (let i = 0; queue.size() > 0 && i < 1000; i += 1) {
    runs.at(-1)?.end(i % 2 === 0 ? 'waiting' : 'retry', 60_000)
    await clock.turn(60_000)
  }
  t.equal(queue.size(), 0)
  t.ok(clock.now() <= 31 * 60_000, `left after ${clock.now()} ms`)
})

t.test('a node never waits for Services, neither for a worker nor for room', async t => {
  const { queue, runs } = createBench({ workers: () => 2, maxKeys: 3 })
  const services = ['a', 'b', 'c'].map(service)
  await queue.invoke(services)
  await queue.invoke([node('n')])
  t.strictSame(names(runs), ['a', 'b', 'n'])
  await t.rejects(queue.invoke([node('m'), service('d')]), { code: 'INVOKE_FAILED' })
  t.strictSame(names(runs), ['a', 'b', 'n', 'm'], 'taken over although the Service was refused')
})

t.test('draining drops what waits for the cloud', async t => {
  const { queue, runs, clock } = createBench()
  await queue.invoke([service('a'), node('n')])
  runs[0]?.end('waiting', 60_000)
  await clock.turn(0)
  const drained = queue.drain(20_000)
  runs[1]?.end('changed')
  await drained
  t.equal(queue.size(), 0)
  t.equal(clock.now(), 0)
})
