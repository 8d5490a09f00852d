import t, { type Test } from 'tap'
import { FINALIZER } from '../../shared/kubernetes/names.ts'
import { assets, forEachCluster } from '../support/cluster.ts'
import {
  assignedTo,
  createManifest,
  ingressOf,
  isHeld,
  KUBE_VIP_IGNORE,
  KUBE_VIP_IPS,
  publishedFor,
  type ServiceManifest,
} from '../support/services.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { expectSound } from './_sound.ts'
import {
  expectAddress,
  expectServed,
  expectWaiting,
  GRACE_MS,
  REST_MS,
  soon,
  story,
  TYPE_CHANGE_REST_MS,
  untilConfirmed,
} from './_stories.ts'

t.setTimeout(200_000)

const ONE = { blocks: ['/29'] } as const
const OURS = /^(phoenixnap\.com\/(assigned-ips|waiting)|kube-vip\.io\/(loadbalancerIPs|ignore))$/

const ourAnnotations = async (lb: LoadBalancers, name: string): Promise<string[]> =>
  Object.keys((await lb.service(name))?.metadata.annotations ?? {}).filter(key => OURS.test(key))

/** Nothing of ours is on the Service, and its address rests. */
async function expectReleased(t: Test, lb: LoadBalancers, name: string, address: string): Promise<void> {
  t.notOk(isHeld(await lb.service(name)), 'our finalizer is gone')
  t.strictSame(await ourAnnotations(lb, name), [], 'and so is what we wrote')
  t.match(await lb.claimsOf(name), [{ address, state: 'released' }], 'its address rests')
}

