import t from 'tap'
import { testContract } from './contract.ts'

/** The resources that the controller and its users work with. */
const RESOURCES: Record<string, readonly string[]> = {
  '/api/v1': [
    'configmaps',
    'events',
    'namespaces',
    'nodes',
    'nodes/status',
    'secrets',
    'serviceaccounts',
    'services',
    'services/status',
  ],
  '/apis/coordination.k8s.io/v1': ['leases'],
  '/apis/networking.k8s.io/v1': ['ipaddresses', 'servicecidrs'],
  '/apis/events.k8s.io/v1': ['events'],
  '/apis/admissionregistration.k8s.io/v1': ['mutatingwebhookconfigurations'],
  '/apis/rbac.authorization.k8s.io/v1': ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'],
  '/apis/authorization.k8s.io/v1': ['selfsubjectaccessreviews'],
  '/apis/authentication.k8s.io/v1': ['selfsubjectreviews'],
}

interface Resource {
  readonly name: string
  readonly verbs: readonly string[]
  readonly [field: string]: unknown
}

testContract(t, 'discovery', {}, async (t, contract) => {
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const { status, body } = await contract.api().call({ method: 'GET', path })
    t.equal(status, 200, path)
    return body
  }

  for (const [path, names] of Object.entries(RESOURCES))
    await t.test(path, async t => {
      const { resources, ...list } = await get(path)
      const found = (resources as Resource[]).filter(({ name }) => names.includes(name))
      contract.recording.check(t, path, { ...list, resources: Object.fromEntries(found.map(toEntry)) })
    })
  await t.test('groups', async t => {
    t.match(await get('/api'), { kind: 'APIVersions', versions: ['v1'] })
    const { groups, ...list } = await get('/apis')
    t.match(list, { kind: 'APIGroupList', apiVersion: 'v1' })
    const served = (groups as { versions: { groupVersion: string }[] }[]).flatMap(({ versions }) =>
      versions.map(({ groupVersion }) => `/apis/${groupVersion}`),
    )
    for (const path of Object.keys(RESOURCES).slice(1)) t.ok(served.includes(path), path)
    t.match(await get('/apis/networking.k8s.io'), { kind: 'APIGroup', name: 'networking.k8s.io' })
  })
  await t.test('version', async t => {
    t.match(await get('/version'), { major: '1', minor: /^\d+/, gitVersion: /^v1\.\d+\.\d+/ })
  })
  for (const path of ['/healthz', '/livez', '/readyz'])
    await t.test(path, async t => t.same(await get(path), { text: 'ok' }))
})

/** By name, without the hash by which clients notice a change of the stored version. */
function toEntry(resource: Resource): [string, object] {
  const { storageVersionHash: _, ...entry } = resource
  return [resource.name, entry]
}
