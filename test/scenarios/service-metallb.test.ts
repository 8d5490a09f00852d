import t from 'tap'
import { forEachCluster, startTestCluster } from '../support/cluster.ts'
import {
  METALLB_NAMESPACE,
  metallbMissing,
  readMetalLBDefinitions,
  startMetalLB,
} from '../support/metallb.ts'
import {
  assignedTo,
  createManifest,
  ingressOf,
  isHeld,
  publishedFor,
  type ServiceName,
} from '../support/services.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { watchPools } from './_pool-watch.ts'
import { sendPlainly } from './_reviews.ts'
import { expectSound } from './_sound.ts'
import { expectAddress, expectGone, expectServed, manyNames, soon, story } from './_stories.ts'

t.setTimeout(300_000)

/** As an operator had it before us; MetalLB serves whatever comes from it. */
const OPERATORS = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'operators' },
  spec: { addresses: ['192.0.2.0/28'], autoAssign: true },
}

async function untilServed(lb: LoadBalancers, name: ServiceName): Promise<void> {
  await soon(`MetalLB serves ${name}`, async () => {
    const service = await lb.service(name)
    return (
      service !== undefined &&
      assignedTo(service).length > 0 &&
      publishedFor(service).length === assignedTo(service).length
    )
  })
}

async function serveLegacy(lb: LoadBalancers): Promise<void> {
  const path = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`
  await lb.admin.request({ method: 'POST', path, body: OPERATORS })
  await sendPlainly(lb.api).create(createManifest('legacy'))
  await soon('the pool of the operator serves', async () => ingressOf(await lb.service('legacy')).length > 0)
}

t.test('the whole controller beside the real MetalLB', { skip: metallbMissing() }, async t => {
  const cluster = await startTestCluster(t, {
    kind: 'apiserver',
    dualStack: true,
    crds: readMetalLBDefinitions(),
  })
  await startMetalLB(t, cluster)
  const pools = await watchPools(t, cluster)
  const lb = await startLoadBalancers(t, cluster, {
    announcer: 'metallb',
    blocks: ['/29'],
    before: serveLegacy,
  })
  const legacy = ingressOf(await lb.service('legacy'))

  await t.test('serves exactly the address that was claimed', async t => {
    await lb.create('web')
    await lb.settle()
    await untilServed(lb, 'web')
    const address = await expectAddress(t, lb, 'web')
    t.match(await lb.claimsOf('web'), [{ address, state: 'active' }])
  })

  await t.test('a Service that comes again has its address again', async t => {
    const address = await expectAddress(t, lb, 'web')
    await lb.remove('web')
    await lb.settle()
    await expectGone(t, lb, 'web')
    t.match(await lb.claimsOf('web'), [{ address, state: 'released' }])
    await lb.create('web')
    await lb.settle()
    await untilServed(lb, 'web')
    t.equal(await expectAddress(t, lb, 'web'), address)
  })

  await t.test(
    'more than a block holds: those that wait are not served by anybody until theirs is there',
    async t => {
      const names = manyNames('more', 6)
      for (const name of names) await lb.create(name)
      for (const service of await lb.services())
        if (isHeld(service) && assignedTo(service).length === 0) t.strictSame(ingressOf(service), [])
      await lb.settle()
      for (const name of names) {
        await untilServed(lb, name)
        await expectServed(t, lb, name)
      }
      t.equal(lb.purchases(), 1)
      t.equal(lb.blocks().length, 2)
    },
  )

  await t.test('both families', async t => {
    const spec = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }
    await lb.create('both', { spec })
    await lb.settle()
    await untilServed(lb, 'both')
    await expectServed(t, lb, 'both', 2)
  })

  await t.test('to ClusterIP and back', async t => {
    const address = await expectAddress(t, lb, 'web')
    await lb.change('web', { spec: { type: 'ClusterIP' } })
    await lb.settle()
    t.strictSame(ingressOf(await lb.service('web')), [])
    await lb.change('web', { spec: { type: 'LoadBalancer' } })
    await lb.settle()
    await untilServed(lb, 'web')
    t.equal(await expectAddress(t, lb, 'web'), address)
  })

  await t.test('what MetalLB served before us was not moved', async t => {
    const service = await lb.service('legacy')
    t.strictSame(ingressOf(service), legacy)
    t.notOk(isHeld(service))
  })

  await expectSound(t, lb)
  t.ok(pools.versions() > 5, `${pools.versions()} versions of our pool`)
  t.strictSame(pools.faults, [], 'at no moment was a pool empty or did one overlap')
})

forEachCluster(t, 'nobody announces but the network', {}, async (t, cluster) => {
  story(t, cluster, 'the status is ours', { announcer: 'direct', blocks: ['/29'] }, async (t, lb) => {
    await lb.create('plain')
    await lb.settle()
    const address = await expectAddress(t, lb, 'plain')
    t.strictSame(ingressOf(await lb.service('plain')), [address])
    await lb.change('plain', { spec: { type: 'ClusterIP' } })
    await lb.settle()
    t.strictSame(ingressOf(await lb.service('plain')), [])
    await lb.change('plain', { spec: { type: 'LoadBalancer' } })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'plain'), address)
    await lb.remove('plain')
    await lb.settle()
    await expectGone(t, lb, 'plain')
  })
})
