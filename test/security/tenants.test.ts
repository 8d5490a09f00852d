import t, { type Test } from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { ASSIGNED_IPS, RETAIN_IP } from '../../shared/kubernetes/names.ts'
import type { LoadBalancers } from '../scenarios/_load-balancers.ts'
import { expectAddress, expectEvent, expectServed, manyNames, REST_MS, story } from '../scenarios/_stories.ts'
import { forEachCluster } from '../support/cluster.ts'
import {
  addressIn,
  assignedTo,
  createManifest,
  isWaiting,
  KUBE_VIP_IPS,
  publishedFor,
  type ServiceName,
  type ServiceWish,
  splitName,
} from '../support/services.ts'

t.setTimeout(300_000)

const ONE = { blocks: ['/29'] } as const
const TWO = { blocks: ['/29', '/29'] } as const
const ALL_AT_ONCE = 16
const DEDICATED = { 'phoenixnap.com/ip-allocation': 'dedicated' }

const freeIn = (lb: LoadBalancers): string => addressIn(lb.blocks()[0]?.cidr ?? '', 6)

/** Every way in which somebody who writes Services may come by an address that he names. */
const WAYS: Readonly<Record<string, (address: string) => ServiceWish>> = {
  'the annotation of the announcer': address => ({ annotations: { [KUBE_VIP_IPS]: address } }),
  'spec.loadBalancerIP': address => ({ spec: { loadBalancerIP: address } }),
  'our own annotation': address => ({ annotations: { [ASSIGNED_IPS]: address } }),
  'both annotations': address => ({ annotations: { [ASSIGNED_IPS]: address, [KUBE_VIP_IPS]: address } }),
  'a Service that claims to wait': address => ({
    annotations: { [ASSIGNED_IPS]: address, 'phoenixnap.com/waiting': '2026-01-01T00:00:00Z' },
  }),
  'a Service that asks to be managed': address => ({
    annotations: { 'phoenixnap.com/manage': 'true' },
    spec: { loadBalancerIP: address },
  }),
  'a mark that it waits no longer': address => ({
    annotations: { [KUBE_VIP_IPS]: address, 'phoenixnap.com/kube-vip-ignore': 'true' },
    finalizers: ['phoenixnap.com/load-balancer'],
  }),
}

/** What becomes of the victim before the others ask, and in which state its claim is then. */
const STATES: Readonly<Record<string, (lb: LoadBalancers, victim: ServiceName) => Promise<void>>> = {
  active: async () => {},
  released: async (lb, victim) => {
    await lb.remove(victim)
    await lb.reconcile()
  },
  retained: async (lb, victim) => {
    await lb.change(victim, { metadata: { annotations: { [RETAIN_IP]: 'true' } } })
    await lb.remove(victim)
    await lb.settle()
    await lb.timePasses(REST_MS)
  },
}

const VICTIM = 'team-a/victim'

/** Nobody but the victim holds or publishes the address, whoever asks for it. */
async function expectKept(t: Test, lb: LoadBalancers, address: string): Promise<void> {
  for (const service of await lb.services()) {
    const { namespace, name } = service.metadata
    if (`${namespace}/${name}` === VICTIM) continue
    t.notOk(publishedFor(service).includes(address), `${name} does not publish it`)
    t.notOk(
      !isWaiting(service) && assignedTo(service).includes(address),
      `${name} is not told that it has it`,
    )
  }
  const holders = (await lb.claims()).filter(claim => claim.address === address)
  t.strictSame(
    holders.map(({ service }) => service),
    [VICTIM],
  )
}

/** What a tenant reads about his own Services tells nothing of another tenant's. */
async function expectNoNames(t: Test, lb: LoadBalancers, names: readonly ServiceName[]): Promise<void> {
  for (const name of names) {
    const told = JSON.stringify([await lb.service(name), await lb.events(name)])
    t.notMatch(told, /team-a|victim/, `${name} does not hear of the victim`)
  }
}

forEachCluster(t, 'an address of another tenant', {}, async (t, cluster) => {
  for (const [state, bring] of Object.entries(STATES))
    story(t, cluster, `that is ${state} is taken by nobody`, TWO, async (t, lb) => {
      await lb.create(VICTIM)
      await lb.settle()
      const address = await expectAddress(t, lb, VICTIM)
      await bring(lb, VICTIM)
      t.match(await lb.claimsOf(VICTIM), [{ state }])
      const attackers = Object.keys(WAYS).map((_, n) => `team-b/attacker-${n}`)
      for (const [n, wish] of Object.values(WAYS).entries()) {
        const { warnings } = await lb.create(attackers[n] ?? '', wish(address))
        t.notMatch(warnings.join(), /team-a|victim/, 'a warning names nobody')
      }
      await expectKept(t, lb, address)
      await lb.settle()
      await expectKept(t, lb, address)
      await expectNoNames(t, lb, attackers)
      if (state === 'active') t.equal(await expectAddress(t, lb, VICTIM), address, 'it goes on with it')
    })

  story(t, cluster, 'is not moved by one who has an address already', ONE, async (t, lb) => {
    await lb.create(VICTIM)
    await lb.create('team-b/mover')
    await lb.settle()
    const address = await expectAddress(t, lb, VICTIM)
    const own = await expectAddress(t, lb, 'team-b/mover')
    for (const wish of Object.values(WAYS)) {
      const { annotations = {}, spec = {} } = wish(address)
      await lb.change('team-b/mover', { metadata: { annotations }, spec })
      await lb.reconcile()
      await expectKept(t, lb, address)
      t.strictSame(
        (await lb.claimsOf('team-b/mover')).map(claim => claim.address),
        [own],
      )
      const none = Object.fromEntries(Object.keys(annotations).map(key => [key, null]))
      await lb.change('team-b/mover', { metadata: { annotations: none }, spec: { loadBalancerIP: null } })
      await lb.settle()
      t.equal(await expectAddress(t, lb, 'team-b/mover'), own)
    }
    await expectNoNames(t, lb, ['team-b/mover'])
  })
})

