import type { Clock } from '../shared/clock.ts'
import type { ReconcileKey } from '../shared/controllers/contract.ts'
import { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Invoker } from './invoker.ts'
import type { Reconcile } from './reconcile.ts'

export interface QueueOptions {
  readonly reconcile: Reconcile
  readonly clock: Clock
  readonly log: Log
  /** From 0 to below 1. */
  readonly random: () => number
  /** Keys worked on at the same time; 8 by default. */
  readonly workers?: number
  /** Keys held at the most; beyond it `invoke` refuses, and the API server delivers again. 10,000 by default. */
  readonly maxKeys?: number
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
const FIRST_DELAY_MS = 1000
/** One resync interval: from there on resync is as quick. */
const MAX_DELAY_MS = 60_000
/** 1 + 2 + 4 + … s: some two minutes, in which two passes have looked after the key as well. */
const MAX_ATTEMPTS = 7

interface Entry {
  readonly key: ReconcileKey
  state: 'ready' | 'running' | 'waiting'
  /** Rung while it was worked on: what the work read may be older than the ring. */
  again: boolean
  attempts: number
  /** Ends the wait of a key that is rung meanwhile. */
  wake: AbortController
}

/**
 * A queue with one worker per key at a time: a ring for a key that waits is nothing new, a ring for one that is worked
 * on makes one more run, and one that has to be tried again waits longer each time, with jitter.
 */
export function createQueue(options: QueueOptions): Queue {
  const { clock, log, workers = 8, maxKeys = 10_000 } = options
  const entries = new Map<string, Entry>()
  const stop = new AbortController()
  const idle = createIdle()
  let running = 0
  let draining = false

  function ring(key: ReconcileKey): void {
    const id = toId(key)
    const entry = entries.get(id)
    if (!entry)
      entries.set(id, { key, state: 'ready', again: false, attempts: 0, wake: new AbortController() })
    else if (entry.state === 'running') entry.again = true
    else if (entry.state === 'waiting') entry.wake.abort(WOKEN)
  }

  function dispatch(): void {
    for (const entry of entries.values()) {
      if (running >= workers || stop.signal.aborted) break
      if (entry.state === 'ready') void run(entry)
    }
    if (running === 0 && draining) idle.reached()
  }

  async function run(entry: Entry): Promise<void> {
    running += 1
    entry.state = 'running'
    entry.again = false
    const call = { deadline: clock.now() + WORK_MS, signal: stop.signal }
    const outcomes = await options.reconcile([entry.key], call)
    running -= 1
    settle(
      entry,
      outcomes.some(({ result }) => result === 'retry'),
    )
    dispatch()
  }

  function settle(entry: Entry, retry: boolean): void {
    entry.attempts = retry ? entry.attempts + 1 : 0
    const givenUp = entry.attempts >= MAX_ATTEMPTS
    if (entry.again) entry.state = 'ready'
    else if (retry && !givenUp && !draining) void wait(entry)
    else entries.delete(toId(entry.key))
    if (givenUp && !entry.again) {
      log.warn({ kind: entry.key.kind, node: entry.key.name, attempts: entry.attempts }, 'key left to resync')
    }
  }

  async function wait(entry: Entry): Promise<void> {
    entry.state = 'waiting'
    entry.wake = new AbortController()
    try {
      await clock.sleep(toDelay(entry.attempts, options.random()), entry.wake.signal)
    } catch {
      // Rung, or the queue is drained: either way the wait is over.
    }
    entry.state = 'ready'
    if (draining) entries.delete(toId(entry.key))
    dispatch()
  }

  return {
    async invoke(keys) {
      if (draining) throw new CcmError('INVOKE_FAILED', 'the server is about to end')
      const fresh = keys.filter(key => !entries.has(toId(key))).length
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

/** A reason of our own costs no stack, which an abort without one would. */
const WOKEN = 'woken'

/** Kinds hold no slash, and a key without a name is its kind alone. */
const toId = ({ kind, name }: ReconcileKey): string => (name === undefined ? kind : `${kind}/${name}`)

/** Doubles from attempt to attempt; between half of it and all of it, so that keys which failed together spread. */
const toDelay = (attempts: number, random: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS) * (0.5 + random / 2)

function createIdle(): { readonly promise: Promise<void>; reached(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, reached: resolve }
}
