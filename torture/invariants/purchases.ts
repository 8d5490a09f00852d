import { IP_BLOCKS_LEASE } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  type AddressView,
  addressIn,
  liesIn,
  nameOf,
  type ServiceName,
  tagOf,
} from '../../test/support/services.ts'
import type { CloudChange, Entry } from '../world/contract.ts'
import { toGateName } from './blocks.ts'
import type { Checks, Fault } from './contract.ts'
import { isOurs, liveOf, type State } from './state.ts'
import { keyOf } from './users.ts'

/** A need that ended so lately was one when the purchase was decided on. */
const RECENT_MS = 5 * 60_000
/** A block that has not got anywhere for so long is bought anew. */
const PATIENCE_MS = 15 * 60_000
const ON_THEIR_WAY = ['creating', 'unassigned', 'assigning', 'assigned']
/** Network, gateway and broadcast address. */
const NOT_FOR_SERVICES = 3
const IPV4_BITS = 32
/** Place of the address that is the Service's whose block it is. */
const OWN_PLACE = 2

/** Nothing is bought for what is bought already. */
export function createPurchaseChecks(state: State): Checks {
  const { inputs } = state
  /** Services that have no address, or had none a moment ago: until when. */
  const waiting = new Map<string, number>()
  /** Bought in this history: when. */
  const fresh = new Map<string, number>()
  /** Addresses that somebody has, or had a moment ago, even where nobody can read who: until when. */
  const taken = new Map<string, number>()

  /** @param before where it is known: what it lacked a moment ago may be bought still */
  function noteService(key: string, service: KubeService | undefined, before?: KubeService): void {
    if (wants(before) && isBereft(before) && !waiting.has(key)) waiting.set(key, inputs.now())
    if (wants(service) && liveOf(service).length < countFamilies(service))
      waiting.set(key, Number.POSITIVE_INFINITY)
    else if (waiting.get(key) === Number.POSITIVE_INFINITY) waiting.set(key, inputs.now())
  }

  function countNeeds(): number {
    for (const [key, until] of waiting) if (inputs.now() - until > RECENT_MS) waiting.delete(key)
    const bereft = [...state.services].filter(([key, service]) => !waiting.has(key) && isBereft(service))
    return waiting.size + bereft.length + inputs.settings.minFreeAddresses
  }

  /**
   * Served with an address of a block that has gone, or one that somebody else has a claim to by now: it waits for another,
   * though nobody may have told it yet, or can.
   */
  const isBereft = (service: KubeService): boolean =>
    liveOf(service).some(
      address =>
        !state.ownBlocks().some(({ cidr }) => liesIn(address, cidr)) || isHadByAnother(address, service),
    )

  function isHadByAnother(address: string, service: KubeService): boolean {
    const holder = state.addresses.get(address)?.service
    return holder !== undefined && holder !== nameOf(service)
  }

  function isOfUse(block: IpBlock): boolean {
    const boughtAt = fresh.get(block.id)
    const isYoung = boughtAt !== undefined && inputs.now() - boughtAt < PATIENCE_MS
    const isLeaving = tagOf(block, 'delete') !== undefined || isShut(block)
    return (
      isYoung &&
      !isLeaving &&
      !state.denied.has(block.id) &&
      isOurs(block, inputs) &&
      ON_THEIR_WAY.includes(block.status)
    )
  }

  /** It cannot open where something that is no gate has the gate's name. */
  const isShut = (block: IpBlock): boolean => {
    const gate = state.gateOf(block.id)
    const inPlace = state.addresses.get(toGateName(block))
    return gate ? gate.state !== 'open' : inPlace !== undefined && isNoGate(inPlace)
  }

  function checkPurchase({ before, after, by }: CloudChange): Fault[] {
    const bought = after.filter(({ id }) => !before.some(other => other.id === id))
    const names = new Set([...(inputs.cloud.memberAddresses?.() ?? []), ...listTaken()])
    return bought.flatMap(block => {
      const others = before.filter(other => isOfUse(other) && isAlike(other, block))
      fresh.set(block.id, inputs.now())
      if (isTwin(block, others)) return []
      const free = others.map(other => countFree(other, withoutGate(other, names)))
      const isMet = isDedicated(block)
        ? others.some((other, index) => free[index] === capacityOf(other))
        : free.reduce((sum, count) => sum + count, 0) >= countNeeds()
      const have = others.map(({ cidr }) => cidr).join()
      const what = `${by} buys ${block.cidr}, though [${have}] serves all ${countNeeds()} needs`
      return isMet ? [{ invariant: '2a', object: `ip-blocks ${block.id}`, what } as const] : []
    })
  }

  function noteTaken(address: string): void {
    if (state.addresses.has(address)) taken.set(address, Number.POSITIVE_INFINITY)
    else if (taken.get(address) === Number.POSITIVE_INFINITY) taken.set(address, inputs.now())
  }

  function listTaken(): readonly string[] {
    for (const [address, until] of taken) if (inputs.now() - until > RECENT_MS) taken.delete(address)
    return [...taken.keys()]
  }

  /** Somebody edits or deletes what remembers purchases that a list may lack. */
  const isMemoryLost = (entry: Entry): boolean =>
    entry.kind === 'stored' &&
    entry.resource === 'leases' &&
    entry.object.metadata.name === IP_BLOCKS_LEASE &&
    !inputs.isProcess(entry.by)

  for (const [key, service] of state.services) noteService(key, service)
  for (const address of state.addresses.keys()) noteTaken(address)

  return {
    check(entry: Entry) {
      if (entry.kind === 'stored' && entry.resource === 'services')
        noteService(
          keyOf(entry),
          entry.type === 'DELETED' ? undefined : (entry.object as unknown as KubeService),
          entry.old as unknown as KubeService | undefined,
        )
      if (isMemoryLost(entry)) fresh.clear()
      if (entry.kind === 'stored' && entry.resource === 'ipaddresses')
        noteTaken(entry.object.metadata.name ?? '')
      const isPurchase = entry.kind === 'cloud' && entry.operation === 'POST /ips/v1/ip-blocks'
      return isPurchase && inputs.isProcess(entry.by) ? checkPurchase(entry) : []
    },
  }
}

