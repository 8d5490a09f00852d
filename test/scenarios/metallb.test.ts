import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { getAnnouncer } from '../../shared/announcers/announcers.ts'
import type { AnnouncerFields, PoolEntry } from '../../shared/announcers/contract.ts'
import { applyPools } from '../../shared/controllers/address/pools.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { startTestCluster } from '../support/cluster.ts'
import {
  METALLB_NAMESPACE,
  metallbMissing,
  readMetalLBDefinitions,
  startMetalLB,
} from '../support/metallb.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const POOLS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`
const POLL_MS = 50
const LIMIT_MS = 30_000

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + LIMIT_MS
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within ${LIMIT_MS / 1000} s`)
    await sleep(POLL_MS)
  }
}

t.test('the real MetalLB', { skip: metallbMissing() }, async t => {
  const cluster = await startTestCluster(t, {
    kind: 'apiserver',
    dualStack: true,
    crds: readMetalLBDefinitions(),
  })
  await startMetalLB(t, cluster)
  const kube = await cluster.kube()
  const metallb = getAnnouncer('metallb', { metallbNamespace: METALLB_NAMESPACE })
  /** Claims by Service name. */
  const claims = new Map<string, readonly string[]>()

  async function settlePools(): Promise<void> {
    const entries = [...claims].flatMap(([name, addresses]) =>
      addresses.map(
        (address): PoolEntry => ({
          address,
          family: address.includes(':') ? 'IPv6' : 'IPv4',
          service: { namespace: 'default', name },
        }),
      ),
    )
    const { problems, missing } = await applyPools(kube, metallb, async () => entries)
    t.strictSame({ problems, missing }, { problems: [], missing: [] })
  }

  async function get(name: string): Promise<KubeService> {
    return (await kube.request<KubeService>({ path: `${SERVICES}/${name}` })).body
  }

  async function create(
    name: string,
    toFields: (service: KubeService) => AnnouncerFields,
    spec = {},
  ): Promise<void> {
    const service = { metadata: { name }, spec: { type: 'LoadBalancer', ...spec } }
    const { annotations = {} } = toFields(service)
    const body = {
      ...service,
      metadata: { name, annotations },
      spec: { ...service.spec, ports: [{ port: 80 }] },
    }
    await kube.request({ method: 'POST', path: SERVICES, body })
  }

  async function write(name: string, toFields: (service: KubeService) => AnnouncerFields): Promise<void> {
    const body = { metadata: { annotations: toFields(await get(name)).annotations ?? {} } }
    await kube.request({ method: 'PATCH', path: `${SERVICES}/${name}`, patch: 'merge', body })
  }

  const addressesOf = async (name: string): Promise<string[]> =>
    ((await get(name)).status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip)

  const untilServed = (name: string, ...addresses: string[]): Promise<void> =>
    until(
      `${name} has ${addresses.join() || 'nothing'}`,
      async () => (await addressesOf(name)).toSorted().join() === addresses.toSorted().join(),
    )

  async function countEvents(name: string, reason: string): Promise<number> {
    const fieldSelector = `involvedObject.name=${name},reason=${reason}`
    const { body } = await kube.request<{ items: unknown[] }>({
      path: '/api/v1/namespaces/default/events',
      query: { fieldSelector },
    })
    return body.items.length
  }

  const untilRefused = (name: string): Promise<void> =>
    until(`${name} is refused`, async () => (await countEvents(name, 'AllocationFailed')) > 0)

  const poolNames = async (): Promise<string[]> =>
    (await kube.request<{ items: { metadata: { name: string } }[] }>({ path: POOLS })).body.items.map(
      ({ metadata }) => metadata.name,
    )

  await t.test('serves exactly the address of the annotation, which may come before the pool', async t => {
    claims.set('web', ['203.0.113.9'])
    await create('web', service => metallb.toServing(service, ['203.0.113.9']))
    await settlePools()
    await untilServed('web', '203.0.113.9')
    t.strictSame(await poolNames(), ['cloud-provider-phoenixnap'])
  })

  await t.test('serves both addresses of a dual-stack Service', async () => {
    claims.set('dual', ['2001:db8::5', '203.0.113.10'])
    await settlePools()
    await create('dual', service => metallb.toServing(service, ['2001:db8::5', '203.0.113.10']), {
      ipFamilies: ['IPv6', 'IPv4'],
      ipFamilyPolicy: 'RequireDualStack',
    })
    await untilServed('dual', '2001:db8::5', '203.0.113.10')
  })

  await t.test('serves a pinned address without an annotation, and refuses one with both', async t => {
    claims.set('pinned', ['203.0.113.11'])
    await settlePools()
    const pin = { loadBalancerIP: '203.0.113.11' }
    await create('pinned', service => metallb.toServing(service, ['203.0.113.11']), pin)
    await untilServed('pinned', '203.0.113.11')
    const both = { annotations: { 'metallb.io/loadBalancerIPs': '203.0.113.11' } }
    await write('pinned', () => both)
    await until('both are refused', async () => (await countEvents('pinned', 'LoadBalancerFailed')) > 0)
    await write('pinned', service => metallb.toServing(service, ['203.0.113.11']))
    await untilServed('pinned', '203.0.113.11')
    t.notOk((await get('pinned')).metadata.annotations?.['metallb.io/loadBalancerIPs'])
  })

  await t.test("a waiting Service is not served from an operator's pool, and is not moved later", async t => {
    const spec = { addresses: ['198.51.100.0/28'], autoAssign: true }
    await kube.request({
      method: 'POST',
      path: POOLS,
      body: {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata: { name: 'operators' },
        spec,
      },
    })
    await create('unmarked', () => ({}))
    await until('the pool of the operator serves', async () => (await addressesOf('unmarked')).length > 0)
    t.match(await addressesOf('unmarked'), [/^198\.51\.100\./])

    await create('late', service => metallb.toWaiting(service))
    await untilRefused('late')
    t.strictSame(await addressesOf('late'), [])

    const seen = new Set<string>()
    claims.set('late', ['203.0.113.12'])
    await settlePools()
    await write('late', service => metallb.toServing(service, ['203.0.113.12']))
    await until('late is served', async () => {
      for (const address of await addressesOf('late')) seen.add(address)
      return seen.size > 0
    })
    t.strictSame([...seen], ['203.0.113.12'])
    t.strictSame(await poolNames(), ['cloud-provider-phoenixnap', 'operators'])
  })

  await t.test('a Service without its address in the pool loses it; the others keep theirs', async t => {
    claims.delete('web')
    await settlePools()
    await untilServed('web')
    await write('web', service => metallb.toWaiting(service))
    await write('web', service => metallb.toCleared(service, ['203.0.113.9']))
    for (const [name, addresses] of claims)
      t.strictSame((await addressesOf(name)).toSorted(), addresses.toSorted(), name)
  })

  await t.test(
    'a pin to the address of another Service is served with nothing until it is taken back',
    async t => {
      const [own, theirs] = ['203.0.113.14', '203.0.113.15']
      claims.set('thief', [own])
      await settlePools()
      await create('thief', service => metallb.toServing(service, [own]))
      await untilServed('thief', own)
      const pin = async (loadBalancerIP: string | null): Promise<void> => {
        const stored = await get('thief')
        const changed = { ...stored, spec: { ...stored.spec, loadBalancerIP: loadBalancerIP ?? '' } }
        const annotations = metallb.toServing(changed, [own]).annotations ?? {}
        const body = { metadata: { annotations }, spec: { loadBalancerIP } }
        await kube.request({ method: 'PATCH', path: `${SERVICES}/thief`, patch: 'merge', body })
      }
      // In the pool and not served yet: MetalLB would give it to whoever asks first.
      claims.set('victim', [theirs])
      await settlePools()
      await create('victim', service => metallb.toWaiting(service))
      await untilRefused('victim')
      await pin(theirs)
      await untilServed('thief')
      await untilRefused('thief')
      await write('victim', service => metallb.toServing(service, [theirs]))
      await untilServed('victim', theirs)
      t.strictSame(await addressesOf('thief'), [])
      await pin(null)
      await untilServed('thief', own)
      t.strictSame(await addressesOf('victim'), [theirs])
      for (const name of ['thief', 'victim']) {
        await kube.request({ method: 'DELETE', path: `${SERVICES}/${name}` })
        claims.delete(name)
      }
      await settlePools()
    },
  )

  await t.test('a Service that has an address must not be marked as waiting: it would lose it', async () => {
    await write('late', service => metallb.toWaiting(service))
    await untilServed('late')
    await write('late', service => metallb.toServing(service, ['203.0.113.12']))
    await untilServed('late', '203.0.113.12')
  })

  await t.test('no address, no pool; MetalLB still heeds what comes later', async t => {
    claims.clear()
    await settlePools()
    t.strictSame(await poolNames(), ['operators'])
    for (const name of ['dual', 'pinned', 'late']) await untilServed(name)
    claims.set('late', ['203.0.113.13'])
    await settlePools()
    await write('late', service => metallb.toServing(service, ['203.0.113.13']))
    await untilServed('late', '203.0.113.13')
  })
})
