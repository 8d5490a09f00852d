import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  type AddressView,
  assignedTo,
  canonical,
  isHeld,
  isWaiting,
  liesIn,
  nameOf,
  publishedFor,
  tagOf,
} from '../../test/support/services.ts'
import type { Fault } from './contract.ts'
import type { InvariantId } from './table.ts'

/** What cluster and cloud hold at one moment. */
export interface View {
  readonly services: readonly KubeService[]
  readonly addresses: readonly AddressView[]
  /** Of this cluster. */
  readonly blocks: readonly IpBlock[]
}

const faultOf = (invariant: InvariantId, kind: string, name: string, what: string): Fault => ({
  invariant,
  object: `${kind} ${name}`,
  what,
})

/** Addresses at which clients look for a Service. */
export type ToPublished = (service: KubeService) => readonly string[]

/**
 * What must hold at every moment, whatever is under way: nobody is sent to an address that does not work.
 *
 * @param toPublished as kube-vip does it by default
 */
export const toPublicationFaults = (
  view: View,
  everAssigned: ReadonlySet<string>,
  toPublished: ToPublished = publishedFor,
): Fault[] => [
  ...sharedAddresses(view, toPublished),
  ...view.services.flatMap(service => publicationFaults(service, view, everAssigned, toPublished)),
]

function sharedAddresses({ services }: View, toPublished: ToPublished): Fault[] {
  const holders = new Map<string, string>()
  return services.flatMap(service => {
    if (service.metadata.deletionTimestamp) return []
    return [...new Set(toPublished(service))].flatMap(address => {
      const [other, name] = [holders.get(address), nameOf(service)]
      holders.set(address, name)
      const what = `${address} is held by ${other} and by ${name}`
      return other === undefined ? [] : [faultOf('1a', 'services', name, what)]
    })
  })
}

function publicationFaults(
  service: KubeService,
  { addresses, blocks }: View,
  everAssigned: ReadonlySet<string>,
  toPublished: ToPublished,
): Fault[] {
  const name = nameOf(service)
  if (!isHeld(service))
    return assignedTo(service).length > 0
      ? [faultOf('4a', 'services', name, `${name} has addresses and no finalizer`)]
      : []
  // One that is being deleted keeps its annotation until the end; its address may be on its way back.
  if (service.metadata.deletionTimestamp || service.spec?.type !== 'LoadBalancer') return []
  return toPublished(service).flatMap(text => {
    const address = canonical(text)
    const block = blocks.find(({ cidr }) => liesIn(address, cidr))
    const isKnown = block !== undefined && everAssigned.has(block.id)
    const claim = addresses.find(entry => entry.address === address && entry.service !== undefined)
    const gate = addresses.find(entry => entry.service === undefined && entry.blockId === block?.id)
    const published = `${name} has ${address} published`
    return [
      ...(claim?.service === name
        ? []
        : [faultOf('1c', 'services', name, `${published} without a claim of its own`)]),
      ...(isKnown
        ? []
        : [
            faultOf('3a', 'services', name, `${published} in a block that is ${block?.status ?? 'not ours'}`),
          ]),
      ...(gate?.state === 'open' || (!gate && isKnown)
        ? []
        : [faultOf('3a', 'services', name, `${published} behind a gate that is ${gate?.state}`)]),
    ]
  })
}

/** What must hold at rest. */
export function toRestFaults(view: View, networkId: string): Fault[] {
  const { services, addresses, blocks } = view
  const claims = addresses.filter(({ service }) => service !== undefined)
  const byService = Map.groupBy(claims, ({ service }) => service)
  const names = new Set(services.map(nameOf))
  return [
    ...services.flatMap(service => claimFaults(service, byService.get(nameOf(service)) ?? [])),
    ...claims.flatMap(claim => orphanFaults(claim, names, blocks)),
    ...blocks.flatMap(block => blockFaults(block, addresses, networkId)),
    ...addresses
      .filter(({ service, blockId }) => service === undefined && !blocks.some(({ id }) => id === blockId))
      .map(({ address, blockId }) => {
        const users = claims.flatMap(claim => (claim.blockId === blockId ? (claim.service ?? []) : []))
        const what = `the gate ${address} is left of a block that has gone, with [${users.join()}]`
        return faultOf('2c', 'ipaddresses', address, what)
      }),
    ...purchaseFaults(blocks, addresses),
  ]
}