/** A claim, or what was a gate until somebody took its block off. */
const isNoGate = ({ service, blockId = '' }: AddressView): boolean => service !== undefined || blockId === ''

const wants = (service: KubeService | undefined): service is KubeService =>
  service?.spec?.type === 'LoadBalancer' && !service.metadata.deletionTimestamp

/** Addresses that it may want. */
const countFamilies = ({ spec }: KubeService): number =>
  spec?.ipFamilyPolicy === undefined || spec.ipFamilyPolicy === 'SingleStack' ? 1 : 2

/** A request that arrived twice: found by its purchase, and given back. */
function isTwin(block: IpBlock, others: readonly IpBlock[]): boolean {
  const purchase = tagOf(block, 'purchase')
  return purchase !== undefined && others.some(other => tagOf(other, 'purchase') === purchase)
}

const DEDICATION = ['serviceNamespace', 'serviceName']
const isDedicated = (block: IpBlock): boolean => tagOf(block, 'serviceName') !== undefined

const isAlike = (one: IpBlock, other: IpBlock): boolean =>
  one.ipVersion === other.ipVersion &&
  one.location === other.location &&
  DEDICATION.every(name => tagOf(one, name) === tagOf(other, name))

function capacityOf({ cidr, ipVersion }: IpBlock): number {
  if (ipVersion.endsWith('6')) return Number.POSITIVE_INFINITY
  return 2 ** (IPV4_BITS - Number(cidr.split('/')[1])) - NOT_FOR_SERVICES
}

/** A gate is at the address of the range itself, which is nobody's. */
const withoutGate = (block: IpBlock, names: ReadonlySet<string>): readonly string[] =>
  [...names].filter(name => name !== toGateName(block))

/** How many of a block's addresses nobody has. */
export const countFree = (block: IpBlock, taken: readonly string[]): number =>
  capacityOf(block) - taken.filter(address => liesIn(address, block.cidr)).length

/** The Service that a block was bought for alone. */
export function ownerOf(block: IpBlock): ServiceName | undefined {
  const [namespace, name] = DEDICATION.map(tag => tagOf(block, tag))
  return namespace === undefined || name === undefined ? undefined : nameOf({ metadata: { namespace, name } })
}

/** How many of them a Service, or any of them, may have: the first of another one's own block is never its. */
export function countFreeFor(
  service: ServiceName | undefined,
  block: IpBlock,
  taken: readonly string[],
): number {
  const owner = ownerOf(block)
  const isShared = owner === undefined || owner === service || block.ipVersion.endsWith('6')
  return countFree(block, isShared ? taken : [...new Set([...taken, addressIn(block.cidr, OWN_PLACE)])])
}
