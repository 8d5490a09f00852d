import t from 'tap'
import { ADMIN, assets, CONTROLLER, forEachCluster, startTestCluster } from './cluster.ts'

forEachCluster(t, 'users', { everyKind: true }, async (t, cluster) => {
  const whoAmI = async (user: string): Promise<unknown> => {
    const kube = await cluster.kube(user)
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const { body } = await kube.request<{ status: { userInfo: { username: string; groups: string[] } } }>({
      method: 'POST',
      path,
      body: review,
    })
    return { name: body.status.userInfo.username, groups: body.status.userInfo.groups.toSorted() }
  }
  const expected = {
    [ADMIN]: ['system:authenticated', 'system:masters'],
    'system:node:node-a': ['system:authenticated', 'system:nodes'],
    [CONTROLLER]: ['system:authenticated', 'system:serviceaccounts', 'system:serviceaccounts:kube-system'],
    somebody: ['system:authenticated'],
  }
  for (const [name, groups] of Object.entries(expected)) t.same(await whoAmI(name), { name, groups })
  t.test('kubectl', { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t => {
    const { stdout, code } = await cluster.kubectl(['get', 'namespace', 'kube-system', '-o', 'name'])
    t.same({ stdout, code }, { stdout: 'namespace/kube-system\n', code: 0 })
    t.equal((await cluster.kubectl(['get', 'nodes'], { user: 'somebody' })).code, 1)
  })
})

t.test('a real API server', { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  const kube = await cluster.kube()
  await kube.request({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'kept' } } })

  await t.test('can be away for a while', async t => {
    await cluster.apiServer?.stop()
    await t.rejects(kube.request({ path: '/api/v1/nodes/kept' }), { code: 'KUBE_UNREACHABLE' })
    await cluster.apiServer?.start()
    t.match(await kube.request({ path: '/api/v1/nodes/kept' }), { body: { metadata: { name: 'kept' } } })
  })
  await t.test('is set up anew, keeping its data', async t => {
    await cluster.reconfigure({ webhookTokens: [{ hostPort: '*', token: 'x' }] })
    t.match(await kube.request({ path: '/api/v1/nodes/kept' }), { body: { metadata: { name: 'kept' } } })
  })
  await t.test('whose options are wrong says why it did not start', async t => {
    const audit = { url: 'https://127.0.0.1:1/', policy: 'kind: Nonsense' }
    await t.rejects(cluster.reconfigure({ audit }), /did not become ready[^]*audit/)
  })
})
