import type { Test } from 'tap'
import { RESYNC_LEASE } from '../../shared/kubernetes/names.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { toPublicationFaults, toRestFaults, type View } from '../../torture/invariants/sound.ts'
import { listAddresses } from '../support/services.ts'
import { changedBetween, readEverything } from './_everything.ts'
import type { LoadBalancers } from './_load-balancers.ts'

type Seen = Pick<LoadBalancers, 'admin' | 'services' | 'blocks' | 'everAssigned'>

async function see(lb: Seen): Promise<View> {
  // In this order: a claim is there before the Service that tells of it.
  const services = await lb.services()
  return { services, addresses: await listAddresses(lb.admin), blocks: lb.blocks() }
}

/** What must hold at every moment, whatever is under way: nobody is sent to an address that does not work. */
export async function findPublicationFaults(lb: Seen): Promise<string[]> {
  return toPublicationFaults(await see(lb), lb.everAssigned).map(({ what }) => what)
}

/**
 * The end of every story: what must never happen has not happened, nobody else's block was touched, and a pass over
 * a world at rest writes nothing but its Lease.
 */
export async function expectSound(t: Test, lb: LoadBalancers): Promise<void> {
  await lb.served?.untilIdle()
  await lb.settle()
  t.strictSame(lb.faults, [], 'nothing was wrong at any moment')
  t.strictSame(
    toRestFaults(await see(lb), lb.networkId).map(({ what }) => what),
    [],
    'addresses, claims, gates and blocks fit together',
  )
  const ids = new Set(lb.foreign.map(({ id }) => id))
  const now = lb.backend.ipBlocks().filter(({ id }) => ids.has(id))
  t.strictSame(withoutAge(now), withoutAge(lb.foreign), "nobody else's block was touched")
  const [before, sent] = [await readEverything(lb.cluster), countChanges(lb)]
  t.match(await lb.world.resync(), { state: 'complete', changes: [], failures: [] })
  const changed = changedBetween(before, await readEverything(lb.cluster))
  t.strictSame(
    changed.filter(name => !name.endsWith(`/leases kube-system/${RESYNC_LEASE}`)),
    [],
    'another pass writes nothing',
  )
  t.equal(countChanges(lb), sent, 'nor does it change anything in the cloud')
}

/** A test makes blocks older; that is no touch. */
export const withoutAge = (blocks: readonly IpBlock[]): object[] =>
  blocks.map(block => ({ ...block, createdOn: '' }))

const countChanges = ({ bmc }: LoadBalancers): number =>
  bmc.requests.count(/^(POST|PUT|PATCH|DELETE) \/(bmc|ips|networks|tag-manager)\//)
