import type { Announcer } from '../../announcers/contract.ts'
import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { toKey } from '../address/address-index.ts'
import type { Claim } from '../address/contract.ts'
import { type Problem, toProblem } from '../address/problem.ts'
import type { PlannedChange } from '../contract.ts'
import { isUnclear, takesFromServer, toOwnership } from './classify.ts'
import type { ServiceContext } from './context.ts'
import type { Knowledge } from './decide.ts'
import { type Restraint, type ServiceFields, toAnnotations, withAnnotations } from './fields.ts'
import { readHistory } from './history.ts'

/** What a Service that is not served from here is held back by. */
export interface RestraintInput {
  readonly context: Pick<ServiceContext, 'announcer'>
  readonly knowledge: Knowledge
}

/** What is to be written on a Service that is not served from here. */
export interface Restrained {
  readonly fields: ServiceFields
  /** Undefined where it is let go. */
  readonly problem: Problem | undefined
}

/**
 * Keeps a Service that is not served from here (it is being deleted, or of another class, group or pool) from an address
 * of ours that it does not hold: announcers do what a Service says, and some serve more classes than we do. One that is
 * being deleted is told the address that it holds still, any other is not announced for as long as it names ours.
 *
 * @param service as it is going to be stored
 * @param old of an UPDATE review
 * @returns undefined where nothing is to be written
 */
export function planRestraint(
  input: RestraintInput,
  ref: ServiceRef,
  service: KubeService,
  old?: KubeService,
): Restrained | undefined {
  const held = listHeld(input.knowledge.index.claimsOf(ref), service)
  const annotations = toAnnotations(service, toRestraint(input, ref, held, old)(service))
  if (!annotations) return undefined
  const isHeldBack = input.context.announcer && goesTooFar(input, ref, service, held, old)
  return { fields: { annotations }, problem: isHeldBack ? toRefused() : undefined }
}

/** @param held addresses that it may be announced with, canonical */
export function toRestraint(
  input: RestraintInput,
  ref: ServiceRef,
  held: readonly string[],
  old?: KubeService,
): Restraint {
  const { announcer } = input.context
  return service => {
    if (!announcer || service.spec?.type !== 'LoadBalancer') return {}
    if (goesTooFar(input, ref, service, held, old)) return holdBack(announcer, service, held, old)
    // What is written on one that is going stays: without it, it would be announced, or keep its announcer waiting.
    const isGoing = service.metadata.deletionTimestamp !== undefined
    const mayGo = !isGoing && input.knowledge.isSourceKnown && isPlain(announcer, service)
    if (!mayGo) return {}
    const { annotations = {} } = announcer.toCleared(service, [])
    // What hides behind our marks must not be what it was held back for.
    return goesTooFar(input, ref, withAnnotations(service, annotations), held, old) ? {} : annotations
  }
}

const isPlain = (announcer: Announcer, service: KubeService): boolean =>
  announcer.readNamed(service).malformed.length === 0

function holdBack(
  announcer: Announcer,
  service: KubeService,
  held: readonly string[],
  old: KubeService | undefined,
): ReturnType<Restraint> {
  const isGoing = service.metadata.deletionTimestamp !== undefined
  const isElsewhere = announcer.servedElsewhere?.(service) !== undefined
  if (!isGoing || isElsewhere || held.length === 0) return announcer.toWaiting(service).annotations ?? {}
  const { assigned } = readHistory(service, old)
  const inOrder = held.toSorted((one, other) => assigned.indexOf(one) - assigned.indexOf(other))
  return announcer.toServing(service, inOrder).annotations ?? {}
}

function goesTooFar(
  { context: { announcer }, knowledge: { index } }: RestraintInput,
  ref: ServiceRef,
  service: KubeService,
  held: readonly string[],
  old: KubeService | undefined,
): boolean {
  if (!announcer || service.spec?.type !== 'LoadBalancer') return false
  const ownership = toOwnership(ref, index)
  if (announcer.drawsFromOurs?.(service, address => ownership.owns(address))) return true
  if (takesFromServer(service, announcer, ownership)) return true
  const { addresses, malformed } = announcer.readNamed(service)
  if (addresses.some(address => ownership.owns(address) && !held.includes(address))) return true
  if (!announcer.resolvesNames || malformed.length === 0) return false
  return held.length > 0 || isUnclear(service, old, announcer)
}

/** Addresses that are nobody else's: a claim that rests is the Service's own as long as it names its UID. */
export const listHeld = (own: readonly Claim[], { metadata: { uid } }: KubeService): readonly string[] =>
  own.flatMap(({ address, state, serviceUid }) =>
    state !== 'released' || (uid !== undefined && serviceUid === uid) ? address : [],
  )

/** Whose the address is, is not told. */
const toRefused = (): Problem =>
  toProblem(
    'CCM_ADDRESS_TAKEN',
    'The Service names an address of this cluster or of a server that it does not hold, or the pool of such, and is not served from here: it is not announced with it.',
  )

export const toHeldBack = (ref: ServiceRef, { fields, problem }: Restrained): PlannedChange => ({
  kind: 'Service',
  name: toKey(ref),
  action: problem ? 'holdBack' : 'letGo',
  detail: { ...fields },
  why: problem?.message ?? 'it names no address of this cluster any more',
})
