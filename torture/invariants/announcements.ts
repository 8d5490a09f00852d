import type { KubeService } from '../../shared/kubernetes/types.ts'
import { assignedTo, canonical, liesIn, nameOf } from '../../test/support/services.ts'
import { type Announced, toAnnounced } from './announced.ts'
import type { Checks, Fault } from './contract.ts'
import { liveOf, type State } from './state.ts'

/** What the announcer is told fits the claims, for every Service of the cluster, be it ours or not. */
export function createAnnouncementChecks(state: State): Checks {
  const { inputs } = state
  const { announcer, classes } = inputs.settings

  /** Whether it is the controllers' business who is served with the address, or has been. */
  const isOurs = (service: KubeService, address: string): boolean =>
    assignedTo(service).includes(address) ||
    state.addresses.get(address)?.state === 'active' ||
    state.ownBlocks().some(({ cidr }) => liesIn(address, cidr))

  /** One that is deleted, and kept by others, holds what it had until it has gone. */
  function holds(service: KubeService, address: string): boolean {
    const claim = state.addresses.get(address)
    const isInUse = claim?.state === 'active' || claim?.state === 'unconfirmed'
    const isKept = service.metadata.deletionTimestamp !== undefined
    return claim?.service === nameOf(service) && (isInUse || isKept)
  }

  function checkTold(service: KubeService, { served, offered }: Announced): Fault[] {
    const wrong = (address: string): boolean => isOurs(service, address) && !holds(service, address)
    return [
      ...served
        .filter(wrong)
        .map(address => toFault('1d', service, `${announcer} is told to serve it with ${whose(address)}`)),
      ...offered
        .filter(wrong)
        .map(address => toFault('1d', service, `${announcer} may serve it with ${whose(address)}`)),
    ]
  }

  function whose(address: string): string {
    const { service, state: claimState } = state.addresses.get(address) ?? {}
    return service === undefined
      ? `${address}, which nobody holds`
      : `${address}, which is ${claimState} for ${service}`
  }

  function checkUntold(service: KubeService, { served }: Announced): Fault[] {
    const live = liveOf(service)
    if (live.length === 0 || isKeptBack(service, live, announcer)) return []
    const untold = live.filter(address => !served.includes(address))
    if (untold.length === 0) return []
    return [toFault('1e', service, `it has ${untold.join()}, and ${announcer} is not told to serve it`)]
  }

  return {
    atRest: () =>
      [...state.services.values()].flatMap(service => {
        const told = toAnnounced(announcer, service, resource => inputs.cluster.list(resource), classes)
        return [...checkTold(service, told), ...checkUntold(service, told)]
      }),
  }
}

/**
 * By its own user: told not to serve it, or MetalLB asked by a field that we never write for what it does not have, or for
 * one of two addresses, which MetalLB refuses.
 */
function isKeptBack(
  { metadata: { annotations = {} }, spec }: KubeService,
  live: readonly string[],
  announcer: string,
): boolean {
  const { 'kube-vip.io/ignore': ignore, 'phoenixnap.com/kube-vip-ignore': isOurs } = annotations
  if (ignore === 'true' && isOurs === undefined) return true
  if (!spec?.loadBalancerIP || announcer !== 'metallb') return false
  return live.length > 1 || !live.includes(canonical(spec.loadBalancerIP.trim()))
}

const toFault = (invariant: '1d' | '1e', service: KubeService, what: string): Fault => ({
  invariant,
  object: `services ${nameOf(service)}`,
  what,
})
