import t, { type Test } from 'tap'
import type { LoadBalancers } from '../scenarios/_load-balancers.ts'
import { forEachCluster } from '../support/cluster.ts'
import { assignedTo, nameOf, pathOf, type ServiceWish } from '../support/services.ts'
import { ADDRESS_KEYS, attempt, DEFINITIONS, OUR_POOL, READERS } from './_readers.ts'

t.setTimeout(300_000)

const VICTIM = 'team-a/victim'
const THIEF = 'team-b/thief'
const HOLD = 'example.com/hold'
const OUTSIDE = '192.0.2.1'
const TWO = ['/29', '/29'] as const

type Annotations = Readonly<Record<string, string | null>>
type Announcer = 'metallb' | 'purelb'

const NO_ADDRESS = { metallb: { [ADDRESS_KEYS.metallb]: null }, purelb: { [ADDRESS_KEYS.purelb]: null } }
/** Annotations that lead the announcer to any address of ours, and name none. */
const WAYS: Readonly<Record<Announcer, Readonly<Record<string, Annotations>>>> = {
  metallb: {
    'our pool': { ...NO_ADDRESS.metallb, 'metallb.io/address-pool': OUR_POOL },
    'our pool by the key of old versions': {
      ...NO_ADDRESS.metallb,
      'metallb.io/address-pool': null,
      'metallb.universe.tf/address-pool': OUR_POOL,
    },
    'our pool, and an empty list that hides an address outside': {
      'metallb.io/address-pool': OUR_POOL,
      [ADDRESS_KEYS.metallb]: '',
      'metallb.universe.tf/loadBalancerIPs': OUTSIDE,
    },
  },
  purelb: {
    'our group': { ...NO_ADDRESS.purelb, 'purelb.io/service-group': OUR_POOL },
    'multi-pool': { 'purelb.io/multi-pool': 'true' },
    'multi-pool of our group': {
      ...NO_ADDRESS.purelb,
      'purelb.io/service-group': OUR_POOL,
      'purelb.io/multi-pool': 'true',
    },
    "PureLB's note of our group": {
      ...NO_ADDRESS.purelb,
      'purelb.io/allocated-from': OUR_POOL,
      'purelb.io/multi-pool': null,
    },
    "PureLB's note of our group, and multi-pool": {
      'purelb.io/allocated-from': `theirs, ${OUR_POOL}`,
      'purelb.io/multi-pool': 'true',
    },
  },
}

/** Each brings a Service whose user may then try. */
type Start = (lb: LoadBalancers, announcer: Announcer) => Promise<unknown>
const STARTS: Readonly<Record<string, Start>> = {
  'one that is served': lb => lb.create(THIEF),
  'one that is deleted and kept': async lb => {
    await lb.create(THIEF, { finalizers: [HOLD] })
    await lb.settle()
    await lb.remove(THIEF)
  },
  'one that somebody else serves': async lb => {
    const field: ServiceWish = { spec: { loadBalancerIP: OUTSIDE } }
    await lb.create(THIEF, field)
    await serveElsewhere(lb)
    await lb.change(THIEF, { spec: { loadBalancerIP: null } })
  },
  'one of another pool': async (lb, announcer) => {
    const key = announcer === 'metallb' ? 'metallb.io/address-pool' : 'purelb.io/service-group'
    await lb.create(THIEF, { annotations: { [key]: 'theirs' } })
    await serveElsewhere(lb)
  },
  'one of a class that is not served': lb =>
    lb.create(THIEF, { spec: { loadBalancerClass: 'purelb.io/purelbv2' } }),
}

const serveElsewhere = (lb: LoadBalancers): Promise<unknown> =>
  lb.admin.request({
    method: 'PATCH',
    path: `${pathOf(THIEF)}/status`,
    patch: 'merge',
    body: { status: { loadBalancer: { ingress: [{ ip: OUTSIDE }] } } },
  })

/** @returns what the announcer would try for the thief besides what is his own or outside */
async function stolenBy(lb: LoadBalancers, announcer: Announcer): Promise<readonly string[]> {
  const service = await lb.service(THIEF)
  const own = (await lb.claimsOf(THIEF)).map(({ address }) => address)
  return service ? READERS[announcer](service).filter(entry => ![...own, OUTSIDE].includes(entry)) : []
}

async function expectUnharmed(t: Test, lb: LoadBalancers, victim: string): Promise<void> {
  t.strictSame(assignedTo(await lb.service(VICTIM)), [victim])
  const holders = (await lb.claims()).filter(({ address }) => address === victim)
  t.strictSame(
    holders.map(({ service }) => service),
    [VICTIM],
  )
  for (const service of await lb.services())
    if (nameOf(service) !== VICTIM) t.notOk(assignedTo(service).includes(victim))
}

const toGiven = (annotations: Annotations): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
  )

forEachCluster(t, 'any address of ours', { crds: DEFINITIONS }, async (t, cluster) => {
  for (const announcer of ['metallb', 'purelb'] as const)
    for (const by of ['review', 'nobody'] as const) {
      for (const [what, start] of Object.entries(STARTS))
        attempt(
          t,
          cluster,
          `${announcer}: is not for ${what} (${by})`,
          { announcer, by, blocks: TWO },
          async (t, lb) => {
            await lb.create(VICTIM)
            await lb.settle()
            const [victim = ''] = assignedTo(await lb.service(VICTIM))
            await start(lb, announcer)
            await lb.settle()
            for (const [way, annotations] of Object.entries(WAYS[announcer])) {
              await lb.change(THIEF, { metadata: { annotations } })
              if (by === 'nobody') await lb.pass()
              t.strictSame(await stolenBy(lb, announcer), [], way)
              await lb.pass()
              t.strictSame(await stolenBy(lb, announcer), [], `${way}, later`)
            }
            await expectUnharmed(t, lb, victim)
          },
        )

      attempt(
        t,
        cluster,
        `${announcer}: is not given at creation (${by})`,
        { announcer, by, blocks: TWO },
        async (t, lb) => {
          await lb.create(VICTIM)
          await lb.settle()
          const [victim = ''] = assignedTo(await lb.service(VICTIM))
          const classes = announcer === 'purelb' ? [{}, { loadBalancerClass: 'purelb.io/purelbv2' }] : [{}]
          for (const [way, annotations] of Object.entries(WAYS[announcer]))
            for (const spec of classes) {
              await lb.create(THIEF, { annotations: toGiven(annotations), spec })
              if (by === 'nobody') await lb.pass()
              t.strictSame(await stolenBy(lb, announcer), [], way)
              await lb.pass()
              t.strictSame(await stolenBy(lb, announcer), [], `${way}, later`)
              await lb.remove(THIEF)
              await lb.settle()
            }
          await expectUnharmed(t, lb, victim)
        },
      )
    }

  attempt(
    t,
    cluster,
    'groups of others serve as many as they say',
    { announcer: 'purelb', blocks: TWO },
    async (t, lb) => {
      for (const [index, multiPool] of ['true', 'false'].entries()) {
        const annotations = { 'purelb.io/service-group': 'theirs', 'purelb.io/multi-pool': multiPool }
        const name = `team-b/theirs-${index}`
        await lb.create(name, { annotations })
        await lb.settle()
        t.strictSame((await lb.service(name))?.metadata.annotations, annotations)
      }
    },
  )
})
