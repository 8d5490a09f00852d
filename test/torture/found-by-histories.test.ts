import t from 'tap'
import type { IPAddress } from '../../shared/kubernetes/types.ts'
import { createWorld } from '../../torture/world/world.ts'
import { create, MINUTE, SERVICES, toService } from './_worlds.ts'

t.setTimeout(120_000)

t.test('a block for spare addresses is not given back while it is on its way', async t => {
  const world = await createWorld({
    seed: 1,
    blocks: ['/29'],
    webhook: false,
    environment: {
      PNAP_IP_BLOCK_SIZE: '/29',
      PNAP_MIN_FREE_ADDRESSES: '4',
      PNAP_BLOCK_GRACE: '0s',
    },
  })
  let purchases = 0
  world.history.onEntry(entry => {
    if (entry.kind === 'cloud' && entry.operation === 'POST /ips/v1/ip-blocks') purchases += 1
  })
  world.start({ host: 'serve' })
  world.start({ host: 'serve' })
  await world.advance(MINUTE)
  for (const name of ['web', 'api', 'db']) await create(world, name)
  await world.advance(30 * MINUTE)
  for (const process of world.processes) process.kill()
  t.equal(purchases, 1, 'bought once, and kept')
  t.strictSame(
    world.cloud.backend.ipBlocks().map(({ status }) => status),
    ['assigned', 'assigned'],
  )
})

t.test('a page of something in front of the API server is no proof that anything has gone', async t => {
  const world = await createWorld({ seed: 2, blocks: ['/29'] })
  world.cloud.backend.addServer({ hostname: 'node-a' })
  const process = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  await create(world, 'web')
  await world.advance(2 * MINUTE)
  const find = () => world.cluster.store.get('services', 'web', 'default')?.metadata.annotations
  const before = find()?.['phoenixnap.com/assigned-ips']
  t.ok(before, 'it is served')
  const struckAt = world.clock.now()
  const page = world.network.add({
    to: 'cluster',
    trouble: { kind: 'status', status: 404, body: '<html>404</html>' },
    matches: ({ from, path }) => from === process.name && !path.endsWith('/ipaddresses'),
    probability: 0.5,
  })
  for (let minute = 0; minute < 20; minute++) {
    await process.work([{ kind: 'Service', namespace: 'default', name: 'web' }])
    await world.advance(MINUTE)
  }
  t.ok(page.hits > 20)
  world.network.clear()
  await world.advance(5 * MINUTE)
  t.equal(find()?.['phoenixnap.com/assigned-ips'], before)
  const states = world.history.entries.flatMap(entry =>
    entry.kind === 'stored' && entry.resource === 'ipaddresses'
      ? (entry.object.metadata.annotations?.['phoenixnap.com/state'] ?? [])
      : [],
  )
  t.notOk(states.includes('released'), 'its claim was never released')
  const writes = world.history.entries.filter(
    ({ kind, at, by }) => kind === 'stored' && at > struckAt && by === process.name,
  )
  t.strictSame(
    writes.flatMap(entry => (entry.kind === 'stored' && entry.resource !== 'leases' ? entry.resource : [])),
    [],
    'and nothing else was written',
  )
})

t.test('a Service whose marks were dropped while nobody reviewed it keeps its address', async t => {
  const world = await createWorld({ seed: 3, blocks: ['/29'] })
  const process = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  await create(world, 'web')
  await world.advance(2 * MINUTE)
  const find = () => world.cluster.store.get('services', 'web', 'default')?.metadata.annotations
  const before = find()?.['phoenixnap.com/assigned-ips']
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.50' }] } }
  await world.request('admin', {
    method: 'PATCH',
    path: `${SERVICES}/web/status`,
    patch: 'merge',
    body: { status },
  })
  world.network.add({ to: 'admission', trouble: { kind: 'refused' } })
  await world.request('admin', { method: 'PUT', path: `${SERVICES}/web`, body: toService('web') })
  t.equal(find(), undefined, 'nothing of ours is left on it')
  world.network.clear()
  await world.advance(5 * MINUTE)
  process.kill()
  t.ok(before)
  t.equal(find()?.['phoenixnap.com/assigned-ips'], before)
})

t.test('who asks for an address while another one is claimed for him gets that one or none', async t => {
  const world = await createWorld({ seed: 4, blocks: ['/29'], webhook: false })
  const process = world.start({ host: 'serve' })
  const assignedTo = (name: string) =>
    world.cluster.store.get('services', name, 'default')?.metadata.annotations?.[
      'phoenixnap.com/assigned-ips'
    ]
  await world.advance(MINUTE)
  await create(world, 'db')
  await world.advance(2 * MINUTE)
  const taken = assignedTo('db')
  const late = world.network.add({
    to: 'cluster',
    trouble: { kind: 'delay before', ms: 5000 },
    matches: ({ from, method, path }) =>
      from === process.name && method === 'PATCH' && path.endsWith('/services/web'),
    times: 1,
  })
  await create(world, 'web')
  for (let second = 0; late.hits === 0 && second < 120; second++) await world.advance(1000)
  t.equal(late.hits, 1)
  const body = { spec: { loadBalancerIP: taken } }
  await world.request('admin', { method: 'PATCH', path: `${SERVICES}/web`, patch: 'merge', body })
  await world.advance(3 * MINUTE)
  process.kill()
  t.ok(taken)
  t.equal(assignedTo('web'), undefined)
  t.equal(assignedTo('db'), taken)
})

