import type { Clock } from '../clock.ts'
import { CcmError, hasCode } from '../errors.ts'
import { startLimit } from '../limit.ts'
import type { Log } from '../log.ts'
import {
  decodeBody,
  toBmcError,
  toEnded,
  toInvalidResponse,
  toLimited,
  toOutcomeUnknown,
  type Where,
} from './failures.ts'
import { anySignal, pause } from './limits.ts'
import { type Operation, scopeOf, toPath, toWhat } from './operation.ts'
import type { Pace, Ticket } from './pace.ts'
import { ShapeError } from './parse.ts'
import { createReachability } from './reachability.ts'
import { decideRetry, toAnswer } from './retry.ts'
import type { Secrets } from './secrets.ts'
import type { TokenSource } from './token.ts'
import type { Answered, Outcome, Transport } from './transport.ts'
import type { Call } from './types.ts'

/** Performs one operation of the API: token, attempts, back-off, parsing. */
export type Request = <T>(operation: Operation<T>, call?: Call) => Promise<T>

export interface RequesterOptions {
  readonly baseUrl: string
  readonly transport: Transport
  readonly tokens: TokenSource
  /** Shared by all calls. */
  readonly pace: Pace
  readonly secrets: Secrets
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly timeoutMs: number
}

export interface Requester {
  readonly request: Request
  /** Since when (ms since 1970) no call got through; undefined after one did. */
  unreachableSince(): number | undefined
}

const DEFAULT_ATTEMPTS = 4

export function createRequester(options: RequesterOptions): Requester {
  const { clock } = options
  const host = new URL(options.baseUrl).host
  const reachability = createReachability(clock)

  async function request<T>(operation: Operation<T>, call: Call = {}): Promise<T> {
    const where = toWhere(operation, host)
    const limit = startLimit(clock, call.deadline === undefined ? undefined : call.deadline - clock.now())
    const signal = anySignal(call.signal, limit.signal)
    if (signal.aborted) throw toEnded(where, limit.signal.aborted ? 'deadline' : 'aborted')
    try {
      const result = await perform(options, { operation, where, call, signal })
      reachability.succeeded()
      return result
    } catch (thrown) {
      const error = toThrown(thrown, where, limit.signal.aborted, signal.aborted)
      reachability.failed(error)
      throw error
    } finally {
      limit.stop()
    }
  }

  return { request, unreachableSince: () => reachability.since() }
}

/** One call as its attempts see it. */
interface Run<T> {
  readonly operation: Operation<T>
  readonly where: Where
  readonly call: Call
  readonly signal: AbortSignal
}

async function perform<T>(options: RequesterOptions, run: Run<T>): Promise<T> {
  const { clock, random } = options
  const { repeatable } = run.where
  const maxAttempts = run.call.maxAttempts ?? DEFAULT_ATTEMPTS
  const send = createSender(options, run)
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await send()
    if (isSuccess(outcome)) return parse(run, outcome)
    const remainingMs = (run.call.deadline ?? Number.POSITIVE_INFINITY) - clock.now()
    const state = { repeatable, attempt, maxAttempts, remainingMs, random }
    const verdict = decideRetry(withWish(options, outcome), state)
    const error = toBmcError(run.where, outcome, { now: clock.now(), secrets: options.secrets.values() })
    if (verdict.do === 'give-up') throw error
    options.log.debug({ code: error.code, attempt, ...verdict, ...error.fields }, 'BMC request is repeated')
    await pause(clock, verdict.afterMs, run.signal)
  }
}

/** A host that only says "slower" is given the time that the pace has set for all. */
function withWish({ pace, clock }: RequesterOptions, outcome: Outcome): Outcome {
  const until = pace.limitedUntil()
  if (outcome.kind !== 'answered' || outcome.status !== 429 || until === undefined) return outcome
  return { ...outcome, retryAfterMs: outcome.retryAfterMs ?? until - clock.now() }
}

/**
 * The turn of one attempt: a read waits for it as long as its deadline allows, a change does not wait.
 *
 * @throws CcmError BMC_RATE_LIMITED when it would have to wait for longer
 */
async function takeTurn<T>({ pace, clock }: RequesterOptions, run: Run<T>): Promise<Ticket> {
  const { deadline = Number.POSITIVE_INFINITY } = run.call
  const patience = run.operation.method === 'GET' ? deadline : 0
  const limited = (until: number): CcmError => toLimited(run.where, until, clock.now())
  const turn = await pace.enter({ signal: run.signal, patience }).catch((reason: unknown) => {
    throw clock.now() >= deadline ? limited(deadline) : reason
  })
  if (typeof turn === 'number') throw limited(turn)
  return turn
}

/** Sends with a token; after a 401, once in a call's life, again with a new one (a refused request did nothing). */
function createSender<T>(options: RequesterOptions, run: Run<T>): () => Promise<Outcome> {
  const { operation, signal } = run
  let renewed = false
  let attempt = 0

  async function sendWith(token: string): Promise<Outcome> {
    const body = operation.body === undefined ? undefined : JSON.stringify(operation.body)
    attempt += 1
    return options.transport.send({
      attempt,
      operation: run.where.operation,
      method: operation.method,
      url: options.baseUrl + toPath(operation),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body,
      signal,
      timeoutMs: options.timeoutMs,
    })
  }

  async function sendRenewing(): Promise<Outcome> {
    const token = await options.tokens.get(signal)
    const outcome = await sendWith(token)
    if (outcome.kind !== 'answered' || outcome.status !== 401 || renewed) return outcome
    renewed = true
    options.tokens.invalidate(token)
    return sendWith(await options.tokens.get(signal))
  }

  return async () => {
    const turn = await takeTurn(options, run)
    let outcome: Outcome | undefined
    try {
      outcome = await sendRenewing()
      return outcome
    } finally {
      turn.leave(toAnswer(outcome))
    }
  }
}

function isSuccess(outcome: Outcome): outcome is Answered {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300
}

/** A change that succeeded with an unreadable answer has happened, but the caller does not learn to what. */
function parse<T>(run: Run<T>, answer: Answered): T {
  try {
    return run.operation.parse(decodeBody(answer.text), 'body', answer.date)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const invalid = toInvalidResponse(run.where, error.message)
    throw run.where.repeatable ? invalid : toOutcomeUnknown(invalid)
  }
}

function toWhere(operation: Operation<unknown>, host: string): Where {
  return {
    operation: `${operation.method} ${operation.path}`,
    what: toWhat(operation),
    host,
    scope: scopeOf(operation),
    repeatable: operation.method === 'GET' || operation.repeatable === true,
  }
}

/** Rewrites what an abort threw; an error of ours stands, but for the one that takes a deadline for a caller's wish. */
function toThrown(thrown: unknown, where: Where, deadline: boolean, aborted: boolean): unknown {
  if (!aborted) return thrown
  // A bare reason comes from waiting for the token, or from a back-off, which never reaches the deadline.
  const who = thrown instanceof CcmError || !deadline ? where.host : 'the token endpoint'
  const ended = toEnded(where, deadline ? 'deadline' : 'aborted', who)
  if (hasCode(thrown, 'BMC_OUTCOME_UNKNOWN') && hasCode(thrown.cause, 'BMC_TIMEOUT'))
    return toOutcomeUnknown(ended)
  return thrown instanceof CcmError && !hasCode(thrown, 'BMC_TIMEOUT') ? thrown : ended
}
