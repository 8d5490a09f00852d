import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What kube-proxy is to a Service: one port before the replicas that are ready. */
export interface Front {
  readonly port: number
  /**
   * Leads new connections to these ports of this machine, the first that answers, and ends those there are.
   *
   * @returns when the callers have ended them as well: what they send next comes by a new one
   */
  readonly lead: (...ports: readonly number[]) => Promise<void>
}

/** Ends with the test. Nobody is behind it at first. */
export async function startFront(t: Test): Promise<Front> {
  let targets: readonly number[] = []
  const open = new Set<Socket>()
  const server = createServer(caller => {
    open.add(caller)
    caller.on('close', () => open.delete(caller)).on('error', () => caller.destroy())
    pass(caller, targets)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    async lead(...ports) {
      targets = ports
      const closed = [...open].map(socket => once(socket, 'close'))
      for (const socket of open) socket.end()
      await Promise.all(closed)
    },
  }
}

function pass(caller: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) {
    caller.destroy()
    return
  }
  const replica = connect(port, '127.0.0.1')
  replica.once('error', () => pass(caller, others))
  replica.once('connect', () => {
    replica.removeAllListeners('error')
    replica.on('error', () => caller.destroy()).on('close', () => caller.destroy())
    caller.on('close', () => replica.destroy())
    caller.pipe(replica).pipe(caller)
  })
}
