import type { Fetch } from '../../shared/kubernetes/client.ts'
import type { Life } from './clock.ts'
import type { Call, Effect, Fate } from './contract.ts'
import type { Delivered, Wires } from './network.ts'

export const CLUSTER_URL = 'https://cluster.simulated'
export const CLOUD_URL = 'https://cloud.simulated'

/** What a process is to the network. */
export interface Caller {
  readonly name: string
  readonly life: Life
  /** Numbers an effect, and says what becomes of the process at it. */
  readonly meetFate: (side: Effect['side'], name: string) => Fate | undefined
  readonly kill: () => void
}

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

/** Questions that are asked with POST. */
const ASKING = /^\/apis\/(authorization|authentication)\.k8s\.io\/|\/openid-connect\/token$/

/** node-fetch for a process of the world; what comes back after its death is never heard. */
export function createFetch(wires: Wires, caller: Caller): Fetch {
  async function fetch(url: string, sent: Sent): Promise<unknown> {
    const call = toCall(caller.name, url, sent)
    return toResponse(await untilDeath(caller, exchange(wires, caller, call, sent)))
  }
  return fetch as unknown as Fetch
}

async function exchange(wires: Wires, caller: Caller, call: Call, sent: Sent): Promise<Delivered> {
  if (caller.life.isDead) return never()
  const fate = call.isWrite ? caller.meetFate(toSide(call), `${call.method} ${call.path}`) : undefined
  if (fate === 'killed before') {
    caller.kill()
    return never()
  }
  const answer = await wires.send(call, { headers: sent.headers, signal: sent.signal })
  if (fate === 'killed after') caller.kill()
  if (fate === 'not answered') throw Object.assign(new Error('the answer was lost'), { code: 'ECONNRESET' })
  return answer
}

const toSide = ({ to }: Call): Effect['side'] => (to === 'cloud' ? 'cloud' : 'cluster')

function toCall(from: string, text: string, { method = 'GET', body = '' }: Sent): Call {
  const url = new URL(text)
  const to = text.startsWith(CLOUD_URL) ? 'cloud' : 'cluster'
  const isWrite = method !== 'GET' && !ASKING.test(url.pathname)
  return { from, to, method, path: url.pathname, query: url.search.slice(1), body, isWrite }
}

const toResponse = ({ status, headers, text }: Delivered): object => ({
  ok: status >= 200 && status < 300,
  status,
  headers: { get: (name: string) => headers[name.toLowerCase()] ?? null },
  text: async () => text,
})

/** A dead process hears nothing any more. */
export async function untilDeath<T>({ life }: Pick<Caller, 'life'>, work: Promise<T>): Promise<T> {
  try {
    const value = await work
    return life.isDead ? await never() : value
  } catch (error) {
    if (life.isDead) return never()
    throw error
  }
}

const never = (): Promise<never> => new Promise(() => {})
