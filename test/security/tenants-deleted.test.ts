import t from 'tap'
import { ANNOUNCER_NAMES } from '../../shared/announcers/announcers.ts'
import type { LoadBalancers } from '../scenarios/_load-balancers.ts'
import { expectGone, REST_MS } from '../scenarios/_stories.ts'
import { forEachCluster } from '../support/cluster.ts'
import { addressIn, assignedTo, pathOf } from '../support/services.ts'
import { ADDRESS_KEYS, type AnnouncerName, attempt, DEFINITIONS, expectQuiet, READERS } from './_readers.ts'

t.setTimeout(300_000)

const KEPT = 'team-b/kept'
const VICTIM = 'team-a/victim'
const HOLD = 'example.com/hold'
/** One address for Services. */
const ONE = ['/30'] as const
const TWO = ['/29', '/29'] as const

/** A Service that its user deleted, and that a finalizer of his own keeps. @returns the address that it had */
async function keepDeleted(lb: LoadBalancers): Promise<string> {
  await lb.create(KEPT, { finalizers: [HOLD] })
  await lb.settle()
  const [address = ''] = assignedTo(await lb.service(KEPT))
  await lb.remove(KEPT)
  await lb.settle()
  return address
}

const letGo = (lb: LoadBalancers): Promise<unknown> =>
  lb.admin.request({
    method: 'PATCH',
    path: pathOf(KEPT),
    patch: 'merge',
    body: { metadata: { finalizers: null } },
  })

/** What is asked for by whatever the announcer reads. */
const ask = (announcer: AnnouncerName, address: string): object => {
  const key = ADDRESS_KEYS[announcer]
  return key
    ? { metadata: { annotations: { [key]: address } } }
    : { spec: { loadBalancerIP: address }, status: { loadBalancer: { ingress: [{ ip: address }] } } }
}

async function tried(lb: LoadBalancers, announcer: AnnouncerName): Promise<readonly string[]> {
  const service = await lb.service(KEPT)
  return service ? READERS[announcer](service) : []
}

forEachCluster(t, 'a deleted Service that others keep', { crds: DEFINITIONS }, async (t, cluster) => {
  for (const announcer of ANNOUNCER_NAMES) {
    const options = { announcer }
    attempt(
      t,
      cluster,
      `${announcer}: has its address to itself until it is gone`,
      { ...options, blocks: ONE },
      async (t, lb) => {
        const address = await keepDeleted(lb)
        const kept = await lb.service(KEPT)
        t.strictSame(kept?.metadata.finalizers, [HOLD], 'ours is off at once')
        t.strictSame(assignedTo(kept), [], 'and it is told of no address')
        t.match(await lb.claimsOf(KEPT), [{ address, state: 'released', serviceUid: kept?.metadata.uid }])
        for (let time = 0; time < 2; time++) {
          await lb.timePasses(REST_MS)
          await lb.settle()
          await expectQuiet(t, lb)
        }
        await lb.create(VICTIM)
        await lb.settle()
        const [other] = assignedTo(await lb.service(VICTIM))
        t.ok(other && other !== address, 'somebody else has another one')
        await letGo(lb)
        await lb.settle()
        await expectGone(t, lb, KEPT)
        t.match(
          await lb.claimsOf(KEPT),
          [{ address, state: 'released', serviceUid: undefined }],
          'its rest begins',
        )
        await expectQuiet(t, lb)
        await lb.timePasses(REST_MS)
        await lb.settle()
        t.strictSame(await lb.claimsOf(KEPT), [], 'and ends: nothing is left')
      },
    )

    for (const by of ['review', 'nobody'] as const)
      attempt(
        t,
        cluster,
        `${announcer}: is led to no other address (${by})`,
        { ...options, by, blocks: TWO },
        async (t, lb) => {
          await lb.create(VICTIM)
          await lb.settle()
          const [victim = ''] = assignedTo(await lb.service(VICTIM))
          const own = await keepDeleted(lb)
          const free = addressIn(lb.blocks()[1]?.cidr ?? '', 5)
          for (const address of [victim, free, `192.0.2.1,${victim}`, '192.0.2.1,victim.example.com']) {
            await lb.change(KEPT, ask(announcer, address))
            if (by === 'nobody') await lb.pass()
            const named = (await tried(lb, announcer)).filter(entry => entry !== own && entry !== '192.0.2.1')
            t.strictSame(named, [], `not ${address}`)
            await lb.settle()
            await expectQuiet(t, lb)
          }
          await letGo(lb)
          await lb.settle()
          await lb.timePasses(REST_MS)
          await lb.settle()
          t.strictSame(await lb.claimsOf(KEPT), [])
        },
      )
  }

  for (const by of ['review', 'nobody'] as const)
    attempt(
      t,
      cluster,
      `one that never had an address gets none by then (${by})`,
      { by, blocks: TWO },
      async (t, lb) => {
        await lb.create(VICTIM)
        await lb.settle()
        const [victim = ''] = assignedTo(await lb.service(VICTIM))
        await lb.create(KEPT, { finalizers: [HOLD], spec: { type: 'ClusterIP' } })
        await lb.remove(KEPT)
        const spec = { type: 'LoadBalancer', loadBalancerIP: victim }
        await lb.change(KEPT, { spec })
        if (by === 'nobody') await lb.pass()
        t.strictSame(await tried(lb, 'kube-vip'), [])
        await lb.settle()
        await expectQuiet(t, lb)
        t.strictSame(await lb.claimsOf(KEPT), [])
        await letGo(lb)
        await lb.settle()
        await expectGone(t, lb, KEPT)
      },
    )

  attempt(
    t,
    cluster,
    'one whose finalizer somebody took off holds what it had',
    { blocks: ONE },
    async (t, lb) => {
      await lb.create(KEPT, { finalizers: [HOLD] })
      await lb.settle()
      const [address = ''] = assignedTo(await lb.service(KEPT))
      await lb.remove(KEPT)
      await lb.change(KEPT, { metadata: { finalizers: [HOLD] } })
      await lb.settle()
      await lb.timePasses(REST_MS)
      await lb.settle()
      const { uid } = (await lb.service(KEPT))?.metadata ?? {}
      t.match(await lb.claimsOf(KEPT), [{ address, state: 'released', serviceUid: uid }])
      await letGo(lb)
      await lb.settle()
      await lb.timePasses(REST_MS)
      await lb.settle()
      t.strictSame(await lb.claims(), [])
    },
  )
})
