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
  /** Only after its claims were released. */
  | { readonly kind: 'clear'; readonly cause: CleanUpCause; readonly assigned: readonly string[] }

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
  const changed = keepChanges(service, { ...annotations, ...toOurAnnotations(service, state) })
  const newIngress =
    announcer.statusIsOurs && ingress && !isSameIngress(service, ingress) ? ingress : undefined
  if (!finalizers && !changed && !newIngress) return undefined
  return {
    ...(finalizers && { finalizers }),
    ...(changed && { annotations: changed }),
    ...(newIngress && { ingress: newIngress }),
  }
}

/** A Service that is going needs nothing of it any more. */
function toAnnouncerFields(service: KubeService, state: ServiceState, announcer: Announcer): AnnouncerFields {
  switch (state.kind) {
    case 'serve':
      return announcer.toServing(service, state.addresses)
    case 'wait':
      return toWaitingFields(service, state.forget ?? [], announcer)
    case 'clear':
      return state.cause === 'deleted' ? {} : announcer.toCleared(service, state.assigned)
  }
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

function withAnnotations(
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
      return state.cause === 'deleted' ? {} : { [ASSIGNED_IPS]: null, [WAITING]: null }
  }
}

function keepChanges(
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
    const ours = [FINALIZER, ...(takesLeftOver(state.cause) ? [CLEANUP_FINALIZER] : [])]
    const left = existing.filter(finalizer => !ours.includes(finalizer))
    return left.length === existing.length ? undefined : left
  }
  if (existing.includes(FINALIZER) || metadata.deletionTimestamp !== undefined) return undefined
  return [...existing, FINALIZER]
}

/** Where the Service goes on with another load balancer controller, that one's finalizer has to stay. */
const takesLeftOver = (cause: CleanUpCause): boolean => cause === 'deleted' || cause === 'typeChanged'

/** Order counts, that of the fields of an entry does not. */
const isSameIngress = ({ status }: KubeService, ingress: readonly LoadBalancerIngress[]): boolean =>
  isDeepStrictEqual(status?.loadBalancer?.ingress ?? [], ingress)
