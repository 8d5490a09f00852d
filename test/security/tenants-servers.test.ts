import t from 'tap'
import { story } from '../scenarios/_stories.ts'
import { forEachCluster } from '../support/cluster.ts'
import { createManifest, type ServiceWish } from '../support/services.ts'
import { ADDRESS_KEYS, READERS } from './_readers.ts'

t.setTimeout(300_000)

const OPERATORS = '198.51.100.6'
const SERVER = '198.51.100.7'
const KEY = ADDRESS_KEYS['kube-vip']
const CLASS = { loadBalancerClass: 'kube-vip.io/kube-vip-class' }
const STATUS = { loadBalancer: { ingress: [{ ip: SERVER }] } }

const WAYS: Readonly<Record<string, ServiceWish>> = {
  'the annotation of the announcer': { annotations: { [KEY]: SERVER } },
  'behind one outside': { annotations: { [KEY]: `192.0.2.1,${SERVER}` } },
  'mapped into IPv6': { annotations: { [KEY]: `::ffff:${SERVER}` } },
  'spec.loadBalancerIP': { spec: { loadBalancerIP: SERVER } },
  'a class that is not served from here': { annotations: { [KEY]: SERVER }, spec: CLASS },
}

forEachCluster(t, "a server's address", {}, async (t, cluster) => {
  story(t, cluster, 'is announced for nobody, however it is named', { blocks: ['/29'] }, async (t, lb) => {
    lb.backend.addMembership(lb.networkId, { resourceId: 'server-1', ips: [SERVER] })
    await lb.pass()
    await lb.timePasses(5_000)
    for (const [way, wish] of Object.entries(WAYS)) {
      const { status, warnings } = await lb.create('team-b/attacker', wish)
      t.equal(status, 201, `${way}: it is stored`)
      t.equal(warnings.length, 1, `${way}: and its user is told`)
      for (const when of ['at once', 'later']) {
        const service = await lb.service('team-b/attacker')
        t.strictSame(service && READERS['kube-vip'](service), [], `${way}: not announced ${when}`)
        await lb.pass()
      }
      await lb.remove('team-b/attacker')
      await lb.settle()
    }
  })

  story(t, cluster, 'is not had by a status that a user made up', { blocks: ['/29'] }, async (t, lb) => {
    lb.backend.addMembership(lb.networkId, { resourceId: 'server-1', ips: [SERVER] })
    await lb.pass()
    await lb.timePasses(5_000)
    for (const spec of [{}, CLASS]) {
      const { metadata, ...rest } = createManifest('team-b/attacker', {
        annotations: { [KEY]: SERVER },
        spec,
      })
      const service = { ...rest, metadata, status: STATUS }
      const ref = { namespace: 'team-b', name: 'attacker' }
      const review = { operation: 'CREATE', ...ref, dryRun: true, service, old: undefined } as const
      const { patch } = await lb.world.app.controllers.admitService(review, { deadline: Date.now() + 60_000 })
      t.match(JSON.stringify(patch), /kube-vip.io~1ignore/)
    }
  })

  const unseen = { by: 'nobody', blocks: ['/29'] } as const
  story(t, cluster, 'is put right where nobody reviewed it', unseen, async (t, lb) => {
    lb.backend.addMembership(lb.networkId, { resourceId: 'server-1', ips: [SERVER] })
    await lb.create('team-b/attacker', { annotations: { [KEY]: SERVER }, spec: CLASS })
    await lb.pass()
    const service = await lb.service('team-b/attacker')
    t.strictSame(service && READERS['kube-vip'](service), [])
  })

  story(t, cluster, 'the rest of the network is left alone', { blocks: ['/29'] }, async (t, lb) => {
    lb.backend.addMembership(lb.networkId, { resourceId: 'server-1', ips: [SERVER] })
    await lb.pass()
    await lb.timePasses(5_000)
    const annotations = { [KEY]: OPERATORS }
    const { service } = await lb.create('team-a/theirs', { annotations })
    await lb.settle()
    const { metadata } = (await lb.service('team-a/theirs')) ?? {}
    t.strictSame(metadata?.annotations, annotations)
    t.equal(metadata?.resourceVersion, service.metadata.resourceVersion)
  })
})
