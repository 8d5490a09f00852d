import t from 'tap'
import { createQueue, type Queue, type QueueOptions } from '../../functions/queue.ts'
import type { ReconcileKey, ReconcileOutcome } from '../../shared/controllers/contract.ts'
import { silentLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { currentOrigin, inTrace } from '../../shared/trace.ts'

interface Run {
  readonly name: string | undefined
  readonly ids: readonly string[] | undefined
  readonly end: (result: ReconcileOutcome['result'], retryAfterMs?: number) => void
}

/** A queue whose work is ended by hand, and that is asked whose work it was. */
function createBench(options: Partial<QueueOptions> = {}) {
  const clock = createTurnableClock(0)
  const runs: Run[] = []
  const reconcile = ([key]: readonly ReconcileKey[]): Promise<readonly ReconcileOutcome[]> =>
    new Promise(resolve => {
      if (!key) throw new Error('no key')
      const end: Run['end'] = (result, retryAfterMs) => resolve([{ key, result, retryAfterMs, why: '' }])
      runs.push({ name: key.name, ids: currentOrigin()?.ids, end })
    })
  const queue = createQueue({ reconcile, clock, log: silentLog, random: () => 1, ...options })
  return { queue, clock, runs }
}

const node = (name: string): ReconcileKey => ({ kind: 'Node', name })

const ringAs = (queue: Queue, id: string, key: ReconcileKey): Promise<void> =>
  inTrace({ ids: [id] }, () => queue.invoke([key]))
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

t.test('a run names the work that rang it, whichever work had the queue turn', async t => {
  const { queue, runs } = createBench({ workers: () => 1 })
  await ringAs(queue, 'review-a', node('a'))
  await ringAs(queue, 'review-b', node('b'))
  await ringAs(queue, 'audit-b', node('b'))
  runs[0]?.end('changed')
  await settled()
  t.strictSame(
    runs.map(({ name, ids }) => [name, ids]),
    [
      ['a', ['review-a']],
      ['b', ['review-b', 'audit-b']],
    ],
  )
})

t.test('a key that is rung while it is worked on runs again for the later ring', async t => {
  const { queue, runs } = createBench()
  await ringAs(queue, 'first', node('a'))
  await ringAs(queue, 'second', node('a'))
  runs[0]?.end('changed')
  await settled()
  await ringAs(queue, 'third', node('a'))
  runs[1]?.end('retry')
  await settled()
  t.strictSame(
    runs.map(({ ids }) => ids),
    [['first'], ['second'], ['second', 'third']],
  )
})

t.test('a key that waits for the cloud keeps its ids, and takes more', async t => {
  const { queue, runs, clock } = createBench()
  await ringAs(queue, 'review', node('a'))
  runs[0]?.end('waiting', 5000)
  await settled()
  await clock.turn(5000)
  runs[1]?.end('waiting', 5000)
  await settled()
  await ringAs(queue, 'audit', node('a'))
  await settled()
  t.strictSame(
    runs.map(({ ids }) => ids),
    [['review'], ['review'], ['review', 'audit']],
  )
})

t.test('a key that nobody named has an id all the same', async t => {
  const { queue, runs } = createBench()
  await queue.invoke([node('a')])
  t.match(runs[0]?.ids, [/^[\w-]{36}$/])
})
