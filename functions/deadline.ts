import type { Clock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import { toDurationMs } from '../shared/setting-parsers.ts'
import type { WebhookRequest } from './http.ts'

/** The API server's default for a webhook that names no timeout. */
const DEFAULT_TIMEOUT_MS = 10_000
/** An API server accepts no longer one (`timeoutSeconds` of a webhook). */
const LONGEST_TIMEOUT_MS = 30_000
/**
 * Kept back from the webhook's timeout, whose clock runs from the API server's dialling: a TLS handshake across an
 * ocean (two round trips of 150 ms), a function's start (about 300 ms) and the way back of the answer come to less
 * than a second; a fifth of the timeout covers it from 5 s on, and leaves work its time in shorter ones.
 */
const WEBHOOK_SHARE = 0.2
/** Kept back from a function's timeout: work that is told to end needs a few ticks, the answer and its log line a few more. */
const FUNCTION_MARGIN_MS = 500

/**
 * When a webhook must have its answer, in milliseconds since 1970: the smaller of the `?timeout=` that the API server
 * appends to its URL and of the time the function has left, each without its margin.
 */
export function toWebhookDeadline(
  request: Pick<WebhookRequest, 'query' | 'receivedAt' | 'remainingMs'>,
  now: number,
): number {
  const timeoutMs = readTimeout(request.query['timeout'])
  // A gateway's clock may be ahead of ours; nothing was received in the future.
  const start = Math.min(request.receivedAt ?? now, now)
  return Math.min(start + timeoutMs * (1 - WEBHOOK_SHARE), toFunctionDeadline(request.remainingMs, now))
}

/** When work in a function must end; without a limit where the host sets none. */
export const toFunctionDeadline = (remainingMs: number | undefined, now: number): number =>
  remainingMs === undefined ? Number.POSITIVE_INFINITY : now + remainingMs - FUNCTION_MARGIN_MS

/** An API server writes the same one each time. */
let lastRead: { readonly value: string; readonly ms: number } | undefined

/** Milliseconds of a Go duration such as `10s`, at the most what an API server waits; the default for anything else. */
function readTimeout(value: string | undefined): number {
  if (value === undefined) return DEFAULT_TIMEOUT_MS
  if (lastRead?.value !== value) lastRead = { value, ms: parseTimeout(value) }
  return lastRead.ms
}

function parseTimeout(value: string): number {
  try {
    const ms = toDurationMs(value)
    return ms === 0 ? DEFAULT_TIMEOUT_MS : Math.min(ms, LONGEST_TIMEOUT_MS)
  } catch {
    return DEFAULT_TIMEOUT_MS
  }
}

/** Time for work whose signal has come to end in its own words: enough for a report, well within every margin. */
const LAST_WORDS_MS = 200

/**
 * The outcome of `work`, which is given a signal that comes with the deadline.
 *
 * @param deadline milliseconds since 1970
 * @throws CcmError CCM_DEADLINE shortly after the deadline, whether or not the work heeds its signal
 */
export async function withDeadline<T>(
  clock: Clock,
  deadline: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const leftMs = deadline - clock.now()
  if (leftMs <= 0) throw overrun()
  const end = new AbortController()
  if (leftMs === Number.POSITIVE_INFINITY) return work(end.signal)
  const alarm = createAlarm(clock, leftMs, end)
  try {
    return await Promise.race([work(end.signal), alarm.rung])
  } finally {
    alarm.stop()
  }
}

interface Alarm {
  /** Rejects when the deadline and the time for last words have passed. */
  readonly rung: Promise<never>
  stop(): void
}

/** Nobody sees it; a reason that is no error costs no stack. */
const DONE = 'done'

/** Work that answers from memory is done before the alarm is set, which would cost more than the work. */
function createAlarm(clock: Clock, leftMs: number, end: AbortController): Alarm {
  let stopped: AbortController | undefined
  let isOver = false
  async function ring(): Promise<never> {
    await new Promise(resolve => setImmediate(resolve))
    if (isOver) throw DONE
    stopped = new AbortController()
    await clock.sleep(leftMs, stopped.signal)
    const error = overrun()
    end.abort(error)
    await clock.sleep(LAST_WORDS_MS, stopped.signal)
    throw error
  }
  const stop = (): void => {
    isOver = true
    stopped?.abort(DONE)
  }
  return { rung: ring(), stop }
}

const overrun = (): CcmError => new CcmError('CCM_DEADLINE', 'the work did not end in the time given')
