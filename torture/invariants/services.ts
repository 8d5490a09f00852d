import { CLEANUP_FINALIZER, FINALIZER } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  assignedTo,
  canonical,
  ingressOf,
  isHeld,
  liesIn,
  nameOf,
  publishedFor,
} from '../../test/support/services.ts'
import type { Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import type { Hands } from './hands.ts'
import { countFreeFor, ownerOf } from './purchases.ts'
import { createReviewed } from './reviewed.ts'
import { isSound, liveOf, type State } from './state.ts'

/** A network takes no more blocks of a family. */
const NETWORK_TAKES: Readonly<Record<string, number>> = { IPv4: 10, IPv6: 1 }

/** Services that go, and Services that wait. */
export function createServiceChecks(state: State, hands: Pick<Hands, 'wereOnClaim'>): Checks {
  const { inputs } = state
  const { settings } = inputs
  const reviewed = createReviewed(inputs)

  /** Users do it as they like where nobody reviews it, and with one that is being deleted, which takes no finalizer. */
  function isOurDoing(entry: Stored): boolean {
    if (inputs.isProcess(entry.by)) return true
    const isGoing = entry.type === 'DELETED' || entry.object.metadata.deletionTimestamp !== undefined
    return !isGoing && reviewed.isAnswered(entry)
  }

  function checkFinalizer(entry: Stored): Fault[] {
    const { type, object, old } = entry
    const before = old as KubeService | undefined
    const after = type === 'DELETED' ? undefined : (object as unknown as KubeService)
    if (!before || !isHeld(before) || isHeld(after)) return []
    const name = nameOf(before)
    const held = state
      .claimsOf(name)
      .filter(claim => claim.state === 'active' && claim.serviceUid === before.metadata.uid)
      .filter(({ address }) => namedBy(before).includes(address))
      // Who read it while somebody had written "released" into it has nothing to free; who writes it anew knows the Service.
      .filter(({ address }) => !hands.wereOnClaim(address))
    if (held.length === 0 || !isOurDoing(entry)) return []
    return held.map(({ address }) => toFault('4a', name, `${name} is let go with ${address} in use`))
  }

  function checkGoing(service: KubeService): Fault[] {
    const { deletionTimestamp, finalizers = [] } = service.metadata
    if (deletionTimestamp === undefined) return []
    const isLeftOver = finalizers.includes(CLEANUP_FINALIZER) && isInBlock(service)
    if (!finalizers.includes(FINALIZER) && !isLeftOver) return []
    return [toFault('4b', nameOf(service), `it is being deleted since ${deletionTimestamp}, and kept`)]
  }

  const isInBlock = (service: KubeService): boolean =>
    ingressOf(service).some(ip => state.ownBlocks().some(({ cidr }) => liesIn(ip, cidr)))

  /** Only those that ask for nothing that may be refused. */
  function isPlain(service: KubeService): boolean {
    const { metadata, spec } = service
    const { annotations = {} } = metadata
    const asks = Object.entries(annotations).some(
      ([key, value]) => CHOICES.test(key) && value !== assignedTo(service).join(),
    )
    const isForeign = !isHeld(service) && ingressOf(service).length > 0
    const { type, loadBalancerClass = settings.classes[0], loadBalancerIP } = spec ?? {}
    const isOfClass = loadBalancerClass === undefined || settings.classes.includes(loadBalancerClass)
    const isOurs = type === 'LoadBalancer' && isOfClass && metadata.deletionTimestamp === undefined
    return isOurs && !asks && !isForeign && !loadBalancerIP
  }

  /** What it could have; undefined: nothing. */
  function findRoom(name: string, family: string): string | undefined {
    const isOfFamily = ({ ipVersion }: IpBlock): boolean => ipVersion.endsWith('6') === (family === 'IPv6')
    const own = state.ownBlocks().filter(isOfFamily)
    const taken = [...state.addresses.values()].flatMap(({ address, service }) => (service ? address : []))
    // A block of IPv4 is then for one Service alone.
    const isShared = settings.ipAllocation === 'packed' || family === 'IPv6'
    const open = own.find(
      block =>
        (isShared || ownerOf(block) === name) &&
        isSound(block, inputs) &&
        state.gateOf(block.id)?.state === 'open' &&
        countFreeFor(name, block, taken) > 0,
    )
    if (open) return `${open.cidr} has free addresses`
    const ids = new Set(own.map(({ id }) => id))
    const occupying = inputs.cloud
      .ipBlocks()
      .filter(
        block => isOfFamily(block) && (block.assignedResourceId === inputs.networkId || ids.has(block.id)),
      )
    const isBelowLimit = family === 'IPv6' || own.length < settings.maxBlocks
    const canBuy = isBelowLimit && occupying.length < (NETWORK_TAKES[family] ?? 0)
    return canBuy && inputs.canBuy?.() !== false ? `a block of ${family} could be bought` : undefined
  }

  function checkServed(): Fault[] {
    const waiting = [...state.services.values()].filter(
      service => liveOf(service).length === 0 && isPlain(service) && inputs.isServable?.(service) !== false,
    )
    return waiting.flatMap(service => {
      const rooms = toRequired(service).map(family => findRoom(nameOf(service), family))
      if (rooms.includes(undefined)) return []
      return [toFault('8a', nameOf(service), `it is not served, though ${rooms.join(', and ')}`)]
    })
  }

  return {
    check(entry) {
      reviewed.take(entry)
      return entry.kind === 'stored' && entry.resource === 'services' ? checkFinalizer(entry) : []
    },
    atRest: () => [...[...state.services.values()].flatMap(checkGoing), ...checkServed()],
  }
}

/** Addresses that anybody may look for it at; one that is only being claimed for it is not in use. */
const namedBy = (service: KubeService): readonly string[] =>
  [assignedTo, publishedFor, ingressOf].flatMap(of => of(service)).map(canonical)

/** Families without which it is not served: a second one that is only preferred may come later. */
function toRequired({ spec }: KubeService): readonly string[] {
  const { ipFamilies = ['IPv4'], ipFamilyPolicy } = spec ?? {}
  return ipFamilyPolicy === 'PreferDualStack' ? ipFamilies.slice(0, 1) : ipFamilies
}

/** Annotations by which a user asks for what may be refused. */
const CHOICES =
  /^(kube-vip\.io\/loadbalancerIPs|(metallb|purelb)\.|lbipam\.|io\.cilium\/|phoenixnap\.com\/ip-(location|allocation)$)/

const toFault = (invariant: '4a' | '4b' | '8a', name: string, what: string): Fault => ({
  invariant,
  object: `services ${name}`,
  what,
})
