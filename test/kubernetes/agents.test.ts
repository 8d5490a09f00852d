import { EventEmitter } from 'node:events'
import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { createKube } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { type Answer, connect, json, startApiServer } from './_api-server.ts'

const NODE = '/api/v1/nodes/a'

t.test('reads share one, each write has its own', async t => {
  const server = await startApiServer(t, json({}))
  const kube = await connect(t, server)
  for (const method of ['GET', 'GET', 'PATCH', 'GET', 'PATCH'] as const)
    await kube.request({ method, path: NODE, ...(method === 'PATCH' ? { body: {} } : {}) })
  t.same(
    server.received.map(({ connection }) => connection),
    [1, 1, 2, 1, 3],
  )
})
t.test('the first reads at once leave none behind', async t => {
  const server = await startApiServer(t, json({}))
  const kube = await connect(t, server)
  await Promise.all([kube.request({ path: NODE }), kube.request({ path: NODE })])
  kube.close()
  while (server.connections() > 0) await new Promise(resolve => setImmediate(resolve))
  t.match(await kube.request({ path: NODE }), { body: {} }, 'a closed client opens a new one')
})

t.test('a client certificate may be replaced while a write is under way', async t => {
  const held = new EventEmitter()
  const slowly: Answer = (_request, response) => {
    held.once('release', () => response.end('{"done":true}'))
  }
  const server = await startApiServer(t, slowly, json({}))
  const { ca, clients } = server.certificates
  const folder = t.testdir({
    'ca.crt': ca,
    'client.crt': clients['one']?.cert ?? '',
    'client.key': clients['one']?.key ?? '',
  })
  await writeFile(`${folder}/kubeconfig`, toKubeconfig(server.url))
  const kube = createKube({ config: await loadKubeConfig({ kubeconfig: `${folder}/kubeconfig` }) })
  t.teardown(() => kube.close())

  const write = kube.request({ method: 'POST', path: NODE, body: {} })
  while (server.received.length === 0) await new Promise(resolve => setImmediate(resolve))
  await writeFile(`${folder}/client.crt`, clients['two']?.cert ?? '')
  await writeFile(`${folder}/client.key`, clients['two']?.key ?? '')
  await kube.request({ path: NODE })
  held.emit('release')
  t.match(await write, { body: { done: true } })
  t.same(
    server.received.map(({ client }) => client),
    ['one', 'two'],
  )
})

t.test('the end of a client ends what is under way, closing its idle sockets does not', async t => {
  const held: (() => void)[] = []
  const server = await startApiServer(t, (_request, response) => {
    held.push(() => response.end('{"a":1}'))
  })
  const kube = await connect(t, server, { timeoutMs: 600_000 })
  const [read, write] = [kube.request({ path: NODE }), kube.request({ method: 'POST', path: NODE, body: {} })]
  while (held.length < 2) await new Promise(resolve => setImmediate(resolve))
  kube.close()
  held[0]?.()
  held[1]?.()
  t.match(await Promise.all([read, write]), [{ body: { a: 1 } }, { body: { a: 1 } }])
  const late = [kube.request({ path: NODE }), kube.request({ method: 'POST', path: NODE, body: {} })]
  while (held.length < 4) await new Promise(resolve => setImmediate(resolve))
  kube.end()
  for (const request of late) await t.rejects(request, { code: 'KUBE_TIMEOUT' })
  await t.rejects(kube.request({ path: NODE }), { code: 'KUBE_TIMEOUT' }, 'and nothing begins any more')
  while (server.connections() > 0) await new Promise(resolve => setImmediate(resolve))
  t.equal(server.received.length, 4)
})

const toKubeconfig = (server: string): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
