import t from 'tap'
import { createCertificates } from '../../../shared/simulator/certificates.ts'
import { createApi } from '../../support/api.ts'
import { simulate } from './_simulated.ts'

const NODES = '/api/v1/nodes'

t.test('a fresh cluster: namespaces, the Service of the API server, its address', async t => {
  const { simulator } = await simulate(t)
  t.same(
    simulator.store.list('namespaces').map(({ metadata }) => metadata.name),
    ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
  )
  t.match(simulator.store.get('services', 'kubernetes', 'default'), { spec: { clusterIP: '10.96.0.1' } })
  t.ok(simulator.store.get('ipaddresses', '10.96.0.1'))
})

t.test('users come from their tokens', async t => {
  const { simulator, api } = await simulate(t)
  const who = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} }
  t.match(await api('system:node:node-a').call(who), {
    body: {
      status: {
        userInfo: { username: 'system:node:node-a', groups: ['system:nodes', 'system:authenticated'] },
      },
    },
  })
  const anonymous = createApi(simulator.kubeconfig().replace(/token: .*/, 'name: none'))
  t.teardown(() => anonymous.close())
  t.match(await anonymous.call({ method: 'GET', path: NODES }), { status: 403 })
  const headers = { authorization: 'Bearer stolen' }
  t.match(await anonymous.call({ method: 'GET', path: NODES, headers }), {
    status: 401,
    body: { reason: 'Unauthorized' },
  })
})

t.test('without credentials somebody may be admin', async t => {
  const { simulator } = await simulate(t, { anonymousAdmin: true })
  const anonymous = createApi(simulator.kubeconfig().replace(/token: .*/, 'name: none'))
  t.teardown(() => anonymous.close())
  t.equal((await anonymous.call({ method: 'GET', path: NODES })).status, 200)
})

t.test('a token of a service account', async t => {
  const { simulator, api } = await simulate(t)
  const path = '/api/v1/namespaces/kube-system/serviceaccounts/ccm/token'
  t.equal((await api().call({ method: 'POST', path, body: { spec: {} } })).status, 404)
  simulator.store.create({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'ccm', namespace: 'kube-system' },
  })
  t.match(await api().call({ method: 'POST', path, body: { spec: { expirationSeconds: 600 } } }), {
    status: 201,
    body: {
      status: {
        token: simulator.tokenFor('system:serviceaccount:kube-system:ccm'),
        expirationTimestamp: '2026-01-01T00:10:00Z',
      },
    },
  })
})

t.test('the time of an answer is that of the clock', async t => {
  const { clock, api } = await simulate(t)
  await clock.turn(90_000)
  const { headers } = await api().call({ method: 'GET', path: '/version' })
  t.equal(headers['date'], 'Thu, 01 Jan 2026 00:01:30 GMT')
})

t.test('serves TLS, with the authority in the kubeconfig', async t => {
  const { simulator, api } = await simulate(t, { tls: await createCertificates({ hosts: ['127.0.0.1'] }) })
  t.match(simulator.url, /^https:/)
  t.match(await api().call({ method: 'GET', path: '/readyz' }), { status: 200, body: { text: 'ok' } })
})

t.test('a body over the limit is refused', async t => {
  const { api } = await simulate(t)
  const body = { metadata: { name: 'a' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } }
  t.match(await api().call({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body }), {
    status: 413,
  })
})

t.test('a watch ends at its time, and with the simulator', async t => {
  const { simulator, clock, api } = await simulate(t)
  const take = async (path: string): Promise<unknown[]> => {
    const events: unknown[] = []
    for await (const event of api().watch(path, new AbortController().signal)) events.push(event)
    return events
  }
  const timed = take(`${NODES}?watch=true&timeoutSeconds=30&allowWatchBookmarks=true&resourceVersion=1`)
  const endless = take(`${NODES}?watch=true&resourceVersion=1`)
  while (simulator.requests.count({ verb: 'watch' }) < 2) await new Promise(resolve => setImmediate(resolve))
  await clock.turn(30_000)
  t.match(await timed, [{ type: 'BOOKMARK' }])
  await simulator.close()
  t.same(await endless.catch(() => []), [])
})