function claimFaults(service: KubeService, claims: readonly AddressView[]): Fault[] {
  const name = nameOf(service)
  const own = claims.filter(({ state }) => state === 'active')
  const [wanted, had] = [assignedTo(service).map(canonical).sort(), own.map(({ address }) => address).sort()]
  // One that waits for an address of its other family holds what it has of the first.
  const isHalf = wanted.length === 0 && isWaiting(service) && service.spec?.ipFamilies?.length === 2
  return [
    ...(isHalf || wanted.join() === had.join()
      ? []
      : [
          faultOf(
            '1c',
            'services',
            name,
            `${name} was assigned [${wanted.join()}] and holds [${had.join()}]`,
          ),
        ]),
    ...own
      .filter(({ serviceUid }) => serviceUid !== service.metadata.uid)
      .map(({ address }) => faultOf('1c', 'services', name, `${address} is claimed for another ${name}`)),
    ...(had.length > 0 && !isHeld(service)
      ? [faultOf('4a', 'services', name, `${name} holds addresses and has no finalizer`)]
      : []),
  ]
}

function orphanFaults(
  { address, service, state, blockId }: AddressView,
  services: ReadonlySet<string>,
  blocks: readonly IpBlock[],
): Fault[] {
  const isOrphan = state === 'active' && !services.has(service ?? '')
  return [
    ...(isOrphan
      ? [faultOf('2c', 'ipaddresses', address, `${address} is held by ${service}, which does not exist`)]
      : []),
    ...(blocks.some(({ id, cidr }) => id === blockId && liesIn(address, cidr))
      ? []
      : [
          faultOf(
            '2c',
            'ipaddresses',
            address,
            `${address} (${state} for ${service}) lies in no block of ours`,
          ),
        ]),
  ]
}

interface BlockUse {
  readonly inside: readonly AddressView[]
  readonly gate: AddressView | undefined
  readonly isLeaving: boolean
  readonly isCounted: boolean
}

function toUse(block: IpBlock, addresses: readonly AddressView[]): BlockUse {
  const gate = addresses.find(({ service, blockId }) => service === undefined && blockId === block.id)
  return {
    inside: addresses.filter(({ address, service }) => service !== undefined && liesIn(address, block.cidr)),
    gate,
    isLeaving:
      gate?.state === 'closing' ||
      gate?.state === 'closed' ||
      tagOf(block, 'delete') === 'true' ||
      block.status === 'unassigning',
    // One that never got as far as a gate counts from its creation on.
    isCounted: gate ? gate.unusedSince !== undefined : block.status !== 'assigned',
  }
}

/** A block is needed, or counts the time for which it has not been, or is on its way out. */
function blockFaults(block: IpBlock, addresses: readonly AddressView[], networkId: string): Fault[] {
  const { id, cidr, status, assignedResourceId } = block
  const { inside, gate, isLeaving, isCounted } = toUse(block, addresses)
  const fault = (invariant: InvariantId, what: string): Fault => faultOf(invariant, 'ip-blocks', id, what)
  if (inside.length === 0)
    return isCounted || isLeaving ? [] : [fault('2b', `nobody uses ${cidr} (${status}) and it is kept`)]
  const users = inside.map(({ service }) => service).join()
  return [
    ...(gate ? [] : [fault('3a', `${cidr} is in use and has no gate`)]),
    ...(isLeaving ? [fault('3a', `${cidr} is given back although ${users} use it`)] : []),
    ...(isCounted
      ? [fault('3a', `${cidr} counts as unused although ${inside.length} addresses of it are claimed`)]
      : []),
    ...(assignedResourceId === networkId
      ? []
      : [fault('3a', `${cidr} is in use and not on the network (${status})`)]),
  ]
}

/** Two blocks of one purchase that both stay: an answer may have come twice, and then the unused one goes back. */
function purchaseFaults(blocks: readonly IpBlock[], addresses: readonly AddressView[]): Fault[] {
  const kept = blocks.filter(block => {
    const { isLeaving, isCounted } = toUse(block, addresses)
    return !isLeaving && !isCounted
  })
  const ids = kept.flatMap(block => tagOf(block, 'purchase') ?? [])
  return ids
    .filter((id, index) => ids.indexOf(id) !== index)
    .map(id => faultOf('2a', 'ip-blocks', id, `purchase ${id} was made twice`))
}
