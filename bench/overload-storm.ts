import { createPool, type Pool } from './overload-connection.ts'
import { HEALTH, TIMEOUT_MS, toBatches, toReviews } from './overload-requests.ts'

/** What a storm is like; rates are arrivals a second, whatever became of those before. */
export interface Storm {
  readonly port: number
  readonly seconds: number
  readonly reviewsPerSecond: number
  readonly batchesPerSecond: number
}

/** What became of it; times in milliseconds from the arrival on, as the caller sees them. */
export interface StormOutcome {
  readonly reviews: number
  /** Answered in time with a patch. */
  readonly patched: number
  /** Answered in time without one. */
  readonly untouched: number
  readonly reviewTimes: readonly number[]
  readonly batches: number
  readonly taken: number
  /** Answers with 429; each is delivered again as the answer says. */
  readonly refused: number
  readonly healthTimes: readonly number[]
  /** Health calls without an answer within a second, which is what a kubelet waits by default. */
  readonly healthMissed: number
}

const REVIEW_CONNECTIONS = 160
const BATCH_CONNECTIONS = 95
const BATCH_TIMEOUT_MS = 30_000
const HEALTH_TIMEOUT_MS = 1000
const HEALTH_EVERY_MS = 100
const TICK_MS = 5

const [REVIEWS, BATCHES] = [toReviews(), toBatches()]

/** Requests a second that the server answers when nothing else asks for anything. */
export async function measureCapacity(
  port: number,
  what: 'reviews' | 'batches',
  ms: number,
): Promise<number> {
  const requests = what === 'reviews' ? REVIEWS : BATCHES
  const size = what === 'reviews' ? 16 : 2
  const pool = createPool(port, size)
  const end = performance.now() + ms
  let count = 0
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const answer = await pool.call(requests[count++ % requests.length] as Buffer, BATCH_TIMEOUT_MS)
      if (answer?.status !== 200) throw new Error(`no capacity: ${answer?.text ?? 'no answer'}`)
    }
  }
  await Promise.all(Array.from({ length: size }, one))
  pool.close()
  return (count * 1000) / ms
}

/** Calls `arrive` so many times a second. */
async function pour(perSecond: number, until: number, arrive: () => void): Promise<void> {
  const start = performance.now()
  let arrived = 0
  while (performance.now() < until) {
    const due = ((performance.now() - start) * perSecond) / 1000
    for (; arrived < due; arrived += 1) arrive()
    await sleep(TICK_MS)
  }
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** A storm, to its end: calls that are under way are waited for. */
export async function runStorm({ port, seconds, ...rates }: Storm): Promise<StormOutcome> {
  const until = performance.now() + seconds * 1000
  const pools = [REVIEW_CONNECTIONS, BATCH_CONNECTIONS, 1].map(size => createPool(port, size))
  const [reviewPool, batchPool, healthPool] = pools as [Pool, Pool, Pool]
  const [reviewTimes, healthTimes] = [[] as number[], [] as number[]]
  const counts = { reviews: 0, patched: 0, untouched: 0, batches: 0, taken: 0, refused: 0, healthMissed: 0 }
  const calls = new Set<Promise<void>>()
  const start = (call: Promise<void>): void => {
    calls.add(call)
    void call.finally(() => calls.delete(call))
  }

  async function review(): Promise<void> {
    const request = REVIEWS[counts.reviews++ % REVIEWS.length] as Buffer
    const startedAt = performance.now()
    // Without a connection the API server would open one more: a server that cannot answer these answers that as late.
    const answer = reviewPool.isFree() ? await reviewPool.call(request, TIMEOUT_MS) : undefined
    reviewTimes.push(answer ? performance.now() - startedAt : TIMEOUT_MS)
    if (answer?.text.includes('"patch":"')) counts.patched += 1
    else if (answer?.status === 200) counts.untouched += 1
  }

  async function batch(request: Buffer): Promise<void> {
    if (!batchPool.isFree()) return
    const answer = await batchPool.call(request, BATCH_TIMEOUT_MS)
    if (answer?.status === 200) counts.taken += 1
    if (answer?.status !== 429) return
    counts.refused += 1
    const againMs = Number(/^retry-after: (\d+)/im.exec(answer.text)?.[1]) * 1000
    if (performance.now() + againMs >= until) return
    await sleep(againMs)
    await batch(request)
  }

  async function health(): Promise<void> {
    const startedAt = performance.now()
    if (await healthPool.call(HEALTH, HEALTH_TIMEOUT_MS)) healthTimes.push(performance.now() - startedAt)
    else counts.healthMissed += 1
  }

  await Promise.all([
    pour(rates.reviewsPerSecond, until, () => start(review())),
    pour(rates.batchesPerSecond, until, () =>
      start(batch(BATCHES[counts.batches++ % BATCHES.length] as Buffer)),
    ),
    pour(1000 / HEALTH_EVERY_MS, until, () => healthPool.isFree() && start(health())),
  ])
  while (calls.size > 0) await Promise.race(calls)
  for (const pool of pools) pool.close()
  return { ...counts, reviewTimes, healthTimes }
}

/** Milliseconds until five reviews in a row are answered with a patch within the limit; at most a minute. */
export async function measureRecovery(port: number, limitMs: number): Promise<number> {
  const pool = createPool(port, 1)
  const start = performance.now()
  let [good, goodSince] = [0, start]
  while (good < 5 && performance.now() - start < 60_000) {
    const at = performance.now()
    const answer = await pool.call(REVIEWS[0] as Buffer, TIMEOUT_MS)
    const isGood = answer?.text.includes('"patch":"') === true && performance.now() - at <= limitMs
    if (isGood && good === 0) goodSince = at
    good = isGood ? good + 1 : 0
    await sleep(10)
  }
  pool.close()
  return goodSince - start
}
