import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Has a server listen in this process, tells its port, and then its CPU time so far in microseconds with every message. */
export async function listenMeasured(server: FastifyInstance): Promise<void> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  process.on('disconnect', () => process.exit())
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: user + system })
  })
  process.send?.((server.server.address() as AddressInfo).port)
}
