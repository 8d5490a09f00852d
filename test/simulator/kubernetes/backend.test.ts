import t from 'tap'
import type { KubeObject } from '../../../shared/simulator/kubernetes/objects.ts'
import { simulate } from './_simulated.ts'

t.test('creates complete objects, without webhooks and users', async t => {
  const { simulator } = await simulate(t)
  const created = simulator.store.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { ports: [{ port: 80 }] },
  })
  t.match(created, {
    metadata: { uid: /^[0-9a-f-]{36}$/, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      type: 'ClusterIP',
      clusterIP: /^10\.96\./,
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    },
  })
  t.same(simulator.store.get('services', 'web', 'default'), created)
  t.equal(simulator.requests.count(), 0)
  t.throws(() => simulator.store.create({ ...created, metadata: { name: 'web', namespace: 'default' } }), {
    code: 409,
  })
})

t.test('merges into an object and its status', async t => {
  const { simulator } = await simulate(t)
  simulator.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } })
  const patch = {
    metadata: { labels: { x: 'y' } },
    spec: { providerID: 'p://1' },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  }
  t.match(simulator.store.merge('nodes', 'a', patch), patch)
  const { resourceVersion } = simulator.store.get('nodes', 'a')?.metadata ?? {}
  simulator.store.merge('nodes', 'a', patch)
  t.equal(simulator.store.get('nodes', 'a')?.metadata.resourceVersion, resourceVersion, 'nothing changed')
  t.throws(() => simulator.store.merge('nodes', 'b', {}), { code: 404 })
  t.throws(() => simulator.store.merge('nodes', 'a', { spec: { providerID: 'p://2' } }), { code: 422 })
})

const names = (objects: KubeObject[]): unknown[] => objects.map(({ metadata }) => metadata.name)

t.test('lists by namespace and labels; what is given out is a copy', async t => {
  const { simulator } = await simulate(t)
  for (const [name, namespace] of [
    ['a', 'default'],
    ['b', 'kube-system'],
  ])
    simulator.store.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, labels: { name } },
    })
  t.same(names(simulator.store.list('configmaps')), ['a', 'b'])
  t.same(names(simulator.store.list('configmaps', { namespace: 'default' })), ['a'])
  t.same(names(simulator.store.list('configmaps', { labelSelector: 'name=b' })), ['b'])
  for (const map of simulator.store.list('configmaps')) map.metadata.labels = {}
  t.same(names(simulator.store.list('configmaps', { labelSelector: 'name' })), ['a', 'b'])
})

t.test('tells of changes, and removes whatever finalizers say', async t => {
  const { simulator } = await simulate(t)
  const seen: string[] = []
  const stop = simulator.store.onChange(({ type, resource, object }) =>
    seen.push(`${type} ${resource} ${object.metadata.name}`),
  )
  simulator.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', finalizers: ['x.io/y'] } })
  t.equal(simulator.store.delete('nodes', 'a'), true)
  t.equal(simulator.store.delete('nodes', 'a'), false)
  stop()
  t.same(seen, ['ADDED nodes a', 'DELETED nodes a'])
})

t.test('custom resources are served when they are announced', async t => {
  const pools = {
    group: 'metallb.io',
    version: 'v1beta1',
    resource: 'ipaddresspools',
    kind: 'IPAddressPool',
    namespaced: true,
  }
  const { simulator, api } = await simulate(t, { customResources: [pools] })
  const path = '/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools'
  const body = { metadata: { name: 'p' }, spec: { addresses: ['203.0.113.9/32'], autoAssign: false } }
  t.match(
    await api().call({
      method: 'POST',
      path,
      body: { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', ...body },
    }),
    {
      status: 201,
      body: { ...body, metadata: { generation: 1 } },
    },
  )
  const change = { spec: { addresses: [] } }
  t.match(await api().call({ method: 'PATCH', path: `${path}/p`, patch: 'merge', body: change }), {
    status: 200,
    body: { metadata: { generation: 2 } },
  })
  t.match(await api().call({ method: 'PATCH', path: `${path}/p`, patch: 'strategic', body: change }), {
    status: 415,
  })
  t.throws(() => simulator.store.get('nothing', 'x'), { message: /serves no resource nothing/ })
})
