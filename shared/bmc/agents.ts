import type * as http from 'node:http'
import type { Agent } from 'node:http'

/** One agent whose sockets are kept and one whose sockets serve a single request, for `http:` or `https:`. */
interface Pair {
  readonly kept: Agent
  readonly fresh: Agent
}

/** The sockets of one client. */
export interface Agents {
  /** @param fresh true for a request that may not be repeated: a kept socket may have died unseen */
  for(url: URL, fresh: boolean): Promise<Agent>
  /** Number of times that a kept socket was used again; grown during a request: it may have had such a socket. */
  reuses(): number
  /** Destroys the idle sockets; requests under way end undisturbed. */
  close(): void
}

/** Enough for the lists of one pass and some nodes at once, without a crowd of TLS handshakes. */
const MAX_SOCKETS = 16

export function createAgents(): Agents {
  const pairs = new Map<string, Promise<Pair>>()
  const made = new Set<Agent>()
  let reuses = 0

  async function create(protocol: string): Promise<Pair> {
    const { Agent } = (await import(protocol === 'http:' ? 'node:http' : 'node:https')) as typeof http
    const kept = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
    const reuseSocket = kept.reuseSocket.bind(kept)
    kept.reuseSocket = (socket, request) => {
      reuses += 1
      reuseSocket(socket, request)
    }
    made.add(kept)
    return { kept, fresh: new Agent({ keepAlive: false }) }
  }

  async function agentFor(url: URL, fresh: boolean): Promise<Agent> {
    const pair = pairs.get(url.protocol) ?? create(url.protocol)
    pairs.set(url.protocol, pair)
    return fresh ? (await pair).fresh : (await pair).kept
  }

  function close(): void {
    for (const agent of made) {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    }
  }

  return { for: agentFor, reuses: () => reuses, close }
}
