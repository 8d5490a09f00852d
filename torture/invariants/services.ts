import { CLEANUP_FINALIZER, FINALIZER } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { assignedTo, ingressOf, isHeld, liesIn, nameOf } from '../../test/support/services.ts'
import type { Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import { countFree } from './purchases.ts'
import { isSound, liveOf, type State } from './state.ts'

/** A network takes no more of them. */
const NETWORK_TAKES = 10

/** Services that go, and Services that wait. */
export function createServiceChecks(state: State): Checks {
  const { inputs } = state
  const { settings } = inputs

  function checkFinalizer({ type, object, old }: Stored): Fault[] {
    const before = old as KubeService | undefined
    const after = type === 'DELETED' ? undefined : (object as unknown as KubeService)
    if (!before || !isHeld(before) || isHeld(after)) return []
    const name = nameOf(before)
    return state
      .claimsOf(name)
      .filter(claim => claim.state === 'active' && claim.serviceUid === before.metadata.uid)
      .map(({ address }) => toFault('4a', name, `${name} is let go with ${address} in use`))
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
    const families = spec?.ipFamilies ?? ['IPv4']
    const asks = Object.entries(annotations).some(
      ([key, value]) => CHOICES.test(key) && value !== assignedTo(service).join(),
    )
    const isForeign = !isHeld(service) && ingressOf(service).length > 0
    const { type, loadBalancerClass = settings.classes[0], loadBalancerIP } = spec ?? {}
    const isOfClass = loadBalancerClass === undefined || settings.classes.includes(loadBalancerClass)
    const isOurs = type === 'LoadBalancer' && isOfClass && metadata.deletionTimestamp === undefined
    return isOurs && !asks && !isForeign && !loadBalancerIP && families.join() === 'IPv4'
  }

  /** What it could have; undefined: nothing. */
  function findRoom(): string | undefined {
    const own = state.ownBlocks().filter(({ ipVersion }) => !ipVersion.endsWith('6'))
    const taken = [...state.addresses.values()].flatMap(({ address, service }) => (service ? address : []))
    // A block is then for one Service alone.
    const shared = settings.ipAllocation === 'packed' ? own : []
    const open = shared.find(
      block =>
        isSound(block, inputs) && state.gateOf(block.id)?.state === 'open' && countFree(block, taken) > 0,
    )
    if (open) return `${open.cidr} has free addresses`
    const isFull = inputs.cloud
      .ipBlocks()
      .filter(({ assignedResourceId }) => assignedResourceId === inputs.networkId)
    const canBuy = own.length < settings.maxBlocks && isFull.length < NETWORK_TAKES
    return canBuy && inputs.canBuy?.() !== false ? 'a block could be bought' : undefined
  }

  function checkServed(): Fault[] {
    const waiting = [...state.services.values()].filter(
      service => liveOf(service).length === 0 && isPlain(service) && inputs.isServable?.(service) !== false,
    )
    const room = waiting.length > 0 ? findRoom() : undefined
    if (room === undefined) return []
    return waiting.map(service => toFault('8a', nameOf(service), `it is not served, though ${room}`))
  }

  return {
    check(entry) {
      const isOurWrite = entry.kind === 'stored' && inputs.isProcess(entry.by)
      return isOurWrite && entry.resource === 'services' ? checkFinalizer(entry) : []
    },
    atRest: () => [...[...state.services.values()].flatMap(checkGoing), ...checkServed()],
  }
}

/** Annotations by which a user asks for what may be refused. */
const CHOICES =
  /^(kube-vip\.io\/loadbalancerIPs|(metallb|purelb)\.|lbipam\.|io\.cilium\/|phoenixnap\.com\/ip-(location|allocation)$)/

const toFault = (invariant: '4a' | '4b' | '8a', name: string, what: string): Fault => ({
  invariant,
  object: `services ${name}`,
  what,
})
