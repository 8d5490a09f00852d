import { createFakeNode } from '../test/support/fake-kubelet.ts'
import type { Order } from './overload-client.ts'
import type { StormOutcome } from './overload-storm.ts'
import type { WorkerState } from './overload-worker.ts'
import { type Figure, nodeName, type Stage, startWorker, type Worker } from './stage.ts'

const NODES = 1000
const WARM_UP_MS = 3000
const CAPACITY_MS = 3000
const STORM_SECONDS = 8
/** Shares of what the server can do alone: together three times of it, and the reviews alone would fit. */
const REVIEW_SHARE = 0.6
const BATCH_SHARE = 2.4
/** A review is as quick as before the storm when it takes no more than this. */
const QUICK_MS = 50

interface Measured extends StormOutcome {
  readonly recoveryMs: number
  readonly drainedMs: number
  readonly peakBytes: number
}

/**
 * A storm of reviews and audit batches, three times of what the server can do, against `serve` with its default limits and
 * against the same code without any. Callers give up after 2 s, as an API server does with `timeoutSeconds: 2`.
 */
export async function benchOverload(stage: Stage): Promise<Figure[]> {
  const { admin, bmc } = stage
  const network = bmc.backend.addPublicNetwork()
  const env = { ...stage.env, PNAP_LOAD_BALANCER: `kube-vip://${network.id}` }
  for (let index = 0; index < NODES; index++) {
    const body = createFakeNode(nodeName(index))
    // Another benchmark may have made it.
    await admin.request({ method: 'POST', path: '/api/v1/nodes', body }).catch(() => {})
  }
  const client = await startWorker('overload-client.ts', [], {})
  try {
    const rates = await measureRates(client, env)
    const off = await measure(client, env, 'off', rates)
    const on = await measure(client, env, 'on', rates)
    return toFigures(on, off)
  } finally {
    client.close()
  }
}

interface Rates {
  readonly reviewsPerSecond: number
  readonly batchesPerSecond: number
}

const order = <T>(client: Worker, what: Order): Promise<T> => client.ask<T>(what)

/** Of the code without limits, on its own process: nothing that it learnt or queued is carried over. */
async function measureRates(client: Worker, env: Stage['env']): Promise<Rates> {
  const server = await startWorker('overload-worker.ts', ['off'], env)
  const port = server.first as number
  const capacity = async (what: 'reviews' | 'batches', ms: number): Promise<number> =>
    order<number>(client, { do: 'capacity', port, what, ms })
  try {
    await capacity('reviews', WARM_UP_MS)
    const reviews = await capacity('reviews', CAPACITY_MS)
    await capacity('batches', WARM_UP_MS)
    const batches = await capacity('batches', CAPACITY_MS)
    return { reviewsPerSecond: reviews * REVIEW_SHARE, batchesPerSecond: batches * BATCH_SHARE }
  } finally {
    server.close()
  }
}

async function measure(
  client: Worker,
  env: Stage['env'],
  kind: 'on' | 'off',
  rates: Rates,
): Promise<Measured> {
  const server = await startWorker('overload-worker.ts', [kind], env)
  const port = server.first as number
  try {
    await order(client, { do: 'capacity', port, what: 'reviews', ms: WARM_UP_MS })
    const outcome = await order<StormOutcome>(client, { do: 'storm', port, seconds: STORM_SECONDS, ...rates })
    const over = performance.now()
    const recoveryMs = await order<number>(client, { do: 'recovery', port, limitMs: QUICK_MS })
    let state = await server.ask<WorkerState>('state')
    while (state.queued > 0 && performance.now() - over < 60_000) {
      await new Promise(resolve => setTimeout(resolve, 100))
      state = await server.ask<WorkerState>('state')
    }
    return { ...outcome, recoveryMs, drainedMs: performance.now() - over, peakBytes: state.peakBytes }
  } finally {
    server.close()
  }
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN

const share = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole)

interface Row {
  readonly name: string
  readonly unit: string
  readonly of: (measured: Measured) => number
}

const ROWS: readonly Row[] = [
  { name: 'reviews that came', unit: 'reviews', of: ({ reviews }) => reviews },
  { name: 'reviews answered in time with a patch', unit: '%', of: m => share(m.patched, m.reviews) },
  { name: 'reviews let through untouched', unit: 'reviews', of: ({ untouched }) => untouched },
  {
    name: 'reviews never answered in time',
    unit: 'reviews',
    of: m => m.reviews - m.patched - m.untouched,
  },
  { name: 'review, p50', unit: 'ms', of: m => percentile(m.reviewTimes, 0.5) },
  { name: 'review, p99', unit: 'ms', of: m => percentile(m.reviewTimes, 0.99) },
  { name: 'health, p50', unit: 'ms', of: m => percentile(m.healthTimes, 0.5) },
  { name: 'health, p99', unit: 'ms', of: m => percentile(m.healthTimes, 0.99) },
  { name: 'health without an answer within a second', unit: 'calls', of: m => m.healthMissed },
  { name: 'audit batches that came', unit: 'batches', of: ({ batches }) => batches },
  { name: 'audit batches taken', unit: 'batches', of: ({ taken }) => taken },
  { name: 'audit batches refused, to come again', unit: 'answers', of: ({ refused }) => refused },
  { name: 'after the storm: reviews quick again', unit: 'ms', of: m => m.recoveryMs },
  { name: 'after the storm: queue empty', unit: 'ms', of: m => m.drainedMs },
  { name: 'most memory held', unit: 'MB', of: m => m.peakBytes / 1e6 },
]

function toFigures(on: Measured, off: Measured): Figure[] {
  const rows = ROWS.flatMap(({ name, unit, of }) => [
    { name: `storm: ${name}`, value: of(on), unit },
    { name: `storm without limits: ${name}`, value: of(off), unit },
  ])
  const goodput = on.patched / Math.max(off.patched, 1)
  const patience = percentile(off.reviewTimes, 0.99) / percentile(on.reviewTimes, 0.99)
  return [
    ...rows,
    { name: 'storm: patched reviews / without limits', value: goodput, unit: '×', budget: { atLeast: 1 } },
    { name: 'storm: p99 of reviews without limits / with', value: patience, unit: '×' },
    {
      name: 'storm: health without an answer',
      value: on.healthMissed,
      unit: 'calls',
      budget: { atMost: 0 },
    },
  ]
}
