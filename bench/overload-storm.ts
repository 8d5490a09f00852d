import { createPool, type Pool } from './overload-connection.ts'
import {
  HEALTH,
  OPENING,
  TIMEOUT_MS,
  toBatches,
  toNodeReviews,
  toServiceReviews,
} from './overload-requests.ts'

/** What comes in a storm. */
type Kind = 'nodes' | 'services' | 'batches'

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
  readonly taken: number
  /** Answers with 429; the caller comes again when the answer says. */
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
const OPENING_MS = 1500

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const pick = (kind: Kind, index: number): Buffer => REQUESTS[kind][index % REQUESTS[kind].length] as Buffer

/** Nothing but reviews for so long, on a few connections: what a server learns once is learnt. */
export async function warmUp(port: number, ms: number): Promise<void> {
  const pool = createPool(port, 8)
  const until = performance.now() + ms
  await keepBusy(until, 8, async index => {
    const answer = await pool.call(pick(index % 2 === 0 ? 'nodes' : 'services', index), BATCH_TIMEOUT_MS)
    if (answer?.status !== 200) throw new Error(`a review failed: ${answer?.text ?? 'no answer'}`)
  })
  pool.close()
}

/** So many callers that never rest: each calls as soon as it was answered. */
async function keepBusy(
  until: number,
  callers: number,
  call: (index: number) => Promise<void>,
): Promise<void> {
  let index = 0
  const one = async (): Promise<void> => {
    while (performance.now() < until) await call(index++)
  }
  await Promise.all(Array.from({ length: callers }, one))
}

const openAll = (pool: Pool, size: number): Promise<unknown> =>
  Promise.all(Array.from({ length: size }, () => pool.call(OPENING, BATCH_TIMEOUT_MS)))

function createReviewers(port: number, kind: 'nodes' | 'services') {
  const pool = createPool(port, CONNECTIONS[kind])
  const outcome = { came: 0, patched: 0, untouched: 0, times: [] as number[] }
  async function call(index: number): Promise<void> {
    outcome.came += 1
    const startedAt = performance.now()
    const answer = await pool.call(pick(kind, index), TIMEOUT_MS)
    outcome.times.push(answer ? performance.now() - startedAt : TIMEOUT_MS)
    if (answer?.text.includes('"patch":"')) outcome.patched += 1
    else if (answer?.status === 200) outcome.untouched += 1
  }
  return { call, outcome, open: () => openAll(pool, CONNECTIONS[kind]), close: () => pool.close() }
}

function createDeliveries(port: number, until: number) {
  const pool = createPool(port, CONNECTIONS.batches)
  const outcome = { taken: 0, refused: 0 }
  async function call(index: number): Promise<void> {
    const answer = await pool.call(pick('batches', index), BATCH_TIMEOUT_MS)
    if (answer?.status === 200) outcome.taken += 1
    if (answer?.status !== 429) return
    outcome.refused += 1
    // As the API server does; another batch is as good as the same again.
    const againMs = Number(/^retry-after: (\d+)/im.exec(answer.text)?.[1]) * 1000
    await sleep(Math.min(againMs, Math.max(until - performance.now(), 0)))
  }
  return { call, outcome, open: () => openAll(pool, CONNECTIONS.batches), close: () => pool.close() }
}

/** A probe has a connection of its own each time, as a kubelet's has. */
function createProber(port: number) {
  const outcome = { healthTimes: [] as number[], healthMissed: 0 }
  async function call(): Promise<void> {
    const pool = createPool(port, 1)
    const startedAt = performance.now()
    if (await pool.call(HEALTH, HEALTH_TIMEOUT_MS)) outcome.healthTimes.push(performance.now() - startedAt)
    else outcome.healthMissed += 1
    pool.close()
    await sleep(HEALTH_EVERY_MS)
  }
  return { call, outcome }
}

/** A storm, to its end: calls that are under way are waited for. */
export async function runStorm(port: number, seconds: number): Promise<StormOutcome> {
  const until = performance.now() + OPENING_MS + seconds * 1000
  const [nodes, services] = [createReviewers(port, 'nodes'), createReviewers(port, 'services')]
  const [deliveries, prober] = [createDeliveries(port, until), createProber(port)]
  // Node accepts one connection in a turn of its event loop: a storm that opens them all would measure that.
  for (const part of [nodes, services, deliveries]) await part.open()
  await sleep(Math.max(until - seconds * 1000 - performance.now(), 0))
  await Promise.all([
    keepBusy(until, CONNECTIONS.nodes, nodes.call),
    keepBusy(until, CONNECTIONS.services, services.call),
    keepBusy(until, CONNECTIONS.batches, deliveries.call),
    keepBusy(until, 1, prober.call),
  ])
  for (const part of [nodes, services, deliveries]) part.close()
  return { nodes: nodes.outcome, services: services.outcome, ...deliveries.outcome, ...prober.outcome }
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
