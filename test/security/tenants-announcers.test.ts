import t, { type Test } from 'tap'
import { ANNOUNCER_NAMES } from '../../shared/announcers/announcers.ts'
import { FINALIZER } from '../../shared/kubernetes/names.ts'
import type { LoadBalancers } from '../scenarios/_load-balancers.ts'
import { forEachCluster } from '../support/cluster.ts'
import { assignedTo, isWaiting, nameOf, type ServiceWish } from '../support/services.ts'
import { ADDRESS_KEYS, ANY, type AnnouncerName, attempt, DEFINITIONS, READERS } from './_readers.ts'

t.setTimeout(300_000)

const VICTIM = 'team-a/victim'
const OUTSIDE = '192.0.2.1'
const NAME = 'victim.example.com'
const TWO = ['/29', '/29'] as const

type Ways = Readonly<Record<string, ServiceWish>>

/** Ways that contradict themselves, or go around what is served, so that another address hides the one that is meant. */
function toWays(announcer: AnnouncerName, victim: string): Ways {
  const key = ADDRESS_KEYS[announcer]
  const field = { loadBalancerIP: OUTSIDE }
  const annotated = (text: string, spec: ServiceWish['spec'] = {}): ServiceWish => ({
    ...(key ? { annotations: { [key]: text } } : {}),
    spec,
  })
  return {
    'the annotation, beside a field outside': annotated(victim, field),
    'the field, beside an annotation outside': annotated(OUTSIDE, { loadBalancerIP: victim }),
    'an annotation that is too long to be read, beside a field outside': annotated(
      `${victim}${',x'.repeat(17)}`,
      field,
    ),
    'the second of two': annotated(`${OUTSIDE},${victim}`),
    'a host name beside an address outside': annotated(`${OUTSIDE},${NAME}`),
    ...(announcer === 'kube-vip' ? toClassWays(annotated, victim, 'kube-vip.io/kube-vip-class') : {}),
    ...(announcer === 'purelb' ? toPureLBWays(annotated, victim) : {}),
    ...(announcer === 'metallb' ? toMetalLBWays(victim) : {}),
  }
}

type Annotated = (text: string, spec?: ServiceWish['spec']) => ServiceWish

const toClassWays = (annotated: Annotated, victim: string, loadBalancerClass: string): Ways => ({
  'a class that only the announcer serves': annotated(victim, { loadBalancerClass }),
  'that class, and the field': annotated('', { loadBalancerClass, loadBalancerIP: victim }),
  'that class, and a host name': annotated(NAME, { loadBalancerClass }),
})

function toPureLBWays(annotated: Annotated, victim: string): Ways {
  const annotations = { 'purelb.io/service-group': 'theirs' }
  return {
    ...toClassWays(annotated, victim, 'purelb.io/purelb'),
    'a group of somebody else': { annotations: { ...annotations, [ADDRESS_KEYS.purelb]: victim } },
    'a group of somebody else, and the field': { annotations, spec: { loadBalancerIP: victim } },
  }
}

const toMetalLBWays = (victim: string): Ways => ({
  'the key of old versions': {
    annotations: { 'metallb.universe.tf/loadBalancerIPs': victim },
    spec: { loadBalancerIP: OUTSIDE },
  },
  'our own pool by name': {
    annotations: { 'metallb.io/address-pool': 'cloud-provider-phoenixnap' },
    spec: { loadBalancerIP: victim },
  },
})

/** Nobody but the victim is served with its address, or with a name that may be that address. */
async function expectNotServed(
  t: Test,
  lb: LoadBalancers,
  announcer: AnnouncerName,
  victim: string,
  what: string,
): Promise<void> {
  for (const service of await lb.services()) {
    if (nameOf(service) === VICTIM) continue
    const tried = READERS[announcer](service)
    t.strictSame(
      tried.filter(entry => [victim, NAME, ANY].includes(entry)),
      [],
      `${what}: not announced`,
    )
    const told = isWaiting(service) ? [] : assignedTo(service)
    t.notOk(told.includes(victim), `${what}: not told that it has it`)
  }
  const holders = (await lb.claims()).filter(({ address }) => address === victim)
  t.strictSame(
    holders.map(({ service }) => service),
    [VICTIM],
  )
}