forEachCluster(t, 'a Service is changed', {}, async (t, cluster) => {
  story(t, cluster, 'to ClusterIP and back', ONE, async (t, lb) => {
    await lb.create('turn')
    await lb.settle()
    const address = await expectAddress(t, lb, 'turn')
    t.equal((await lb.change('turn', { spec: { type: 'ClusterIP' } })).status, 200)
    await lb.settle()
    await expectReleased(t, lb, 'turn', address)

    // kube-vip keeps the address on its interface: it rests longer than one that was deleted.
    await lb.timePasses(REST_MS)
    await lb.settle()
    await lb.create('heir')
    t.not((await lb.claimsOf('heir'))[0]?.address, address)
    await lb.change('turn', { spec: { type: 'LoadBalancer' } })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'turn'), address, 'it gets its address back')

    await lb.change('turn', { spec: { type: 'ClusterIP' } })
    await lb.remove('heir')
    await lb.settle()
    await lb.timePasses(TYPE_CHANGE_REST_MS)
    await lb.settle()
    t.strictSame(await lb.claims(), [], 'a day later it rests no more')
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    t.strictSame(lb.blocks(), [])
  })

  story(t, cluster, 'from ClusterIP to LoadBalancer, with an address free', ONE, async (t, lb) => {
    await lb.create('late', { spec: { type: 'ClusterIP' } })
    const asked = lb.requests()
    const { service } = await lb.change('late', { spec: { type: 'LoadBalancer' } })
    t.equal(assignedTo(service).length, 1, 'the change itself brings it')
    t.ok(isHeld(service))
    t.equal(lb.requests(), asked)
    await lb.settle()
    await expectServed(t, lb, 'late')
  })

  story(t, cluster, 'from ClusterIP to LoadBalancer while nothing is free', {}, async (t, lb) => {
    await lb.create('poor', { spec: { type: 'ClusterIP' } })
    await lb.change('poor', { spec: { type: 'LoadBalancer' } })
    await expectWaiting(t, lb, 'poor')
    await lb.pass()
    t.equal(lb.purchases(), 1)
    await lb.change('poor', { spec: { type: 'ClusterIP' } })
    await lb.settle()
    t.strictSame(await ourAnnotations(lb, 'poor'), [], 'a wait that has ended leaves no mark')
    t.notOk(isHeld(await lb.service('poor')))
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    t.strictSame(lb.blocks(), [], 'what was bought for it meanwhile is given back')
  })

  story(t, cluster, 'its loadBalancerIP is cleared together with the type', ONE, async (t, lb) => {
    const [, free] = [lb.blocks()[0], await freeAddress(lb)]
    await lb.create('pinned', { spec: { loadBalancerIP: free } })
    await lb.settle()
    t.strictSame(assignedTo(await lb.service('pinned')), [free])
    await lb.change('pinned', { spec: { type: 'ClusterIP', loadBalancerIP: null } })
    await lb.settle()
    await expectReleased(t, lb, 'pinned', free)
    await lb.timePasses(TYPE_CHANGE_REST_MS)
    await lb.settle()
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    t.strictSame(lb.blocks(), [], 'nothing leaks')
  })

  story(t, cluster, 'what we wrote is taken off by hand', ONE, async (t, lb) => {
    await lb.create('bare')
    await lb.settle()
    const address = await expectAddress(t, lb, 'bare')
    const all = { 'phoenixnap.com/assigned-ips': null, [KUBE_VIP_IPS]: null }
    for (const change of [
      { metadata: { annotations: { [KUBE_VIP_IPS]: null } } },
      { metadata: { annotations: { 'phoenixnap.com/assigned-ips': null } } },
      { metadata: { annotations: all } },
      { metadata: { finalizers: null } },
      { metadata: { annotations: all, finalizers: null } },
    ]) {
      const { service } = await lb.change('bare', change)
      t.strictSame(publishedFor(service), [address], `${JSON.stringify(change)} takes nothing away`)
      t.ok(isHeld(service))
      await lb.settle()
      t.equal(await expectAddress(t, lb, 'bare'), address)
    }
  })

  story(t, cluster, 'the same, and nobody reviews it', { ...ONE, by: 'nobody' }, async (t, lb) => {
    await lb.create('alone')
    await lb.settle()
    const address = await expectAddress(t, lb, 'alone')
    const annotations = { 'phoenixnap.com/assigned-ips': null, [KUBE_VIP_IPS]: null }
    await lb.change('alone', { metadata: { annotations, finalizers: null } })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'alone'), address, 'the next pass puts it right')
    await lb.change('alone', { metadata: { annotations: { [KUBE_VIP_IGNORE]: 'true' } } })
    await lb.settle()
    t.strictSame(assignedTo(await lb.service('alone')), [address])
    await lb.change('alone', { metadata: { annotations: { [KUBE_VIP_IGNORE]: null } } })
  })

  story(t, cluster, 'labels and foreign annotations do not matter', ONE, async (t, lb) => {
    await lb.create('same')
    await lb.settle()
    const address = await expectAddress(t, lb, 'same')
    const { service } = await lb.change('same', {
      metadata: { labels: { a: 'b' }, annotations: { 'example.com/x': 'y' } },
    })
    t.strictSame(assignedTo(service), [address])
    t.equal(service.metadata.annotations?.['example.com/x'], 'y')
    t.ok(service.metadata.finalizers?.includes(FINALIZER))
  })

  t.test('kubectl replace and apply of a manifest that lacks what we added', async t => {
    const lb = await startLoadBalancers(t, cluster, { by: 'webhook', blocks: ['/29'] })
    for (const verb of ['replace', 'apply'] as const) {
      const name = `by-${verb}`
      t.equal((await send(lb, 'apply', createManifest(name))).trim(), '')
      await untilConfirmed(lb, name)
      const address = await expectAddress(t, lb, name)
      const port = { name: '81', port: 81, protocol: 'TCP', targetPort: 81 }
      await send(lb, verb, createManifest(name, { spec: { ports: [port] } }))
      t.equal(await expectAddress(t, lb, name), address, `${verb}: the address stays, at once`)
      t.match((await lb.service(name))?.spec, { ports: [{ port: 81 }] }, 'and the change is there')
      await send(lb, verb, createManifest(name, { spec: { type: 'ClusterIP', ports: [port] } }))
      await soon('it is let go', async () => (await lb.claimsOf(name))[0]?.state === 'released')
      await soon('it is held no longer', async () => !isHeld(await lb.service(name)))
      await expectReleased(t, lb, name, address)
    }
    await expectSound(t, lb)
  })

  t.test('kubectl replace of a Service that is being deleted, which the manifest does not say', async t => {
    const lb = await startLoadBalancers(t, cluster, { by: 'webhook', blocks: ['/29'] })
    const manifest = createManifest('going', { finalizers: ['example.com/hold'] })
    await send(lb, 'apply', manifest)
    await untilConfirmed(lb, 'going')
    await lb.remove('going')
    await soon('our finalizer is gone', async () => !isHeld(await lb.service('going')))
    t.equal(await send(lb, 'replace', manifest), '', 'it is not refused')
    t.notOk(isHeld(await lb.service('going')), 'and gets no finalizer of ours any more')
    await send(lb, 'replace', createManifest('going'))
    await soon('it is gone', async () => (await lb.service('going')) === undefined)
    await expectSound(t, lb)
  })

  const direct = { ...ONE, announcer: 'direct' } as const
  story(t, cluster, 'where nobody else writes the status, we do', direct, async (t, lb) => {
    await lb.create('open')
    await lb.settle()
    const [address = ''] = assignedTo(await lb.service('open'))
    t.strictSame(ingressOf(await lb.service('open')), [address])
    const path = '/api/v1/namespaces/default/services/open/status'
    const wiped = { status: { loadBalancer: { ingress: null } } }
    await lb.admin.request({ method: 'PATCH', path, patch: 'merge', body: wiped })
    await lb.settle()
    t.strictSame(ingressOf(await lb.service('open')), [address], 'and put it right')
    await lb.change('open', { spec: { type: 'ClusterIP' } })
    await lb.settle()
    await expectReleased(t, lb, 'open', address)
    await lb.timePasses(REST_MS)
    await lb.settle()
    t.strictSame(await lb.claims(), [], 'nobody keeps such an address on an interface: it rests as others do')
  })
})

