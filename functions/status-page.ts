import { hash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import { createSharedRead } from '../shared/controllers/inventory/shared-read.ts'
import { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Tracing } from '../shared/span.ts'
import type { Status } from '../shared/status/contract.ts'
import type { Decisions } from '../shared/status/decisions.ts'
import type { PageModel } from '../shared/status/page/contract.ts'
import { toTroubleDocument } from '../shared/status/page/layout.ts'
import { toPage } from '../shared/status/page/pages.ts'
import { CONTENT_SECURITY_POLICY } from '../shared/status/page/style.ts'
import { toCcmError, toErrorResponse, type WebhookHead, type WebhookResponse } from './http.ts'
import { inLook } from './status-look.ts'

export interface StatusPageParts {
  /** Looks at both sides; as costly as one pass. */
  readonly look: (signal: AbortSignal) => Promise<Status>
  readonly decisions: Pick<Decisions, 'list'>
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
  /** PNAP_STATUS_TOKEN as it is now; while there is none, there is no page. */
  readonly token: () => string | undefined
}

/** What people see of a server in a browser. Neither step throws. */
export interface StatusPage {
  /** The refusal of a request that may not go on. */
  check(head: WebhookHead): WebhookResponse | undefined
  /** @param isPressed true while others need the time: then no new look is made */
  answer(head: WebhookHead, isPressed: boolean): Promise<WebhookResponse>
}

/** However many people look, and however often: one look in this time. */
const KEEP_MS = 15_000

/** Pages of one server: looked at anew at most every 15 s, and by one look for all who wait. */
export function createStatusPage(parts: StatusPageParts): StatusPage {
  const { clock, decisions, tracing } = parts
  const startedAt = clock.now()
  const start = (signal: AbortSignal): Promise<Status> => inLook(tracing, () => lookAndTell(parts, signal))
  const read = createSharedRead({ clock, keepMs: KEEP_MS, keepFailures: true, start })
  const wrong = countWrong(parts)
  let last: { readonly status: Status; readonly at: number } | undefined

  async function toModel(isPressed: boolean): Promise<PageModel> {
    const trouble = isPressed ? BUSY : await renew()
    if (!last) throw trouble ?? BUSY
    const { status, at } = last
    return { status, trouble, ageMs: clock.now() - at, decisions: decisions.list(), startedAt }
  }

  async function renew(): Promise<CcmError | undefined> {
    try {
      const { value, startedAt: at } = await read()
      last = { status: value, at }
      return undefined
    } catch (thrown) {
      return toCcmError(thrown)
    }
  }

  return {
    check(head) {
      const refusal = check(head, parts.token())
      // A browser shows nothing before it is asked.
      if (refusal?.status === 401 && head.headers['authorization'] !== undefined) wrong.count()
      return refusal
    },
    async answer({ path, query }, isPressed) {
      try {
        const page = toPage(path, query, await toModel(isPressed))
        if (page === undefined) return toErrorResponse(unknownPath())
        return toDocumentResponse(200, page)
      } catch (thrown) {
        return toDocumentResponse(503, toTroubleDocument(path, toCcmError(thrown)))
      }
    },
  }
}

/** A failure is told once, by the look itself, however many wait for it. */
async function lookAndTell(
  { look, log }: Pick<StatusPageParts, 'look' | 'log'>,
  signal: AbortSignal,
): Promise<Status> {
  try {
    return await look(signal)
  } catch (thrown) {
    const error = toCcmError(thrown)
    log.warn({ code: error.code, error }, 'status could not be looked at')
    throw error
  }
}

/** Somebody who guesses does so again and again: one line a minute says enough. */
const LOG_INTERVAL_MS = 60_000

function countWrong({ clock, log }: Pick<StatusPageParts, 'clock' | 'log'>): { count(): void } {
  let unlogged = 0
  let nextLogAt = Number.NEGATIVE_INFINITY
  return {
    count() {
      unlogged += 1
      if (clock.now() < nextLogAt) return
      log.warn({ code: 'STATUS_UNAUTHENTICATED', count: unlogged }, 'status was asked for with a wrong token')
      nextLogAt = clock.now() + LOG_INTERVAL_MS
      unlogged = 0
    },
  }
}

const BUSY = new CcmError('STATUS_BUSY', 'the server is busy with reviews, which come first')
const unknownPath = (): CcmError => new CcmError('WEBHOOK_NOT_FOUND', 'nothing has this path')

/** Kept by nobody, sniffed, framed and told of by nothing. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

const toDocumentResponse = (status: number, body: string): WebhookResponse => ({
  status,
  headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8' },
  body,
})

/** Makes a browser ask for the token: any name, the token as the password. */
const CHALLENGE = { 'www-authenticate': 'Basic realm="cloud-provider-phoenixnap", charset="UTF-8"' }

function check({ method, headers }: WebhookHead, token: string | undefined): WebhookResponse | undefined {
  // Whoever has no page is told nothing of one.
  if (!token) return toErrorResponse(unknownPath())
  const shown = readPassword(headers['authorization'] ?? '')
  if (shown === undefined || !isSame(shown, token))
    return toErrorResponse(new CcmError('STATUS_UNAUTHENTICATED', 'the status token is missing or wrong'), {
      ...HEADERS,
      ...CHALLENGE,
    })
  if (method === 'GET' || method === 'HEAD') return undefined
  return toErrorResponse(new CcmError('STATUS_READ_ONLY', 'the status can only be read'), {
    ...HEADERS,
    allow: 'GET, HEAD',
  })
}

/** A browser shows it as the password of any user, a program as a bearer token. */
function readPassword(authorization: string): string | undefined {
  const [, scheme = '', value = ''] = /^(Basic|Bearer) +(\S+) *$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() !== 'basic') return value || undefined
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8')) ?? []
  return password
}

/** Digests have one length, and tell nothing of how much of a guess was right. */
const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
