import { type Answer, createPool } from './overload-connection.ts'
import { HEALTH, TIMEOUT_MS, toBatches, toNodeReviews, toServiceReviews } from './overload-requests.ts'

/** What comes in a storm. */
export const KINDS = ['nodes', 'services', 'batches'] as const
export type Kind = (typeof KINDS)[number]

/** Arrivals a second, whatever became of those before. */
export type Rates = Readonly<Record<Kind, number>>

/** What became of reviews; times in milliseconds from the arrival on, as the caller sees them. */
export interface ReviewsOutcome {
  readonly came: number
  /** Answered in time with a patch. */
  readonly patched: number
  /** Answered in time without one. */
  readonly untouched: number
  readonly times: readonly number[]
}

export interface StormOutcome {
  readonly nodes: ReviewsOutcome
  readonly services: ReviewsOutcome
  readonly batches: number
  readonly taken: number
  /** Answers with 429; each batch is delivered again when the answer says. */
  readonly refused: number
  readonly healthTimes: readonly number[]
  /** Health calls without an answer within a second, which is what a kubelet waits by default. */
  readonly healthMissed: number
}

const REQUESTS: Readonly<Record<Kind, readonly Buffer[]>> = {
  nodes: toNodeReviews(),
  services: toServiceReviews(),
  batches: toBatches(),
}
/** 256 with that of health. */
const CONNECTIONS = { nodes: 96, services: 96, batches: 63 } as const
const BATCH_TIMEOUT_MS = 30_000
const HEALTH_TIMEOUT_MS = 1000
const HEALTH_EVERY_MS = 100
const TICK_MS = 5

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const pick = (kind: Kind, index: number): Buffer => REQUESTS[kind][index % REQUESTS[kind].length] as Buffer

/** Requests that the server answers in so long when nothing else asks for anything. */
export async function measureCapacity(port: number, kind: Kind, ms: number): Promise<number> {
  const size = kind === 'batches' ? 2 : 16
  const pool = createPool(port, size)
  const end = performance.now() + ms
  let count = 0
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const answer = await pool.call(pick(kind, count++), BATCH_TIMEOUT_MS)
      if (answer?.status !== 200) throw new Error(`no capacity: ${answer?.text ?? 'no answer'}`)
    }
  }
  await Promise.all(Array.from({ length: size }, one))
  pool.close()
  return count
}

/** Calls `arrive` so many times a second. */
async function pour(perSecond: number, until: number, arrive: (index: number) => void): Promise<void> {
  const start = performance.now()
  let arrived = 0
  while (performance.now() < until) {
    const due = ((performance.now() - start) * perSecond) / 1000
    for (; arrived < due; arrived += 1) arrive(arrived)
    await sleep(TICK_MS)
  }
}

/** One kind's calls; a caller without a connection would open one more, and be answered as late as the others. */
function createCallers(port: number, kind: Kind, timeoutMs: number) {
  const pool = createPool(port, CONNECTIONS[kind])
  const call = async (index: number): Promise<Answer> =>
    pool.isFree() ? pool.call(pick(kind, index), timeoutMs) : undefined
  return { call, close: () => pool.close() }
}

function createReviewers(port: number, kind: 'nodes' | 'services') {
  const callers = createCallers(port, kind, TIMEOUT_MS)
  const outcome = { came: 0, patched: 0, untouched: 0, times: [] as number[] }
  async function review(index: number): Promise<void> {
    outcome.came += 1
    const startedAt = performance.now()
    const answer = await callers.call(index)
    outcome.times.push(answer ? performance.now() - startedAt : TIMEOUT_MS)
    if (answer?.text.includes('"patch":"')) outcome.patched += 1
    else if (answer?.status === 200) outcome.untouched += 1
  }
  return { review, outcome, close: callers.close }
}

function createDeliveries(port: number, until: number) {
  const callers = createCallers(port, 'batches', BATCH_TIMEOUT_MS)
  const outcome = { batches: 0, taken: 0, refused: 0 }
  async function deliver(index: number): Promise<void> {
    const answer = await callers.call(index)
    if (answer?.status === 200) outcome.taken += 1
    if (answer?.status !== 429) return
    outcome.refused += 1
    const againMs = Number(/^retry-after: (\d+)/im.exec(answer.text)?.[1]) * 1000
    if (performance.now() + againMs >= until) return
    await sleep(againMs)
    await deliver(index)
  }
  return {
    deliver: async (index: number) => {
      outcome.batches += 1
      await deliver(index)
    },
    outcome,
    close: callers.close,
  }
}

function createProber(port: number) {
  const pool = createPool(port, 1)
  const outcome = { healthTimes: [] as number[], healthMissed: 0 }
  async function probe(): Promise<void> {
    if (!pool.isFree()) return
    const startedAt = performance.now()
    if (await pool.call(HEALTH, HEALTH_TIMEOUT_MS)) outcome.healthTimes.push(performance.now() - startedAt)
    else outcome.healthMissed += 1
  }
  return { probe, outcome, close: () => pool.close() }
}

/** A storm, to its end: calls that are under way are waited for. */
export async function runStorm(port: number, seconds: number, rates: Rates): Promise<StormOutcome> {
  const until = performance.now() + seconds * 1000
  const [nodes, services] = [createReviewers(port, 'nodes'), createReviewers(port, 'services')]
  const [deliveries, prober] = [createDeliveries(port, until), createProber(port)]
  const calls = new Set<Promise<void>>()
  const start =
    (call: (index: number) => Promise<void>) =>
    (index: number): void => {
      const called = call(index)
      calls.add(called)
      void called.finally(() => calls.delete(called))
    }
  await Promise.all([
    pour(rates.nodes, until, start(nodes.review)),
    pour(rates.services, until, start(services.review)),
    pour(rates.batches, until, start(deliveries.deliver)),
    pour(1000 / HEALTH_EVERY_MS, until, start(prober.probe)),
  ])
  while (calls.size > 0) await Promise.race(calls)
  for (const part of [nodes, services, deliveries, prober]) part.close()
  return {
    nodes: nodes.outcome,
    services: services.outcome,
    ...deliveries.outcome,
    ...prober.outcome,
  }
}

/** Milliseconds until five reviews in a row are answered with a patch within the limit; at most a minute. */
export async function measureRecovery(port: number, limitMs: number): Promise<number> {
  const pool = createPool(port, 1)
  const start = performance.now()
  let [good, goodSince] = [0, start]
  while (good < 5 && performance.now() - start < 60_000) {
    const at = performance.now()
    const answer = await pool.call(pick('nodes', 0), TIMEOUT_MS)
    const isGood = answer?.text.includes('"patch":"') === true && performance.now() - at <= limitMs
    if (isGood && good === 0) goodSince = at
    good = isGood ? good + 1 : 0
    await sleep(10)
  }
  pool.close()
  return goodSince - start
}