const RESTRICTED = { ...TWO, environment: { PNAP_ADDRESS_REQUEST_NAMESPACES: 'team-a' } }

forEachCluster(t, 'who may ask for an address', {}, async (t, cluster) => {
  story(t, cluster, 'does, and nobody else', RESTRICTED, async (t, lb) => {
    const [first, second] = [freeIn(lb), addressIn(lb.blocks()[0]?.cidr ?? '', 5)]
    t.strictSame((await lb.create('team-a/may', WAYS['spec.loadBalancerIP']?.(first))).warnings, [])
    const { warnings } = await lb.create('team-b/may-not', WAYS['spec.loadBalancerIP']?.(second))
    t.match(warnings, [/^CCM_ADDRESS_REQUEST_DENIED: /])
    await lb.create('team-b/restored', WAYS['our own annotation']?.(second))
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'team-a/may'), first)
    t.strictSame(assignedTo(await lb.service('team-b/may-not')), [])
    const message = /CCM_ADDRESS_REQUEST_DENIED: .*operator/
    await expectEvent(t, lb, 'team-b/may-not', { type: 'Warning', message })
    t.not(
      await expectAddress(t, lb, 'team-b/restored'),
      second,
      'a backup of this namespace is given another one',
    )
    await expectEvent(t, lb, 'team-b/restored', { type: 'Warning', message: /CCM_ADDRESS_REPLACED/ })
    await lb.change('team-b/may-not', { spec: { loadBalancerIP: null } })
    await lb.settle()
    await expectServed(t, lb, 'team-b/may-not')
  })

  story(t, cluster, 'is not told by a status that a user made up', RESTRICTED, async (t, lb) => {
    const wanted = freeIn(lb)
    const forged = {
      ...createManifest('team-b/forged', WAYS['spec.loadBalancerIP']?.(wanted)),
      status: { loadBalancer: { ingress: [{ ip: wanted }] } },
    }
    const { warnings } = await lb.way.create(forged)
    t.match(warnings, [/^CCM_ADDRESS_REQUEST_DENIED: /])
    await lb.settle()
    t.strictSame(await lb.claimsOf('team-b/forged'), [])
  })

  story(t, cluster, 'a stricter policy moves and takes away nothing', TWO, async (t, lb) => {
    const wanted = freeIn(lb)
    await lb.create('team-b/pinned', WAYS['spec.loadBalancerIP']?.(wanted))
    await lb.create('team-b/kept', { annotations: { [RETAIN_IP]: 'true' } })
    await lb.settle()
    const kept = await expectAddress(t, lb, 'team-b/kept')
    await lb.remove('team-b/kept')
    await lb.settle()
    const strict = await lb.world.another({
      PNAP_ADDRESS_REQUEST_NAMESPACES: 'none',
      PNAP_RETAIN_NAMESPACES: 'none',
      PNAP_NAMESPACE_MAX_ADDRESSES: '0',
      PNAP_NAMESPACE_MAX_RETAINED: '0',
    })
    for (let pass = 0; pass < 2; pass++) {
      await strict.controllers.resync({ deadline: lb.clock.now() + 60_000 })
      await lb.timePasses(REST_MS)
    }
    t.equal(await expectAddress(t, lb, 'team-b/pinned'), wanted)
    t.match(await lb.claimsOf('team-b/kept'), [{ address: kept, state: 'retained' }])
  })
})

