import type { AddressBlock, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { type AddressIndex, indexAddresses } from '../address/address-index.ts'
import { allocate } from '../address/allocate.ts'
import type { Allocation } from '../address/allocation.ts'
import type { AddressBook, AddressSource } from '../address/contract.ts'
import { grantWish, toRights } from '../address/tenants.ts'
import type { AddressWish } from '../address/wish.ts'
import { type Classification, classifyService, toOwnership } from './classify.ts'
import type { ServiceContext } from './context.ts'
import { wantedFamilies } from './families.ts'
import { type AddressHistory, readHistory, statusAddresses } from './history.ts'
import { toWish } from './wish.ts'

/** What is known when a Service is decided on. */
export interface Knowledge {
  readonly index: AddressIndex
  /** False while nobody knows which blocks there are. */
  readonly isSourceKnown: boolean
  /** Families of the cluster, primary first; needed in reviews only. */
  readonly families: readonly string[]
}

export interface KnowledgeSources {
  readonly book: AddressBook
  readonly source: AddressSource | undefined
  readonly families?: readonly string[]
  /** All blocks of the cluster, only where they were read from the cloud just now. */
  readonly known?: readonly AddressBlock[] | undefined
  /** As in AddressView. */
  readonly judged?: ReadonlySet<string> | undefined
}

export function toKnowledge(
  { book, source, families = [], known, judged }: KnowledgeSources,
  { settings }: Pick<ServiceContext, 'settings'>,
): Knowledge {
  const view = {
    source: source ?? { blocks: [], location: '', memberAddresses: [] },
    book,
    reserved: settings.reserved,
    known,
    judged,
  }
  return { index: indexAddresses(view), isSourceKnown: source !== undefined, families }
}

/** What a Service is to us, and where its addresses come from if it is served. */
export type ServiceDecision =
  | {
      readonly kind: 'serve'
      readonly allocation: Allocation
      readonly history: AddressHistory
      readonly wish: AddressWish
    }
  | Exclude<Classification, { readonly kind: 'serve' }>

export type Decider = Pick<ServiceContext, 'settings' | 'announcer'>

/** @param review the other side of an admission review */
export function decideService(
  { settings, announcer: configured }: Decider,
  ref: ServiceRef,
  service: KubeService,
  { index, isSourceKnown, families }: Knowledge,
  review?: { readonly old: KubeService | undefined },
): ServiceDecision {
  const { source } = index.view
  const classification = classifyService(review ? asStored(service, review.old) : service, {
    classes: settings.classes,
    announcer: configured,
    ownership: isSourceKnown ? toOwnership(ref, index) : undefined,
    old: review?.old,
  })
  if (classification.kind !== 'serve') return classification
  const { announcer } = classification
  const history = readHistory(service, review?.old)
  const networkLocation = source.location || undefined
  const { tenants, ipAllocation } = settings
  const asked = toWish({ service, announcer, settings, assigned: history.assigned, networkLocation })
  const wish = grantWish(tenants, index, ref, asked, ipAllocation)
  const wanted = wantedFamilies(service, families, review) ?? { all: [], required: [] }
  const allocation = allocate(index, {
    service: ref,
    families: wanted,
    wish,
    rights: toRights(tenants, index, ref, toProven(service, review)),
    live: history.live,
    isServed: history.isServed,
    held: history.held,
  })
  return { kind: 'serve', allocation, history, wish }
}

/**
 * The object of a review as it is going to be stored: a user may write any status, and whoever replaces it with a manifest
 * leaves out that it is being deleted; the API server keeps both as they are.
 */
export function asStored(service: KubeService, old: KubeService | undefined): KubeService {
  const { status, ...rest } = service
  if (status === undefined && old === undefined) return service
  const deletionTimestamp = old?.metadata.deletionTimestamp
  return {
    ...rest,
    ...(deletionTimestamp && { metadata: { ...rest.metadata, deletionTimestamp } }),
    ...(old?.status && { status: old.status }),
  }
}

/** Of a review only the former object comes from the API server: a user may write any status into the new one. */
function toProven(service: KubeService, review: { readonly old: KubeService | undefined } | undefined) {
  const stored = review ? review.old : service
  return stored ? statusAddresses(stored) : []
}
