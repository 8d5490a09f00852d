import type { Server, Socket } from 'node:net'

/** Most connections at once, and from one address. */
export interface ConnectionLimits {
  readonly all: number
  readonly perAddress: number
}

/**
 * An idle connection with TLS takes some 50 KiB, so that all of them fit beside the work into the memory that is
 * planned for. API servers hold some dozens, and in a burst one for each review.
 */
export const CONNECTION_LIMITS: ConnectionLimits = { all: 1500, perAddress: 500 }

/** The connections of a server, and who has shown on them that he may call. */
export interface Connections {
  /** Is kept whatever comes, until its caller closes it. */
  trust(socket: Socket): void
  isTrusted(socket: Socket): boolean
}

interface Connection {
  readonly socket: Socket
  readonly address: string
}

/**
 * Closes connections that are too many at once: the oldest of those on which nobody has shown a token yet, so that who holds many
 * without one locks nobody out; where there is none, the new one, before anything is read from it.
 */
export function limitConnections(server: Server, { all, perAddress }: ConnectionLimits): Connections {
  const counts = new Map<string, number>()
  const trusted = new Set<string>()
  /** Those among them whose ends need no look any more. */
  const known = new WeakSet<Socket>()
  // In the order of their coming.
  const strangers = new Map<string, Connection>()
  let open = 0

  function add(socket: Socket): void {
    const [id, address] = [toId(socket), toAddress(socket)]
    open += 1
    counts.set(address, (counts.get(address) ?? 0) + 1)
    strangers.set(id, { socket, address })
    socket.once('close', () => {
      open -= 1
      const left = (counts.get(address) ?? 1) - 1
      if (left > 0) counts.set(address, left)
      else counts.delete(address)
      // Whoever comes from the same port later is another one.
      if (strangers.get(id)?.socket === socket) strangers.delete(id)
      else trusted.delete(id)
    })
  }

  /** @returns false where all connections are trusted */
  function makeRoom(address?: string): boolean {
    for (const [id, one] of strangers) {
      if (address !== undefined && one.address !== address) continue
      strangers.delete(id)
      one.socket.destroy()
      return true
    }
    return false
  }

  server.on('connection', (socket: Socket) => {
    const address = toAddress(socket)
    const isFull = (counts.get(address) ?? 0) >= perAddress
    if (isFull ? makeRoom(address) : open < all || makeRoom()) add(socket)
    else socket.destroy()
  })
  return {
    trust(socket) {
      if (known.has(socket)) return
      const id = toId(socket)
      if (!strangers.delete(id)) return
      trusted.add(id)
      known.add(socket)
    },
    isTrusted: socket => trusted.has(toId(socket)),
  }
}

const toAddress = (socket: Socket): string => socket.remoteAddress ?? ''

/** With TLS a request comes by another object than the connection; both have the same two ends. */
const toId = (socket: Socket): string =>
  [socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort].join(' ')
