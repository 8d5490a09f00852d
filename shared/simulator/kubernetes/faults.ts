import type { Clock } from '../../clock.ts'
import { type LoggedRequest, matchesFilter, type RequestFilter } from './request-log.ts'
import { ApiError, staleVersion } from './status.ts'

/** How often a fault strikes; without it, until clear(). */
export interface FaultOptions {
  readonly times?: number
}

/** An answer without effect. */
export interface FailFault {
  readonly status: number
  readonly reason?: string
  readonly message?: string
  /** Sent as Retry-After and in the Status. */
  readonly retryAfterSeconds?: number
}

/** Faults that are injected into matching requests: one delay and one other at a time, the oldest first. */
export interface KubeFaults {
  /** Answers this status without any effect. */
  fail(match: RequestFilter, fault: FaultOptions & FailFault): void
  /** Resets the connection before or after the effect. */
  reset(match: RequestFilter, fault: FaultOptions & { when: 'before' | 'after' }): void
  /** Waits by the simulator's clock before the request is handled. */
  delay(match: RequestFilter, fault: FaultOptions & { ms: number }): void
  /** Answers 409 Conflict as if somebody else had just written. */
  conflict(match: RequestFilter, fault?: FaultOptions): void
  /** Resets every connection until up(). */
  down(): void
  up(): void
  clear(): void
}

type Effect =
  | { readonly kind: 'answer'; readonly error: ApiError }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly ms: number }

interface Fault {
  readonly match: RequestFilter
  readonly effect: Effect
  left: number
}

/** The connection is to be reset. */
export class ConnectionReset extends Error {
  override readonly name = 'ConnectionReset'
}

export interface FaultInjector extends KubeFaults {
  /** Strikes before the effect. @throws ApiError and ConnectionReset */
  before(request: Omit<LoggedRequest, 'status'>, clock: Clock): Promise<void>
  /** Strikes after the effect. @throws ConnectionReset */
  after(request: Omit<LoggedRequest, 'status'>): void
}

export function createFaults(): FaultInjector {
  let faults: Fault[] = []
  let isDown = false

  function add(
    match: RequestFilter,
    effect: Effect,
    { times = Number.POSITIVE_INFINITY }: FaultOptions,
  ): void {
    faults.push({ match, effect, left: times })
  }

  /** The first effect of a kind that strikes this request; it counts as used. */
  function take(
    request: Omit<LoggedRequest, 'status'>,
    isWanted: (effect: Effect) => boolean,
  ): Effect | undefined {
    const hit = faults.find(
      fault => fault.left > 0 && isWanted(fault.effect) && matchesFilter(fault.match, request),
    )
    if (hit !== undefined) hit.left -= 1
    return hit?.effect
  }

  async function before(request: Omit<LoggedRequest, 'status'>, clock: Clock): Promise<void> {
    if (isDown) throw new ConnectionReset()
    const delay = take(request, ({ kind }) => kind === 'delay')
    if (delay?.kind === 'delay') await clock.sleep(delay.ms)
    const effect = take(request, candidate => candidate.kind !== 'delay' && !isReset(candidate, 'after'))
    if (effect?.kind === 'answer') throw effect.error
    if (effect?.kind === 'conflict') throw conflictOf(request)
    if (effect !== undefined) throw new ConnectionReset()
  }

  return {
    fail(match, { status, reason = '', message = 'injected fault', retryAfterSeconds, ...options }) {
      const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
      add(match, { kind: 'answer', error: new ApiError(status, reason, message, details) }, options)
    },
    reset: (match, { when, ...options }) => add(match, { kind: 'reset', when }, options),
    delay: (match, { ms, ...options }) => add(match, { kind: 'delay', ms }, options),
    conflict: (match, options = {}) => add(match, { kind: 'conflict' }, options),
    down() {
      isDown = true
    },
    up() {
      isDown = false
    },
    clear() {
      faults = []
      isDown = false
    },
    before,
    after(request) {
      if (isDown || take(request, effect => isReset(effect, 'after')) !== undefined)
        throw new ConnectionReset()
    },
  }
}

const isReset = (effect: Effect, when: 'before' | 'after'): boolean =>
  effect.kind === 'reset' && effect.when === when

const conflictOf = ({ group = '', resource, name = '' }: Omit<LoggedRequest, 'status'>): ApiError =>
  staleVersion({ group, what: resource }, name)
