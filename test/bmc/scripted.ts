import { FetchError, Response } from 'node-fetch'
import { type Bmc, type BmcOptions, createBmc, type Fetch } from '../../shared/bmc/client.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'
import { collectLog, type Line } from '../support/collect-log.ts'

/** What one request meets: an answer, a failure of the transport, or silence until it is aborted. */
export interface Step {
  readonly status?: number
  /** A text is sent as it stands, everything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Code of a system error, as ECONNRESET. */
  readonly fail?: string
  readonly syscall?: string
  readonly hang?: true
  /** Runs while the request is under way. */
  readonly meanwhile?: () => void | Promise<void>
}

/** A request as it was sent. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string | undefined
}

export interface Scripted {
  readonly bmc: Bmc
  readonly clock: TurnableClock
  /** Requests of the API, in order. */
  readonly seen: Seen[]
  /** Bodies of the token requests, in order. */
  readonly asked: URLSearchParams[]
  readonly lines: Line[]
}

/** Steps in order; the last one is repeated. */
export interface Script extends Partial<BmcOptions> {
  readonly api?: readonly Step[]
  readonly token?: readonly Step[]
}

const API = 'https://api.bmc.test'
const TOKEN = 'https://auth.bmc.test/token'
export const SECRET = 'the-client-secret'

/** A client whose fetch follows a script; tokens are token-1, token-2, … with a life of 900 s unless scripted. */
export function scripted({ api = [{ body: [] }], token, ...options }: Script = {}): Scripted {
  const clock = createTurnableClock()
  const seen: Seen[] = []
  const asked: URLSearchParams[] = []
  const lines: Line[] = []
  const fetch = (async (url: string, init: RequestInit) => {
    const body = typeof init.body === 'string' ? init.body : undefined
    if (url === TOKEN) {
      asked.push(new URLSearchParams(body))
      return play(stepAt(token ?? [giveToken(asked.length)], asked.length), init)
    }
    const { authorization } = init.headers as Record<string, string>
    seen.push({ method: init.method ?? 'GET', path: url.slice(API.length), authorization, body })
    return play(stepAt(api, seen.length), init)
  }) as unknown as Fetch
  const bmc = createBmc({
    baseUrl: API,
    tokenUrl: TOKEN,
    credentials: async () => ({ clientId: 'the-client', clientSecret: SECRET }),
    clock,
    random: () => 0,
    log: collectLog(lines),
    fetch,
    ...options,
  })
  return { bmc, clock, seen, asked, lines }
}

/** Answer of a token endpoint. */
export const giveToken = (number: number, seconds = 900): Step => ({
  body: { access_token: `token-${number}`, expires_in: seconds },
})

const stepAt = (steps: readonly Step[], count: number): Step => steps[count - 1] ?? steps.at(-1) ?? {}

async function play(step: Step, { signal }: RequestInit): Promise<Response> {
  await step.meanwhile?.()
  if (step.hang)
    await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
  if (step.fail !== undefined) {
    throw Object.assign(new FetchError('request failed', 'system', { code: step.fail, errno: step.fail }), {
      erroredSysCall: step.syscall,
    })
  }
  const { status = 200, body, headers = {} } = step
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return new Response(text ?? null, { status, headers })
}