forEachCluster(t, 'families of a Service', { dualStack: true }, async (t, cluster) => {
  const both = { ipFamilyPolicy: 'RequireDualStack' }

  story(t, cluster, 'are changed to both and back', ONE, async (t, lb) => {
    await lb.create('stack')
    await lb.settle()
    const first = await expectAddress(t, lb, 'stack')
    await lb.change('stack', { spec: both })
    await lb.settle()
    const [four, six = ''] = await expectServed(t, lb, 'stack', 2)
    t.equal(four, first, 'the address that it has stays')
    t.match(six, /:/)
    t.strictSame(
      lb.blocks().map(({ cidrBlockSize }) => cidrBlockSize),
      ['/29', '/64'],
    )
    await lb.change('stack', {
      spec: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'], clusterIPs: await firstIp(lb) },
    })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'stack'), first)
    t.match(
      (await lb.claimsOf('stack')).filter(({ address }) => address !== first),
      [{ address: six, state: 'released' }],
    )
    await lb.change('stack', { spec: both })
    await lb.settle()
    t.strictSame(await expectServed(t, lb, 'stack', 2), [first, six], 'and it comes back')
  })

  story(t, cluster, 'are both from the start: it waits for both', ONE, async (t, lb) => {
    await lb.create('two', { spec: both })
    await lb.settle()
    const addresses = await expectServed(t, lb, 'two', 2)
    t.notMatch(addresses[0], /:/, 'the primary family comes first')
    await lb.create('three', { spec: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] } })
    await lb.settle()
    t.match((await expectServed(t, lb, 'three', 2))[0], /:/)
    await lb.create('four', { spec: { ipFamilies: ['IPv6'] } })
    await lb.settle()
    t.match(await expectAddress(t, lb, 'four'), /:/)
    t.equal(lb.purchases(), 1, 'a network takes one IPv6 block, which they share')
  })
})

/** As a user does it with kubectl, where there is one. @returns what went wrong or was warned of */
async function send(
  lb: LoadBalancers,
  verb: 'replace' | 'apply',
  manifest: ServiceManifest,
): Promise<string> {
  const { name } = manifest.metadata
  if (assets) {
    const { stderr } = await lb.cluster.kubectl([verb, '-f', '-'], { stdin: JSON.stringify(manifest) })
    return stderr
  }
  const exists = (await lb.service(name)) !== undefined
  const { status, warnings } = await (exists ? lb.way.replace(manifest) : lb.way.create(manifest))
  return status < 300 ? warnings.join('\n') : `status ${status}`
}

/** An address that nobody has yet, of the only block. */
async function freeAddress(lb: LoadBalancers): Promise<string> {
  const [base = '', last = '0'] =
    (lb.blocks()[0]?.cidr ?? '')
      .split('/')[0]
      ?.match(/^(.*\.)(\d+)$/)
      ?.slice(1) ?? []
  const taken = new Set((await lb.claims()).map(({ address }) => address))
  return [2, 3, 4, 5, 6].map(place => `${base}${Number(last) + place}`).find(found => !taken.has(found)) ?? ''
}

/** The cluster IP that stays when a Service goes back to one family. */
const firstIp = async (lb: LoadBalancers): Promise<string[]> =>
  (await lb.service('stack'))?.spec?.clusterIPs?.slice(0, 1) ?? []
