import { isDeepStrictEqual } from 'node:util'
import type { Announcer, AnnouncerFields } from '../../announcers/contract.ts'
import { ASSIGNED_IPS, CLEANUP_FINALIZER, FINALIZER, WAITING } from '../../kubernetes/names.ts'
import type { KubeService, LoadBalancerIngress } from '../../kubernetes/types.ts'
import type { CleanUpCause } from '../address/lifecycle.ts'

/** How a Service should look. */
export type ServiceState =
  /** Canonical addresses, primary family first. */
  | { readonly kind: 'serve'; readonly addresses: readonly string[] }
  /**
   * `since`: RFC 3339, used unless it waits already. `remember`: addresses it had before that are to be waited for;
   * `forget`: those that it had and will not get back, which must not read as its user's request from now on.
   */
  | {
      readonly kind: 'wait'
      readonly since: string
      readonly remember?: readonly string[]
      readonly forget?: readonly string[]
    }
  /** Only after its claims were released. `restraint`: see `toRestraint`. */
  | {
      readonly kind: 'clear'
      readonly cause: CleanUpCause
      readonly assigned: readonly string[]
      readonly restraint?: Restraint | undefined
    }

/** Annotations that keep a Service, as it will be, from addresses that it does not hold; null removes. */
export type Restraint = (service: KubeService) => Readonly<Record<string, string | null>>

/** What is to be changed in a Service; absent fields stay as they are. */
export interface ServiceFields {
  /** Whole list. */
  readonly finalizers?: readonly string[]
  /** null removes. */
  readonly annotations?: Readonly<Record<string, string | null>>
  /** Whole list of status.loadBalancer.ingress. */
  readonly ingress?: readonly LoadBalancerIngress[]
}

/**
 * What a Service lacks of its state.
 *
 * @param service as it is; in a review, the object as the user sent it, so that what `kubectl replace` drops comes back
 * @returns undefined when it is as it should be
 */
export function toServiceFields(
  service: KubeService,
  state: ServiceState,
  announcer: Announcer,
): ServiceFields | undefined {
  const { annotations = {}, ingress } = toAnnouncerFields(service, state, announcer)
  const finalizers = changeFinalizers(service, state)
  const changed = toAnnotations(service, { ...annotations, ...toOurAnnotations(service, state) })
  const newIngress =
    announcer.statusIsOurs && ingress && !isSameIngress(service, ingress) ? ingress : undefined
  if (!finalizers && !changed && !newIngress) return undefined
  return {
    ...(finalizers && { finalizers }),
    ...(changed && { annotations: changed }),
    ...(newIngress && { ingress: newIngress }),
  }
}

/**
 * One that is deleted keeps what its announcer knows: that takes an address away once the Service is gone, and kube-vip
 * never does where it is told to leave a Service alone.
 */
function toAnnouncerFields(service: KubeService, state: ServiceState, announcer: Announcer): AnnouncerFields {
  switch (state.kind) {
    case 'serve':
      return announcer.toServing(service, state.addresses)
    case 'wait':
      return toWaitingFields(service, state.forget ?? [], announcer)
    case 'clear':
      return restrain(
        service,
        state.cause === 'deleted' ? {} : announcer.toCleared(service, state.assigned),
        state.restraint,
      )
  }
}

function restrain(
  service: KubeService,
  fields: AnnouncerFields,
  restraint: Restraint | undefined,
): AnnouncerFields {
  if (!restraint) return fields
  const { annotations = {}, ...rest } = fields
  return { ...rest, annotations: { ...annotations, ...restraint(withAnnotations(service, annotations)) } }
}

function toWaitingFields(
  service: KubeService,
  forget: readonly string[],
  announcer: Announcer,
): AnnouncerFields {
  if (forget.length === 0) return announcer.toWaiting(service)
  const { annotations: cleared = {} } = announcer.toCleared(service, forget)
  const { annotations: waiting = {}, ...rest } = announcer.toWaiting(withAnnotations(service, cleared))
  return { ...rest, annotations: { ...cleared, ...waiting } }
}

/** The Service as it is with these changes; null removes. */
export function withAnnotations(
  service: KubeService,
  changes: Readonly<Record<string, string | null>>,
): KubeService {
  const all = Object.entries({ ...service.metadata.annotations, ...changes })
  const annotations = Object.fromEntries(
    all.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
  )
  return { ...service, metadata: { ...service.metadata, annotations } }
}

function toOurAnnotations(
  service: KubeService,
  state: ServiceState,
): Readonly<Record<string, string | null>> {
  switch (state.kind) {
    case 'serve':
      return { [ASSIGNED_IPS]: state.addresses.join(','), [WAITING]: null }
    case 'wait':
      return {
        [ASSIGNED_IPS]: state.remember?.join(',') || null,
        [WAITING]: service.metadata.annotations?.[WAITING] ?? state.since,
      }
    case 'clear':
      return isGoing(service, state) ? {} : { [ASSIGNED_IPS]: null, [WAITING]: null }
  }
}

/** Those that differ. @returns undefined when none does */
export function toAnnotations(
  { metadata: { annotations: existing = {} } }: KubeService,
  wanted: Readonly<Record<string, string | null>>,
): Record<string, string | null> | undefined {
  const changes = Object.entries(wanted).filter(([key, value]) => (existing[key] ?? null) !== value)
  return changes.length === 0 ? undefined : Object.fromEntries(changes)
}

/** None can be added to an object that is being deleted: the API server refuses it. */
function changeFinalizers({ metadata }: KubeService, state: ServiceState): readonly string[] | undefined {
  const existing = metadata.finalizers ?? []
  if (state.kind === 'clear') {
    const left = listOthers(metadata, state.cause)
    return left.length === existing.length ? undefined : left
  }
  if (existing.includes(FINALIZER) || metadata.deletionTimestamp !== undefined) return undefined
  return [...existing, FINALIZER]
}

function listOthers({ finalizers = [] }: KubeService['metadata'], cause: CleanUpCause): readonly string[] {
  const ours = [FINALIZER, ...(takesLeftOver(cause) ? [CLEANUP_FINALIZER] : [])]
  return finalizers.filter(finalizer => !ours.includes(finalizer))
}

/** Nobody reads any more what stands on it. */
const isGoing = (
  { metadata }: KubeService,
  { cause }: Extract<ServiceState, { readonly kind: 'clear' }>,
): boolean => cause === 'deleted' && listOthers(metadata, cause).length === 0

/** Where the Service goes on with another load balancer controller, that one's finalizer has to stay. */
const takesLeftOver = (cause: CleanUpCause): boolean => cause === 'deleted' || cause === 'typeChanged'

/** Order counts, that of the fields of an entry does not. */
const isSameIngress = ({ status }: KubeService, ingress: readonly LoadBalancerIngress[]): boolean =>
  isDeepStrictEqual(status?.loadBalancer?.ingress ?? [], ingress)
