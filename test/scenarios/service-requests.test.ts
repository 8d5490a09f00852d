import t, { type Test } from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import {
  addressIn,
  announcedFor,
  assignedTo,
  createManifest,
  isHeld,
  isWaiting,
  KUBE_VIP_IPS,
  nameOf,
  publishedFor,
} from '../support/services.ts'
import { addBlocks, type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { expectSound } from './_sound.ts'
import { expectAddress, expectEvent, expectServed, REST_MS, story } from './_stories.ts'

t.setTimeout(200_000)

const ONE = { blocks: ['/29'] } as const
const OUTSIDE = '203.0.113.99'
const FAILED = { type: 'Warning', reason: 'SyncLoadBalancerFailed' } as const

const cidrOf = (lb: LoadBalancers): string => lb.blocks()[0]?.cidr ?? ''
/** The two ways of asking for an address. */
const BY = {
  annotation: (address: string) => ({ annotations: { [KUBE_VIP_IPS]: address } }),
  loadBalancerIP: (address: string) => ({ spec: { loadBalancerIP: address } }),
}

/** Whatever it asked for: it is sent nowhere, and gets nothing instead. */
async function expectRefused(t: Test, lb: LoadBalancers, name: string, message: RegExp): Promise<void> {
  const service = await lb.service(name)
  t.strictSame(assignedTo(service), [], 'it is given no other address instead')
  t.strictSame(announcedFor(service), [], 'and its announcer does not serve the one asked for')
  await expectEvent(t, lb, name, { ...FAILED, message })
}

forEachCluster(t, 'a requested address', {}, async (t, cluster) => {
  for (const [way, by] of Object.entries(BY)) {
    story(t, cluster, `that is free, by ${way}`, ONE, async (t, lb) => {
      const wanted = addressIn(cidrOf(lb), 5)
      const { service, warnings } = await lb.create('free', by(wanted))
      t.strictSame(assignedTo(service), [wanted], 'is given at once')
      t.strictSame(warnings, [])
      await lb.settle()
      t.equal(await expectAddress(t, lb, 'free'), wanted)
      if (way === 'loadBalancerIP') {
        t.equal((await lb.service('free'))?.spec?.loadBalancerIP, wanted, 'the pin stays as it is')
      }
      t.equal(lb.purchases(), 0)
    })

    story(t, cluster, `that is taken, by ${way}`, ONE, async (t, lb) => {
      await lb.create('holder')
      await lb.settle()
      const taken = await expectAddress(t, lb, 'holder')
      const { status, warnings } = await lb.create('wisher', by(taken))
      t.equal(status, 201, 'the Service is stored all the same')
      t.match(warnings.join(), new RegExp(taken), 'and its user is told')
      await lb.settle()
      await expectRefused(t, lb, 'wisher', new RegExp(taken))
      t.equal(await expectAddress(t, lb, 'holder'), taken)
      t.equal(lb.purchases(), 0, 'nothing is bought for a wish that no purchase fulfils')

      await lb.remove('holder')
      await lb.settle()
      await expectRefused(t, lb, 'wisher', new RegExp(taken))
      await lb.timePasses(REST_MS)
      await lb.settle()
      t.equal(await expectAddress(t, lb, 'wisher'), taken, 'it is given once it is free')
    })

    story(t, cluster, `that is malformed, by ${way}`, ONE, async (t, lb) => {
      const { warnings, status } = await lb.create('odd', by('198.19.0.300'))
      if (status !== 201) return void t.equal(status, 422, 'the API server refuses it itself')
      t.match(warnings.join(), /198\.19\.0\.300/)
      await lb.settle()
      await expectRefused(t, lb, 'odd', /198\.19\.0\.300/)
      await lb.change('odd', {
        metadata: { annotations: { [KUBE_VIP_IPS]: null } },
        spec: { loadBalancerIP: null },
      })
      await lb.settle()
      await expectServed(t, lb, 'odd')
    })

    story(t, cluster, `outside our blocks, on a new Service, by ${way}`, ONE, async (t, lb) => {
      const { service } = await lb.create('foreign', by(OUTSIDE))
      await lb.settle()
      const now = await lb.service('foreign')
      t.notOk(isHeld(now), 'is somebody else’s business')
      t.equal(now?.metadata.resourceVersion, service.metadata.resourceVersion, 'and nothing is written')
      t.equal((await lb.events('foreign')).length, 1, 'but one event')
      await lb.change('foreign', { metadata: { annotations: { 'phoenixnap.com/manage': 'true' } } })
      await lb.settle()
      await expectRefused(t, lb, 'foreign', new RegExp(OUTSIDE))
    })
  }

  const NEVER = { network: 0, gateway: 1, broadcast: 7 }
  for (const [what, place] of Object.entries(NEVER)) {
    story(t, cluster, `that is the ${what} of a block`, ONE, async (t, lb) => {
      const wanted = addressIn(cidrOf(lb), place)
      t.match((await lb.create('never', BY.annotation(wanted))).warnings.join(), new RegExp(wanted))
      await lb.settle()
      await expectRefused(t, lb, 'never', new RegExp(wanted))
    })
  }

  story(t, cluster, 'and others avoid what belongs to servers or is reserved', {}, async (t, lb) => {
    const [block] = addBlocks(lb.backend, lb.networkId, lb.uid, ['/29'])
    const [member, reserved] = [2, 3].map(place => addressIn(block?.cidr ?? '', place)) as [string, string]
    lb.backend.addMembership(lb.networkId, { resourceId: 'a-server', ips: [member] })
    const app = await lb.world.another({ PNAP_RESERVED_ADDRESSES: reserved })
    await app.controllers.resync({ deadline: lb.clock.now() + 60_000 })
    const names = ['a', 'b', 'c', 'd'].map(letter => `shy-${letter}`)
    for (const name of names) {
      const review = createManifest(name)
      const call = { deadline: lb.clock.now() + 10_000 }
      const { patch = [] } = await app.controllers.admitService(
        { operation: 'CREATE', name, namespace: 'default', service: review, old: undefined, dryRun: false },
        call,
      )
      t.notMatch(JSON.stringify(patch), new RegExp(`"${member}"|"${reserved}"`))
    }
    const claimed = (await lb.claims()).map(({ address }) => address)
    const left = [4, 5, 6].map(place => addressIn(block?.cidr ?? '', place))
    t.equal(
      claimed.length,
      2,
      'of three that are left, as nobody knows yet whether these Services are stored',
    )
    t.ok(claimed.every(address => left.includes(address)))
  })

  story(t, cluster, 'on a Service that has one: it moves only where it can', ONE, async (t, lb) => {
    await lb.create('mover')
    await lb.create('other')
    await lb.settle()
    const first = await expectAddress(t, lb, 'mover')
    const taken = await expectAddress(t, lb, 'other')
    const free =
      [2, 3, 4, 5, 6].map(place => addressIn(cidrOf(lb), place)).find(ip => ![first, taken].includes(ip)) ??
      ''
    for (const unfit of [taken, OUTSIDE]) {
      const { warnings } = await lb.change('mover', { metadata: { annotations: { [KUBE_VIP_IPS]: unfit } } })
      t.match(warnings.join(), new RegExp(unfit))
      await lb.settle()
      t.strictSame(
        (await lb.claimsOf('mover')).map(({ address }) => address),
        [first],
        'it is not given another one',
      )
      await lb.change('mover', { metadata: { annotations: { [KUBE_VIP_IPS]: null } } })
      await lb.settle()
      t.equal(await expectAddress(t, lb, 'mover'), first, 'without the wish it is as before')
    }
    await lb.change('mover', { metadata: { annotations: { [KUBE_VIP_IPS]: free } } })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'mover'), free)
    t.match(
      (await lb.claimsOf('mover')).filter(({ address }) => address === first),
      [{ state: 'released' }],
      'the former one rests',
    )
  })

  const unseen = { ...ONE, by: 'nobody' } as const
  story(t, cluster, 'that cannot be had, and nobody reviews it', unseen, async (t, lb) => {
    await lb.create('stayer')
    await lb.settle()
    const first = await expectAddress(t, lb, 'stayer')
    await lb.change('stayer', { metadata: { annotations: { [KUBE_VIP_IPS]: OUTSIDE } } })
    await lb.world.resync()
    await lb.settle()
    await expectEvent(t, lb, 'stayer', { type: 'Warning', message: new RegExp(OUTSIDE) })
    t.strictSame(
      (await lb.claimsOf('stayer')).map(({ address }) => address),
      [first],
    )
    const service = await lb.service('stayer')
    t.ok(service && !publishedFor(service).includes(OUTSIDE), 'what is not ours is not announced')
    await lb.change('stayer', { metadata: { annotations: { [KUBE_VIP_IPS]: null } } })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'stayer'), first)
  })
})

