import { Agent } from 'node:http'
import fetch from 'node-fetch'
import type { Test } from 'tap'
import {
  type BmcSimulator,
  type BmcSimulatorOptions,
  startBmcSimulator,
} from '../../../shared/simulator/bmc/server.ts'
import { createTurnableClock, type TurnableClock } from '../../../shared/simulator/clock.ts'

/** What came back; `body` is undefined when there was none, and the text itself when it was no JSON. */
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
}

export type Send = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Reply>

export interface Running {
  readonly sim: BmcSimulator
  readonly clock: TurnableClock
  /** Sends with a token of the default credentials, and JSON. */
  readonly send: Send
}

/** A simulator on a clock that stands, ending with the test, and a way to talk to it; its log is empty. */
export async function start(t: Test, options: BmcSimulatorOptions = {}): Promise<Running> {
  const clock = createTurnableClock()
  const sim = await startBmcSimulator({ clock, ...options })
  const agent = new Agent({ keepAlive: true })
  t.teardown(async () => {
    agent.destroy()
    await sim.close()
  })
  const send = sender(sim, await getToken(sim), agent)
  sim.requests.clear()
  return { sim, clock, send }
}

/** Credentials in the form body, as most clients send them. */
export async function askToken(
  sim: BmcSimulator,
  { clientId = 'sim-client', clientSecret = 'sim-secret', ...fields }: Record<string, string> = {},
): Promise<Reply> {
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    ...fields,
  }
  return toReply(await fetch(sim.tokenUrl, { method: 'POST', body: new URLSearchParams(form) }))
}

export async function getToken(sim: BmcSimulator, fields?: Record<string, string>): Promise<string> {
  const { body } = await askToken(sim, fields)
  return (body as { access_token: string }).access_token
}

export function sender({ url }: BmcSimulator, token: string, agent?: Agent): Send {
  return async (method, path, body, headers = {}) => {
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    return toReply(
      await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...type, ...headers },
        ...content,
        ...(agent === undefined ? {} : { agent }),
      }),
    )
  }
}

async function toReply(response: Awaited<ReturnType<typeof fetch>>): Promise<Reply> {
  const text = await response.text()
  return { status: response.status, headers: Object.fromEntries(response.headers), body: parse(text) }
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** One field of every object in a list that was answered: tap's match lets a longer list pass. */
export function pluck({ body }: Reply, field: string): unknown[] {
  return (body as Record<string, unknown>[]).map(item => item[field])
}
