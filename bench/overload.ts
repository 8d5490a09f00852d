import { createFakeNode } from '../test/support/fake-kubelet.ts'
import type { Order } from './overload-client.ts'
import type { StormOutcome } from './overload-storm.ts'
import type { WorkerState } from './overload-worker.ts'
import { type Figure, median, nodeName, type Stage, startWorker, type Worker } from './stage.ts'

const NODES = 1000
const WARM_UP_MS = 3000
const STORM_SECONDS = 5
const ROUNDS = 1
/** A review is as quick as before the storm when it takes no more than this. */
const QUICK_MS = 50
const LONGEST_MS = 60_000

interface Measured extends StormOutcome {
  readonly recoveryMs: number
  readonly drainedMs: number
  readonly peakBytes: number
}

/**
 * A storm on 256 connections that never rest (96 of joining nodes, 96 of Services, 63 of audit batches, one of health; some 30 keep
 * the server busy), against `serve` with its default limits and against the same code without any, in turns; medians are
 * told. Callers give up after 2 s, as an API server does with `timeoutSeconds: 2`.
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
    const rounds: Record<'on' | 'off', Measured[]> = { on: [], off: [] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of ['off', 'on'] as const) rounds[kind].push(await measure(client, env, kind))
    }
    return toFigures(rounds.on, rounds.off)
  } finally {
    client.close()
  }
}

const order = <T>(client: Worker, what: Order): Promise<T> => client.ask<T>(what)

async function measure(client: Worker, env: Stage['env'], kind: 'on' | 'off'): Promise<Measured> {
  const server = await startWorker('overload-worker.ts', [kind], env)
  const port = server.first as number
  try {
    await order(client, { do: 'warm up', port, ms: WARM_UP_MS })
    const storm = await order<StormOutcome>(client, { do: 'storm', port, seconds: STORM_SECONDS })
    const over = performance.now()
    const recoveryMs = await order<number>(client, { do: 'recovery', port, limitMs: QUICK_MS })
    let state = await server.ask<WorkerState>('state')
    while (state.queued > 0 && performance.now() - over < LONGEST_MS) {
      await new Promise(resolve => setTimeout(resolve, 100))
      state = await server.ask<WorkerState>('state')
    }
    return { ...storm, recoveryMs, drainedMs: performance.now() - over, peakBytes: state.peakBytes }
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

const toReviewRows = (kind: 'nodes' | 'services'): readonly Row[] => [
  { name: `${kind}: patched in time`, unit: 'reviews/s', of: m => m[kind].patched / STORM_SECONDS },
  { name: `${kind}: let through at once`, unit: '%', of: m => share(m[kind].untouched, m[kind].came) },
  {
    name: `${kind}: not answered in time`,
    unit: '%',
    of: m => share(m[kind].came - m[kind].patched - m[kind].untouched, m[kind].came),
  },
  { name: `${kind}: p50`, unit: 'ms', of: m => percentile(m[kind].times, 0.5) },
  { name: `${kind}: p99`, unit: 'ms', of: m => percentile(m[kind].times, 0.99) },
]

const ROWS: readonly Row[] = [
  ...toReviewRows('nodes'),
  ...toReviewRows('services'),
  { name: 'health: p50', unit: 'ms', of: m => percentile(m.healthTimes, 0.5) },
  { name: 'health: p99', unit: 'ms', of: m => percentile(m.healthTimes, 0.99) },
  { name: 'health: no answer within a second', unit: 'calls', of: m => m.healthMissed },
  { name: 'batches: taken', unit: 'batches', of: m => m.taken },
  { name: 'batches: refused, to come again', unit: 'answers', of: m => m.refused },
  { name: 'afterwards: reviews quick again', unit: 'ms', of: m => m.recoveryMs },
  { name: 'afterwards: queue empty', unit: 'ms', of: m => m.drainedMs },
  { name: 'memory at the most', unit: 'MB', of: m => m.peakBytes / 1e6 },
]

const patched = (measured: Measured): number => measured.nodes.patched + measured.services.patched

function toFigures(on: readonly Measured[], off: readonly Measured[]): Figure[] {
  const middle = (all: readonly Measured[], of: Row['of']): number => median(all.map(of))
  const ratio = (of: Row['of']): number =>
    median(on.map((measured, round) => of(measured) / Math.max(of(off[round] as Measured), 1)))
  const rows = ROWS.flatMap(({ name, unit, of }) => [
    { name: `storm: ${name}`, value: middle(on, of), unit },
    { name: `  without limits: ${name}`, value: middle(off, of), unit },
  ])
  return [
    ...rows,
    {
      name: 'storm: reviews patched in time / without limits',
      value: ratio(patched),
      unit: '×',
      budget: { atLeast: 1.5 },
    },
    {
      name: 'storm: p50 of nodes / without limits',
      value: ratio(m => percentile(m.nodes.times, 0.5)),
      unit: '×',
    },
    {
      name: 'storm: p99 of health / without limits',
      value: ratio(m => percentile(m.healthTimes, 0.99)),
      unit: '×',
    },
  ]
}