forEachCluster(t, 'a Service is restored from a backup', {}, async (t, cluster) => {
  story(t, cluster, 'into this cluster, its address still free', ONE, async (t, lb) => {
    await lb.create('saved')
    await lb.create('stays')
    await lb.settle()
    const address = await expectAddress(t, lb, 'saved')
    const backup = await backUp(lb, 'saved')
    await lb.remove('saved')
    await lb.settle()
    await lb.timePasses(REST_MS)
    await lb.settle()
    t.strictSame(await lb.claimsOf('saved'), [], 'nothing of it is left')
    await lb.way.create(backup)
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'saved'), address, 'it is claimed anew')
  })

  story(
    t,
    cluster,
    'into this cluster, its address taken since',
    { blocks: ['/30', '/30'] },
    async (t, lb) => {
      await lb.create('saved')
      await lb.settle()
      const address = await expectAddress(t, lb, 'saved')
      const backup = await backUp(lb, 'saved')
      await lb.remove('saved')
      await lb.settle()
      await lb.timePasses(REST_MS)
      await lb.pass()
      await lb.create('heir', BY.annotation(address))
      await lb.settle()
      t.equal(await expectAddress(t, lb, 'heir'), address)
      await lb.way.create(backup)
      await lb.settle()
      t.not(await expectAddress(t, lb, 'saved'), address, 'it gets another one')
      await expectEvent(t, lb, 'saved', { message: new RegExp(address) })
      t.equal(await expectAddress(t, lb, 'heir'), address)
    },
  )

  t.test('into another cluster, whose blocks are others', async t => {
    const first = await startLoadBalancers(t, cluster, ONE)
    await first.create('moved')
    await first.settle()
    const address = await expectAddress(t, first, 'moved')
    const backup = await backUp(first, 'moved')

    // The same machine as another cluster: of its own blocks, on a network of its own.
    const second = await startLoadBalancers(t, cluster, {
      before: async lb => {
        for (let count = 0; count < 3; count++) lb.backend.addIpBlock()
        addBlocks(lb.backend, lb.networkId, lb.uid, ['/29'])
      },
    })
    await second.way.create(backup)
    await second.settle()
    const given = await expectAddress(t, second, 'moved')
    t.not(given, address)
    await expectEvent(t, second, 'moved', { message: new RegExp(address) })
    const service = await second.service('moved')
    t.ok(service && nameOf(service) === 'moved' && !isWaiting(service))
    t.strictSame(service && publishedFor(service), [given], 'the old address is nowhere published')
    await expectSound(t, second)
  })
})

/** What a backup holds: everything but what the cluster gave it. */
async function backUp(lb: LoadBalancers, name: string) {
  const { metadata, spec } = (await lb.service(name)) ?? createManifest(name)
  const { clusterIP: _ip, clusterIPs: _ips, ...rest } = spec ?? {}
  const ports = [{ name: '80', port: 80, protocol: 'TCP', targetPort: 80 }]
  return createManifest(name, {
    annotations: metadata.annotations ?? {},
    finalizers: metadata.finalizers ?? [],
    spec: { ...rest, ports },
  })
}
