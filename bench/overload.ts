import { createFakeNode } from '../test/support/fake-kubelet.ts'
import { type Figure, toMeasured, toRatio } from './figure.ts'
import type { Order } from './overload-client.ts'
import type { StormOutcome } from './overload-storm.ts'
import { inTurns } from './rounds.ts'
import type { WorkerState } from './serve-worker.ts'
import { nodeName, onStage, type Run, type Stage, startWorker, type Worker } from './stage.ts'
import { percentile } from './statistics.ts'

const NODES = 1000
const WARM_UP_MS = 3000
const STORM_SECONDS = 5
const ROUNDS = { full: 2, quick: 1 }
const REFERENCE = 'the same code without limits'
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
export const benchOverload = (run: Run): Promise<Figure[]> =>
  onStage(NODES, async stage => {
    const network = stage.bmc.backend.addPublicNetwork()
    const env = { ...stage.env, PNAP_LOAD_BALANCER: `kube-vip://${network.id}` }
    for (let index = 0; index < NODES; index++)
      stage.kubernetes.store.create({ ...createFakeNode(nodeName(index)) })
    const client = await startWorker(run, 'overload-client.ts')
    try {
      const { on, off } = await inTurns(run.quick ? ROUNDS.quick : ROUNDS.full, {
        off: () => measure(run, client, env, 'off'),
        on: () => measure(run, client, env, 'on'),
      })
      return toFigures(on, off)
    } finally {
      client.close()
    }
  })

const order = <T>(client: Worker, what: Order): Promise<T> => client.ask<T>(what)

async function measure(run: Run, client: Worker, env: Stage['env'], kind: 'on' | 'off'): Promise<Measured> {
  const server = await startWorker(run, 'serve-worker.ts', [kind], env)
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

const toRow = ({ name, unit, of }: Row, on: readonly Measured[], off: readonly Measured[]): Figure[] => [
  toMeasured({ name: `storm: ${name}`, unit }, on.map(of)),
  toMeasured({ name: `storm without limits: ${name}`, unit }, off.map(of)),
]

function toFigures(on: readonly Measured[], off: readonly Measured[]): Figure[] {
  // Without limits nothing at all may have been done in time.
  const atLeastOne = (all: readonly Measured[], of: Row['of']): number[] =>
    all.map(measured => Math.max(of(measured), 1))
  const ratio = (name: string, of: Row['of']): Figure =>
    toRatio(
      { name: `storm: ${name} / without limits`, reference: REFERENCE },
      on.map(of),
      atLeastOne(off, of),
    )
  return [
    ...ROWS.flatMap(row => toRow(row, on, off)),
    { ...ratio('reviews patched in time', patched), budget: { atLeast: 1.5 } },
    ratio('p50 of nodes', m => percentile(m.nodes.times, 0.5)),
    ratio('p99 of health', m => percentile(m.healthTimes, 0.99)),
  ]
}
