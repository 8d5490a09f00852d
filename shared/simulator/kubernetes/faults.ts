import type { Clock } from '../../clock.ts'
import { type LoggedRequest, matchesFilter, type RequestFilter } from './request-log.ts'
import { ApiError } from './status.ts'

/** How often a fault strikes; without it, until clear(). */
export interface FaultOptions {
  readonly times?: number
}

/** Faults that are injected into matching requests: one delay and one other at a time, the oldest first. */
export interface KubeFaults {
  /** Answers this status without any effect. */
  fail(
    match: RequestFilter,
    fault: FaultOptions & { status: number; reason?: string; message?: string },
  ): void
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
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly ms: number }

interface Fault {
  readonly match: RequestFilter
  readonly effect: Effect
  left: number
}

/** The connection is to be reset. */
export class ConnectionReset extends Error {}

export interface FaultInjector extends KubeFaults {
  /** Strikes before the effect. @throws ApiError and ConnectionReset */
  before(request: Omit<LoggedRequest, 'status'>, clock: Clock): Promise<void>
  /** Strikes after the effect. @throws ConnectionReset */
  after(request: Omit<LoggedRequest, 'status'>): void
}

const CONFLICT = new ApiError(
  409,
  'Conflict',
  'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
)

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
    const effect = take(request, candidate => candidate.kind === 'answer' || isReset(candidate, 'before'))
    if (effect?.kind === 'answer') throw effect.error
    if (effect !== undefined) throw new ConnectionReset()
  }

  return {
    fail(match, { status, reason = '', message = 'injected fault', ...options }) {
      add(match, { kind: 'answer', error: new ApiError(status, reason, message) }, options)
    },
    reset: (match, { when, ...options }) => add(match, { kind: 'reset', when }, options),
    delay: (match, { ms, ...options }) => add(match, { kind: 'delay', ms }, options),
    conflict: (match, options = {}) => add(match, { kind: 'answer', error: CONFLICT }, options),
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
