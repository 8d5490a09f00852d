import t from 'tap'
import { decideNext, NO_RUNS, type RunsSoFar } from '../../functions/next-run.ts'
import type { ReconcileOutcome } from '../../shared/controllers/contract.ts'

const NOW = 10_000_000
const MINUTES = 60_000

const outcome = (result: ReconcileOutcome['result'], retryAfterMs?: number): ReconcileOutcome => ({
  key: { kind: 'Service' },
  result,
  retryAfterMs,
  why: '',
})
const [done, failed] = [outcome('changed'), outcome('retry')]
const since = (lookingSince: number, attempts = 0): RunsSoFar => ({ attempts, lookingSince })

const CASES: Record<string, [past: RunsSoFar, outcomes: readonly ReconcileOutcome[], next: object]> = {
  'nothing was found': [NO_RUNS, [], NO_RUNS],
  'success forgets everything': [since(NOW - 5, 3), [done, outcome('gone')], NO_RUNS],
  'a failure': [NO_RUNS, [failed], { attempts: 1, lookingSince: undefined, delayMs: 1000 }],
  'one failure of many': [NO_RUNS, [done, failed], { attempts: 1, delayMs: 1000 }],
  'a failure beside a wait': [NO_RUNS, [outcome('waiting', 3000), failed], { attempts: 1, delayMs: 1000 }],
  'the fourth failure': [since(NOW, 3), [failed], { attempts: 4, lookingSince: NOW, delayMs: 8000 }],
  'one failure too many': [since(NOW, 6), [failed], { attempts: 7, givenUp: 'tried too often' }],
  'a wait': [since(NOW - 5, 3), [outcome('waiting', 3000)], { ...since(NOW - 5), delayMs: 3000 }],
  'a first wait': [NO_RUNS, [outcome('waiting', 3000)], { ...since(NOW), delayMs: 3000 }],
  'the shortest of many waits': [
    NO_RUNS,
    [outcome('waiting', 9000), done, outcome('waiting', 2000), outcome('waiting')],
    { ...since(NOW), delayMs: 2000 },
  ],
  'a wait of nobody knows how long': [NO_RUNS, [outcome('waiting')], { ...since(NOW), delayMs: 5000 }],
  'a wait of no time': [NO_RUNS, [outcome('waiting', 0)], { ...since(NOW), delayMs: 1000 }],
  'a wait that ends in time': [
    since(NOW - 29 * MINUTES),
    [outcome('waiting', MINUTES)],
    { ...since(NOW - 29 * MINUTES), delayMs: MINUTES },
  ],
  'a wait that is too long': [
    since(NOW - 29 * MINUTES),
    [outcome('waiting', MINUTES + 1)],
    { ...since(NOW - 29 * MINUTES), givenUp: 'the cloud has been at work on it for too long' },
  ],
}
for (const [name, [past, outcomes, next]] of Object.entries(CASES)) {
  t.test(name, async t => {
    t.strictSame(decideNext(past, outcomes, NOW, 1), { lookingSince: past.lookingSince, ...next })
  })
}

const delayWith = (random: number) => decideNext(since(NOW, 3), [failed], NOW, random).delayMs

t.test('a delay lies between half of its step and all of it', async t => {
  t.strictSame([delayWith(0), delayWith(0.5), delayWith(1)], [4000, 6000, 8000])
})
