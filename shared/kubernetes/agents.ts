import type * as https from 'node:https'
import type { Agent, RequestOptions } from 'node:https'

/** Sockets to one API server: reads share kept-alive ones, every write has a fresh one. */
export interface Agents {
  /** The agent for a request with these credentials (and their TLS options, which may have been rotated). */
  for(method: string, credentials: RequestOptions): Promise<Agent>
  /** Closes what is idle at once, and what is in use as soon as it is answered; the next request opens new ones. */
  close(): void
}

/** A list of 10,000 nodes is read page by page, and nothing else reads in parallel more than this. */
const MAX_READS = 16
const TLS_OPTIONS = ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const

interface Pair {
  /** What the agents were made with. */
  readonly key: string
  readonly reads: Agent
  readonly writes: Agent
}

/** @param server URL of the API server, http or https */
export function createAgents(server: string): Agents {
  let current: Pair | undefined

  function close(): void {
    if (current) retire(current.reads)
    current = undefined
  }

  async function renew(credentials: RequestOptions): Promise<Pair> {
    // Nothing may come between the look at `current` and its change: two requests at once would make two.
    const { Agent } = (await import(server.startsWith('http:') ? 'node:http' : 'node:https')) as typeof https
    const key = TLS_OPTIONS.map(name => toText(credentials[name])).join('|')
    if (current?.key === key) return current
    close()
    const given = TLS_OPTIONS.filter(name => credentials[name] !== undefined)
    const tls = Object.fromEntries(given.map(name => [name, credentials[name]]))
    current = {
      key,
      reads: new Agent({ ...tls, keepAlive: true, maxSockets: MAX_READS }),
      writes: new Agent({ ...tls, keepAlive: false }),
    }
    return current
  }

  return {
    async for(method, credentials) {
      const { reads, writes } = await renew(credentials)
      return method === 'GET' ? reads : writes
    },
    close,
  }
}

/** Certificates come as texts or as the bytes of a file. */
const toText = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)

/** `destroy` would cut off the requests that are under way. */
function retire(agent: Agent): void {
  ;(agent as Agent & { keepAlive: boolean }).keepAlive = false
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}
