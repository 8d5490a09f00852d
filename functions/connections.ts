import type { Server, Socket } from 'node:net'

/** Most connections at once, and from one address. */
export interface ConnectionLimits {
  readonly all: number
  readonly perAddress: number
}

/**
 * An idle connection with TLS takes some 50 KiB, so that all of them fit beside the work into the memory that is
 * planned for. API servers hold some dozens. One address gets half: whoever holds connections without a token locks
 * nobody else out.
 */
export const CONNECTION_LIMITS: ConnectionLimits = { all: 1000, perAddress: 500 }

/** Closes connections that are too many at once, before anything is read from them. */
export function limitConnections(server: Server, { all, perAddress }: ConnectionLimits): void {
  const open = new Map<string, number>()
  server.maxConnections = all
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (open.get(address) ?? 0) + 1
    if (count > perAddress) {
      socket.destroy()
      return
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
  })
}