t.test('who lost his address and asks for a taken one gets none that is only claimed for him', async t => {
  const world = await createWorld({ seed: 9, blocks: ['/29'] })
  const process = world.start({ host: 'serve' })
  const assignedTo = (name: string) =>
    world.cluster.store.get('services', name, 'default')?.metadata.annotations?.[
      'phoenixnap.com/assigned-ips'
    ]
  const ask = (name: string, loadBalancerIP: string | undefined) =>
    world.request('admin', {
      method: 'PATCH',
      path: `${SERVICES}/${name}`,
      patch: 'merge',
      body: { spec: { loadBalancerIP } },
    })
  await world.advance(MINUTE)
  for (const name of ['web', 'db', 'copy']) await create(world, name)
  await world.advance(2 * MINUTE)
  const [lost, taken] = [assignedTo('web'), assignedTo('db')]
  const unwritten = world.network.add({
    to: 'cluster',
    trouble: { kind: 'hang before' },
    matches: ({ from, method, path }) =>
      from === process.name && method === 'PATCH' && path.endsWith('/services/web'),
  })
  await world.request('admin', {
    method: 'DELETE',
    path: `/apis/networking.k8s.io/v1/ipaddresses/${lost}`,
  })
  await ask('copy', lost)
  await world.advance(2 * MINUTE)
  t.ok(unwritten.hits > 0, 'another one was claimed for it')
  t.equal(assignedTo('web'), lost)
  const { status } = await ask('web', taken)
  const reviewed = assignedTo('web')
  world.network.clear()
  await world.advance(3 * MINUTE)
  process.kill()
  t.strictSame([status, reviewed, assignedTo('web')], [200, undefined, undefined])
  t.strictSame([assignedTo('db'), assignedTo('copy')], [taken, lost])
})

t.test('who has an address gets back its claim before it is given to one that waits', async t => {
  const environment = { PNAP_MAX_BLOCKS: '1' }
  const world = await createWorld({ seed: 7, blocks: ['/30'], environment })
  const first = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  await create(world, 'web')
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) await create(world, name)
  await world.advance(MINUTE)
  first.kill()
  const address = '198.19.0.18'
  await world.request('admin', {
    method: 'DELETE',
    path: `/apis/networking.k8s.io/v1/ipaddresses/${address}`,
  })
  world.start({ host: 'serve' })
  await world.advance(2 * MINUTE)
  for (const process of world.processes) process.kill()
  const { spec } = world.cluster.store.get<IPAddress>('ipaddresses', address) ?? {}
  t.match(spec?.parentRef, { name: 'web' })
  t.match(world.cluster.store.get('services', 'web', 'default')?.metadata.annotations, {
    'phoenixnap.com/assigned-ips': address,
  })
})

t.test('who has just been given an address keeps it, whatever a slow look at claims says', async t => {
  const world = await createWorld({ seed: 8, webhook: false })
  const status = () => world.cloud.backend.ipBlocks()[0]?.status
  world.start({ host: 'serve' })
  await world.advance(1000)
  await create(world, 'web')
  while (status() !== 'assigning') await world.advance(100)
  // Assigned within ten seconds: between the slow look at blocks and the end of that at claims.
  await world.advance(5000)
  // So that a pass has something to do for it.
  const body = { metadata: { annotations: { 'kube-vip.io/ignore': null } } }
  await world.request('admin', { method: 'PATCH', path: `${SERVICES}/web`, patch: 'merge', body })
  let lists = 0
  const slow = world.start({ host: 'serve' })
  world.network.add({
    to: 'cluster',
    matches: ({ from, method, path }) =>
      from === slow.name && method === 'GET' && path.endsWith('/ipaddresses') && (lists += 1) > 1,
    trouble: { kind: 'delay after', ms: 12_000 },
  })
  const stored: unknown[] = []
  world.history.onEntry(entry => {
    if (entry.kind === 'stored' && entry.resource === 'services')
      stored.push(entry.object.metadata.annotations?.['phoenixnap.com/waiting'] === undefined)
  })
  await world.advance(2 * MINUTE)
  for (const process of world.processes) process.kill()
  t.ok(lists > 1)
  t.strictSame(stored.slice(stored.indexOf(true)).includes(false), false, 'it never waits again')
  t.equal(stored.at(-1), true)
})

t.test(
  "an address goes to its rest when its Service's name is now that of one that others serve",
  async t => {
    const world = await createWorld({ seed: 9, blocks: ['/29'] })
    const process = world.start({ host: 'serve' })
    // The cluster IP has an IPAddress of that parent as well, without a state.
    const claims = () =>
      world.cluster.store
        .list<IPAddress>('ipaddresses')
        .filter(({ spec }) => spec.parentRef.name === 'web')
        .flatMap(({ metadata: { annotations } }) => annotations?.['phoenixnap.com/state'] ?? [])
    await world.advance(MINUTE)
    await create(world, 'web')
    await world.advance(2 * MINUTE)
    t.strictSame(claims(), ['active'])
    world.network.add({ to: 'admission', trouble: { kind: 'refused' } })
    const path = `${SERVICES}/web`
    const body = { metadata: { finalizers: null } }
    await world.request('admin', { method: 'PATCH', path, patch: 'merge', body })
    await world.request('admin', { method: 'DELETE', path })
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }], loadBalancerIP: '192.0.2.50' }
    await world.request('admin', { method: 'POST', path: SERVICES, body: { ...toService('web'), spec } })
    world.network.clear()
    await world.advance(3 * MINUTE)
    t.strictSame(claims(), ['released'])
    await world.advance(12 * MINUTE)
    process.kill()
    t.strictSame(claims(), [])
    const { metadata } = world.cluster.store.get('services', 'web', 'default') ?? {}
    t.strictSame([metadata?.annotations, metadata?.finalizers], [undefined, undefined], 'it is left alone')
  },
)
