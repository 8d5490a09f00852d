import type { Test } from 'tap'
import { RESYNC_LEASE } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  type AddressView,
  assignedTo,
  canonical,
  isHeld,
  liesIn,
  listAddresses,
  nameOf,
  publishedFor,
} from '../support/services.ts'
import { changedBetween, readEverything } from './_everything.ts'
import { type LoadBalancers, tagOf } from './_load-balancers.ts'

/** What cluster and cloud hold at one moment. */
export interface View {
  readonly services: readonly KubeService[]
  readonly addresses: readonly AddressView[]
  /** Of this cluster. */
  readonly blocks: readonly IpBlock[]
}

type Seen = Pick<LoadBalancers, 'admin' | 'services' | 'blocks' | 'everAssigned'>

async function see(lb: Seen): Promise<View> {
  // In this order: a claim is there before the Service that tells of it.
  const services = await lb.services()
  return { services, addresses: await listAddresses(lb.admin), blocks: lb.blocks() }
}

/** What must hold at every moment, whatever is under way: nobody is sent to an address that does not work. */
export async function findPublicationFaults(lb: Seen): Promise<string[]> {
  return toPublicationFaults(await see(lb), lb.everAssigned)
}

export const toPublicationFaults = (view: View, everAssigned: ReadonlySet<string>): string[] => [
  ...sharedAddresses(view),
  ...view.services.flatMap(service => publicationFaults(service, view, everAssigned)),
]

function sharedAddresses({ services }: View): string[] {
  const holders = new Map<string, string>()
  return services.flatMap(service => {
    if (service.metadata.deletionTimestamp) return []
    return publishedFor(service).flatMap(address => {
      const other = holders.get(address)
      holders.set(address, nameOf(service))
      return other === undefined ? [] : [`${address} is held by ${other} and by ${nameOf(service)}`]
    })
  })
}

function publicationFaults(
  service: KubeService,
  { addresses, blocks }: View,
  everAssigned: ReadonlySet<string>,
): string[] {
  const name = nameOf(service)
  if (!isHeld(service))
    return assignedTo(service).length > 0 ? [`${name} has addresses and no finalizer`] : []
  // One that is being deleted keeps its annotation until the end; its address may be on its way back.
  if (service.metadata.deletionTimestamp || service.spec?.type !== 'LoadBalancer') return []
  return publishedFor(service).flatMap(text => {
    const address = canonical(text)
    const block = blocks.find(({ cidr }) => liesIn(address, cidr))
    const isKnown = block !== undefined && everAssigned.has(block.id)
    const claim = addresses.find(entry => entry.address === address && entry.service !== undefined)
    const gate = addresses.find(entry => entry.service === undefined && entry.blockId === block?.id)
    return [
      ...(claim?.service === name ? [] : [`${name} has ${address} published without a claim of its own`]),
      ...(isKnown
        ? []
        : [`${name} has ${address} published in a block that is ${block?.status ?? 'not ours'}`]),
      ...(gate?.state === 'open' || (!gate && isKnown)
        ? []
        : [`${name} has ${address} published behind a gate that is ${gate?.state}`]),
    ]
  })
}

/** What must hold at rest. */
export function toRestFaults(view: View, networkId: string): string[] {
  const { services, addresses, blocks } = view
  const claims = addresses.filter(({ service }) => service !== undefined)
  return [
    ...services.flatMap(service => claimFaults(service, claims)),
    ...claims.flatMap(claim => orphanFaults(claim, view)),
    ...blocks.flatMap(block => blockFaults(block, addresses, networkId)),
    ...addresses
      .filter(({ service, blockId }) => service === undefined && !blocks.some(({ id }) => id === blockId))
      .map(({ address }) => `the gate ${address} is left of a block that has gone`),
    ...purchaseFaults(blocks),
  ]
}

function claimFaults(service: KubeService, claims: readonly AddressView[]): string[] {
  const name = nameOf(service)
  const own = claims.filter(claim => claim.service === name && claim.state === 'active')
  const [wanted, had] = [assignedTo(service).map(canonical).sort(), own.map(({ address }) => address).sort()]
  return [
    ...(wanted.join() === had.join()
      ? []
      : [`${name} was assigned [${wanted.join()}] and holds [${had.join()}]`]),
    ...own
      .filter(({ serviceUid }) => serviceUid !== service.metadata.uid)
      .map(({ address }) => `${address} is claimed for another ${name}`),
    ...(had.length > 0 && !isHeld(service) ? [`${name} holds addresses and has no finalizer`] : []),
  ]
}

function orphanFaults(
  { address, service, state, blockId }: AddressView,
  { services, blocks }: View,
): string[] {
  const parent = services.find(other => nameOf(other) === service)
  return [
    ...(state === 'active' && !parent ? [`${address} is held by ${service}, which does not exist`] : []),
    ...(blocks.some(({ id, cidr }) => id === blockId && liesIn(address, cidr))
      ? []
      : [`${address} (${state}) lies in no block of ours`]),
  ]
}

/** A block is needed, or counts the time for which it has not been, or is on its way out. */
function blockFaults(
  { id, cidr, status, tags, assignedResourceId, ...rest }: IpBlock,
  addresses: readonly AddressView[],
  networkId: string,
): string[] {
  const block: IpBlock = { id, cidr, status, ...rest, ...(tags ? { tags } : {}) }
  const inside = addresses.filter(({ address, service }) => service !== undefined && liesIn(address, cidr))
  const gate = addresses.find(({ service, blockId }) => service === undefined && blockId === id)
  const isLeaving = gate?.state === 'closing' || tagOf(block, 'delete') === 'true' || status === 'unassigning'
  const isCounted = gate?.unusedSince !== undefined
  if (inside.length === 0) {
    return isCounted || isLeaving ? [] : [`nobody uses ${cidr} (${status}) and it is kept`]
  }
  return [
    ...(gate ? [] : [`${cidr} is in use and has no gate`]),
    ...(isLeaving
      ? [`${cidr} is given back although ${inside.map(({ service }) => service).join()} use it`]
      : []),
    ...(isCounted ? [`${cidr} counts as unused although ${inside.length} addresses of it are claimed`] : []),
    ...(assignedResourceId === networkId ? [] : [`${cidr} is in use and not on the network (${status})`]),
  ]
}

function purchaseFaults(blocks: readonly IpBlock[]): string[] {
  const ids = blocks.flatMap(block => tagOf(block, 'purchase') ?? [])
  return ids.filter((id, index) => ids.indexOf(id) !== index).map(id => `purchase ${id} was made twice`)
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
    toRestFaults(await see(lb), lb.networkId),
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