forEachCluster(t, 'limits of a namespace', {}, async (t, cluster) => {
  const limited = { ...TWO, environment: { PNAP_NAMESPACE_MAX_ADDRESSES: '2' } }
  story(t, cluster, 'hold however many Services come at once', limited, async (t, lb) => {
    const names = manyNames('team-a/many', 6)
    await mapLimit(names, ALL_AT_ONCE, name => lb.create(name))
    const apps = await Promise.all(Array.from({ length: 3 }, () => lb.world.another()))
    const keys = names.map(name => ({ kind: 'Service' as const, ...splitName(name) }))
    await Promise.all(apps.map(app => lb.reconcile(keys, app)))
    await lb.settle()
    const held = (await lb.claims()).filter(({ service }) => service?.startsWith('team-a/'))
    t.equal(held.length, 2)
    t.equal(lb.purchases(), 0, 'and nothing is bought for those that wait')
    const without = names.find(name => !held.some(({ service }) => service === name)) ?? ''
    await expectEvent(t, lb, without, { type: 'Warning', message: /CCM_NAMESPACE_LIMIT: / })
    await lb.create('team-b/other')
    await lb.settle()
    await expectServed(t, lb, 'team-b/other')
    for (const { service } of held) await lb.remove(service ?? '')
    await lb.settle()
    await lb.timePasses(REST_MS)
    await lb.settle()
    const now = (await lb.claims()).filter(
      ({ service, state }) => service?.startsWith('team-a/') && state === 'active',
    )
    t.equal(now.length, 2, 'those that waited have what became free')
  })

  const retaining = { blocks: ['/28'], environment: { PNAP_NAMESPACE_MAX_RETAINED: '2' } }
  story(t, cluster, 'retain no more than they may, however many go at once', retaining, async (t, lb) => {
    const names = manyNames('team-a/kept', 5)
    await mapLimit(names, ALL_AT_ONCE, name => lb.create(name, { annotations: { [RETAIN_IP]: 'true' } }))
    await lb.settle()
    await mapLimit(names, ALL_AT_ONCE, name => lb.remove(name))
    const apps = await Promise.all(Array.from({ length: 3 }, () => lb.world.another()))
    const keys = names.map(name => ({ kind: 'Service' as const, ...splitName(name) }))
    await Promise.all(apps.map(app => lb.reconcile(keys, app)))
    await lb.settle()
    const states = (await lb.claims()).map(({ state }) => state)
    t.equal(states.filter(state => state === 'retained').length, 2)
    t.equal(states.filter(state => state === 'released').length, 3, 'the others rest')
    await lb.timePasses(REST_MS)
    await lb.settle()
    t.equal((await lb.claims()).length, 2)
  })

  story(t, cluster, 'with dedicated and retain-ip nobody holds block after block', {}, async (t, lb) => {
    const names = manyNames('team-a/own', 4)
    const annotations = { ...DEDICATED, [RETAIN_IP]: 'true' }
    for (const name of names) await lb.create(name, { annotations })
    await lb.settle()
    const own = lb.blocks().filter(({ tags = [] }) => tags.some(({ name }) => name === 'serviceName'))
    t.equal(own.length, 2, 'two blocks of their own')
    for (const name of names) await expectServed(t, lb, name)
    for (const name of names) await lb.remove(name)
    await lb.settle()
    await lb.create('team-a/one-more', { annotations })
    await lb.settle()
    await expectEvent(t, lb, 'team-a/one-more', {
      type: 'Warning',
      message: /CCM_NAMESPACE_LIMIT: .*dedicated/,
    })
    await expectServed(t, lb, 'team-a/one-more')
    t.ok(lb.blocks().length <= 3, `${lb.blocks().length} blocks`)
  })

  const few = { ...ONE, environment: { PNAP_RETAIN_NAMESPACES: 'none', PNAP_DEDICATED_NAMESPACES: 'none' } }
  story(t, cluster, 'who may not retain or have a block alone is told so', few, async (t, lb) => {
    const annotations = { ...DEDICATED, [RETAIN_IP]: 'true' }
    const { warnings } = await lb.create('team-a/hopeful', { annotations })
    t.match(warnings.toSorted(), [/^CCM_DEDICATED_DENIED: /, /^CCM_RETAIN_DENIED: /])
    await lb.settle()
    await expectServed(t, lb, 'team-a/hopeful')
    await lb.remove('team-a/hopeful')
    await lb.settle()
    t.match(await lb.claims(), [{ state: 'released' }])
    await expectEvent(t, lb, 'team-a/hopeful', { type: 'Warning', message: /CCM_RETAIN_DENIED/ })
    t.equal(lb.purchases(), 0)
  })
})

forEachCluster(t, 'Services that are rejected', {}, async (t, cluster) => {
  story(t, cluster, 'of several namespaces leave something to those that are stored', ONE, async (t, lb) => {
    const rejected = ['default', 'team-a', 'kube-public'].flatMap(namespace =>
      manyNames(`${namespace}/never`, 8),
    )
    const call = { deadline: lb.clock.now() + 10_000 }
    await mapLimit(rejected, ALL_AT_ONCE, name =>
      lb.world.app.controllers.admitService(
        {
          operation: 'CREATE',
          ...splitName(name),
          service: createManifest(name),
          old: undefined,
          dryRun: false,
        },
        call,
      ),
    )
    t.equal((await lb.claims()).length, 4, 'one of five is left')
    await lb.create('team-b/stored')
    await lb.reconcile()
    await expectServed(t, lb, 'team-b/stored')
    t.equal(lb.purchases(), 0)
  })
})
