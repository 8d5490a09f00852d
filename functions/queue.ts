import type { Clock } from '../shared/clock.ts'
import type { ReconcileKey, ReconcileOutcome } from '../shared/controllers/contract.ts'
import { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import { currentOrigin, inTrace, joinOrigins, newOrigin, type Origin } from '../shared/trace.ts'
import type { Invoker } from './invoker.ts'
import { toKeyFields, toKeyId } from './keys.ts'
import { decideNext, NO_RUNS, type RunsSoFar } from './next-run.ts'
import { createQueueMeasure, type QueueMeasure } from './queue-measure.ts'
import type { Reconcile } from './reconcile.ts'

export interface QueueOptions {
  readonly reconcile: Reconcile
  readonly clock: Clock
  readonly log: Log
  /** From 0 to below 1. */
  readonly random: () => number
  /** Keys of one kind worked on at the same time, as of now; 8 by default, and never less than one. */
  readonly workers?: () => number
  /** Keys of one kind held at the most; beyond it `invoke` refuses them, and the API server delivers again. 10,000 by default. */
  readonly maxKeys?: number
  readonly measure?: Measure | undefined
}

/** An invoker inside the process. */
export interface Queue extends Invoker {
  /** Keys that wait or are worked on. */
  size(): number
  /** Takes no more keys and ends when none is worked on; after `graceMs` it ends the work that is left. */
  drain(graceMs: number): Promise<void>
}

/** Time for one key: a few requests to the cluster, and one to BMC that may take its retries. */
const WORK_MS = 30_000

/** A key is mostly waiting for the API server. */
export const WORKERS = 8

interface Entry {
  key: ReconcileKey
  state: 'ready' | 'running' | 'waiting'
  /** Since when it could have been worked on, in milliseconds since 1970. */
  readySince: number
  /** Rung while it was worked on: what the work read may be older than the ring. */
  again: boolean
  past: RunsSoFar
  /** The work that rang it, in the log lines of its runs. */
  origin: Origin | undefined
  /** The work that rang it since its run began. */
  later: Origin | undefined
  /** Ends the wait of a key that is rung meanwhile. */
  wake: AbortController
}

/**
 * A queue with one worker per key at a time: a ring for a key that waits is nothing new, a ring for one that is worked
 * on makes one more run, and one that has to be tried again waits longer each time, with jitter. What the cloud is at
 * work on is looked at again when it says so, and holds no worker until then. Each kind has workers and room of its
 * own: no flood of Services keeps a node waiting.
 */
export function createQueue(options: QueueOptions): Queue {
  const lanes: Readonly<Record<ReconcileKey['kind'], Queue>> = {
    Node: createLane(options, createQueueMeasure('node', options.measure)),
    Service: createLane(options, createQueueMeasure('service', options.measure)),
  }
  const all = Object.values(lanes)
  return {
    async invoke(keys) {
      const nodes = keys.filter(({ kind }) => kind === 'Node')
      const services = keys.filter(({ kind }) => kind === 'Service')
      const results = await Promise.allSettled([lanes.Node.invoke(nodes), lanes.Service.invoke(services)])
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
    size: () => all.reduce((sum, lane) => sum + lane.size(), 0),
    drain: async graceMs => void (await Promise.all(all.map(lane => lane.drain(graceMs)))),
  }
}

/** The queue of one kind. */
function createLane(options: QueueOptions, measured: QueueMeasure): Queue {
  const { clock, log, workers = () => WORKERS, maxKeys = 10_000 } = options
  const entries = new Map<string, Entry>()
  const stop = new AbortController()
  const idle = createIdle()
  let running = 0
  let draining = false

  function ring(key: ReconcileKey): void {
    const id = toKeyId(key)
    const entry = entries.get(id) ?? createEntry(key, clock.now())
    entries.set(id, entry)
    measured.added(entries.size)
    entry.key = key
    // Somebody changed it: what the cloud was at work on may be another matter now.
    entry.past = { ...entry.past, lookingSince: undefined }
    if (entry.state === 'running') {
      entry.again = true
      entry.later = joinOrigins(entry.later, currentOrigin())
      return
    }
    entry.origin = joinOrigins(entry.origin, currentOrigin())
    if (entry.state === 'waiting') entry.wake.abort(WOKEN)
  }

  function dispatch(): void {
    const most = Math.max(1, workers())
    for (const entry of entries.values()) {
      if (running >= most || stop.signal.aborted) break
      if (entry.state === 'ready') void inTrace(entry.origin ?? newOrigin(), () => run(entry))
    }
    if (running === 0 && draining) idle.reached()
  }

  async function run(entry: Entry): Promise<void> {
    running += 1
    const startedAt = clock.now()
    measured.started(startedAt - entry.readySince)
    entry.state = 'running'
    entry.again = false
    const { seen: _, ...key } = entry.key
    const call = { deadline: clock.now() + WORK_MS, signal: stop.signal }
    const rung = entry.key
    // The change that it was rung for is stored by the end of this run, or never.
    entry.key = key
    const outcomes = await options.reconcile([rung], call)
    running -= 1
    settle(entry, outcomes)
    measured.ended(clock.now() - startedAt, entries.size)
    dispatch()
  }

  function settle(entry: Entry, outcomes: readonly ReconcileOutcome[]): void {
    const next = decideNext(entry.past, outcomes, clock.now(), options.random())
    if (next.attempts > 0 && next.delayMs !== undefined) measured.retried()
    entry.past = next
    entry.readySince = clock.now()
    if (entry.again) {
      entry.state = 'ready'
      // What rang it before has been seen to, unless something is left to do.
      entry.origin = joinOrigins(next.delayMs === undefined ? undefined : entry.origin, entry.later)
      entry.later = undefined
    } else if (next.delayMs !== undefined && !draining) void wait(entry, next.delayMs)
    else entries.delete(toKeyId(entry.key))
    if (next.givenUp && !entry.again) {
      const { attempts, givenUp } = next
      log.warn({ ...toKeyFields(entry.key), attempts, why: givenUp }, 'key left to resync')
    }
  }

  async function wait(entry: Entry, delayMs: number): Promise<void> {
    entry.state = 'waiting'
    entry.wake = new AbortController()
    try {
      await clock.sleep(delayMs, entry.wake.signal)
    } catch {
      // Rung, or the queue is drained: either way the wait is over.
    }
    entry.state = 'ready'
    entry.readySince = clock.now()
    if (draining) entries.delete(toKeyId(entry.key))
    dispatch()
  }

  return {
    async invoke(keys) {
      if (draining) throw new CcmError('INVOKE_FAILED', 'the server is about to end')
      const fresh = keys.filter(key => !entries.has(toKeyId(key))).length
      if (entries.size + fresh > maxKeys)
        throw new CcmError('INVOKE_FAILED', `the queue holds ${entries.size} keys already`)
      for (const key of keys) ring(key)
      dispatch()
    },
    size: () => entries.size,
    async drain(graceMs) {
      draining = true
      for (const entry of entries.values()) if (entry.state === 'waiting') entry.wake.abort(WOKEN)
      dispatch()
      const over = new AbortController()
      const grace = clock.sleep(graceMs, over.signal).then(
        () => stop.abort(new CcmError('CCM_DEADLINE', 'the server ends')),
        () => {},
      )
      await Promise.race([idle.promise, grace])
      over.abort(WOKEN)
      if (running > 0) await idle.promise
    },
  }
}

const createEntry = (key: ReconcileKey, readySince: number): Entry => ({
  key,
  readySince,
  state: 'ready',
  again: false,
  past: NO_RUNS,
  origin: undefined,
  later: undefined,
  wake: new AbortController(),
})

/** A reason of our own costs no stack, which an abort without one would. */
const WOKEN = 'woken'

function createIdle(): { readonly promise: Promise<void>; reached(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, reached: resolve }
}
