import { Agent } from 'node:http'
import fetch from 'node-fetch'
import t from 'tap'
import { runSimulate } from '../../../shared/simulator/bmc/simulate.ts'

t.test('tells how to reach it, serves what was asked for, and ends on the signal', async t => {
  const lines: string[] = []
  const stop = new AbortController()
  const printed = Promise.withResolvers<void>()
  const running = runSimulate(
    { port: 0, servers: 3, networks: 2 },
    line => {
      lines.push(line)
      if (line.endsWith('/ips/v1/ip-blocks')) printed.resolve()
    },
    stop.signal,
  )
  await printed.promise
  const text = lines.join('\n')
  const url = /base URL +(\S+)/.exec(text)?.[1] ?? ''
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  const authorization = `Basic ${btoa('sim-client:sim-secret')}`
  const token = await fetch(/token URL +(\S+)/.exec(text)?.[1] ?? '', {
    method: 'POST',
    body: form,
    headers: { authorization },
  })
  const { access_token } = (await token.json()) as { access_token: string }
  const list = async (path: string): Promise<unknown[]> => {
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${access_token}` } })
    return (await response.json()) as unknown[]
  }
  t.equal((await list('/bmc/v1/servers')).length, 3)
  t.equal((await list('/networks/v1/public-networks')).length, 2)
  t.equal((await list('/ips/v1/ip-blocks')).length, 2)
  t.match(text, /curl .*\/bmc\/v1\/servers$/m)
  stop.abort()
  await running
  const agent = new Agent()
  await t.rejects(fetch(url, { agent }), { code: 'ECONNREFUSED' })
})

t.test('tells programs how to reach it', async t => {
  const lines: string[] = []
  const options = { port: 0, servers: 1, networks: 2, output: 'json' } as const
  await runSimulate(options, line => void lines.push(line), AbortSignal.abort())
  const { baseUrl = '', tokenUrl, ...rest } = JSON.parse(lines.join('\n')) as Record<string, string>
  t.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.ok(tokenUrl?.startsWith(baseUrl))
  t.strictSame(rest, { clientId: 'sim-client', clientSecret: 'sim-secret', servers: 1, networks: 2 })
})

t.test('a signal that came before ends it too; a port in use is an error', async t => {
  await runSimulate({ port: 0, servers: 0, networks: 0 }, () => {}, AbortSignal.abort())
  const { startBmcSimulator } = await import('../../../shared/simulator/bmc/server.ts')
  const other = await startBmcSimulator()
  t.teardown(() => other.close())
  const port = Number(new URL(other.url).port)
  await t.rejects(
    runSimulate({ port, servers: 0, networks: 0 }, () => {}, AbortSignal.abort()),
    { code: 'EADDRINUSE' },
  )
})