forEachCluster(t, "another tenant's address", { crds: DEFINITIONS }, async (t, cluster) => {
  for (const announcer of ANNOUNCER_NAMES) {
    const options = { announcer, blocks: TWO }
    attempt(t, cluster, `${announcer}: is served to nobody, however it is named`, options, async (t, lb) => {
      await lb.create(VICTIM)
      await lb.settle()
      const [victim = ''] = assignedTo(await lb.service(VICTIM))
      t.ok(victim, 'the victim has an address')
      for (const [what, wish] of Object.entries(toWays(announcer, victim))) {
        const { status, warnings } = await lb.create('team-b/attacker', wish)
        t.equal(status, 201, `${what}: is stored`)
        t.notMatch(warnings.join(), /team-a\/|victim(?!\.example)/, 'a warning names nobody')
        await expectNotServed(t, lb, announcer, victim, what)
        await lb.pass()
        await lb.pass()
        await expectNotServed(t, lb, announcer, victim, `${what}, later`)
        await lb.remove('team-b/attacker')
        await lb.settle()
        t.equal(await lb.service('team-b/attacker'), undefined, `${what}: goes when it is deleted`)
      }
      t.strictSame(assignedTo(await lb.service(VICTIM)), [victim], 'it goes on with it')
    })

    const unseen = { ...options, by: 'nobody' } as const
    attempt(
      t,
      cluster,
      `${announcer}: nor is it after a pass, where no webhook answered`,
      unseen,
      async (t, lb) => {
        await lb.create(VICTIM)
        await lb.settle()
        const [victim = ''] = assignedTo(await lb.service(VICTIM))
        const ways = Object.entries(toWays(announcer, victim))
        for (const [index, [, wish]] of ways.entries()) await lb.create(`team-b/attacker-${index}`, wish)
        await lb.pass()
        await lb.pass()
        await expectNotServed(t, lb, announcer, victim, 'all ways')
      },
    )
  }

  attempt(t, cluster, 'a plain address outside stays untouched', { blocks: TWO }, async (t, lb) => {
    await lb.create(VICTIM)
    await lb.settle()
    const key = ADDRESS_KEYS['kube-vip']
    const wishes: readonly ServiceWish[] = [
      { spec: { loadBalancerIP: OUTSIDE } },
      { annotations: { [key]: OUTSIDE } },
      { annotations: { [key]: OUTSIDE }, spec: { loadBalancerIP: OUTSIDE } },
      { annotations: { [key]: OUTSIDE }, spec: { loadBalancerClass: 'kube-vip.io/kube-vip-class' } },
      { spec: { loadBalancerClass: 'kube-vip.io/kube-vip-class' } },
    ]
    for (const [index, wish] of wishes.entries()) {
      const name = `team-b/theirs-${index}`
      const { service } = await lb.create(name, wish)
      await lb.settle()
      const { annotations, finalizers = [] } = (await lb.service(name))?.metadata ?? {}
      t.strictSame(annotations, wish.annotations, `${index}: its annotations are as they came`)
      t.notOk(finalizers.includes(FINALIZER))
      t.equal((await lb.service(name))?.metadata.resourceVersion, service.metadata.resourceVersion)
    }
  })

  attempt(
    t,
    cluster,
    'who is held back in another class goes on once he asks for less',
    { blocks: TWO },
    async (t, lb) => {
      await lb.create(VICTIM)
      await lb.settle()
      const [victim = ''] = assignedTo(await lb.service(VICTIM))
      const key = ADDRESS_KEYS['kube-vip']
      const spec = { loadBalancerClass: 'kube-vip.io/kube-vip-class' }
      const { warnings } = await lb.create('team-b/theirs', { annotations: { [key]: victim }, spec })
      t.match(warnings, [/^CCM_ADDRESS_TAKEN: .*is not served/])
      await lb.change('team-b/theirs', { metadata: { annotations: { [key]: OUTSIDE } } })
      await lb.settle()
      const theirs = await lb.service('team-b/theirs')
      t.strictSame(theirs?.metadata.annotations, { [key]: OUTSIDE })
    },
  )
})
