import { type AddressInfo, createServer } from 'node:net'

/** Ports that nobody uses now. They are taken a moment later, and another process may be quicker: an error then. */
export async function findFreePorts(): Promise<readonly [number, number, number, number]> {
  const servers = [createServer(), createServer(), createServer(), createServer()] as const
  const [a, b, c, d] = servers
  const ports = await Promise.all([listen(a), listen(b), listen(c), listen(d)])
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

const listen = (server: ReturnType<typeof createServer>): Promise<number> =>
  new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
