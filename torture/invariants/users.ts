import { ASSIGNED_IPS, FINALIZER, WAITING } from '../../shared/kubernetes/names.ts'
import type { KubeNode, KubeService } from '../../shared/kubernetes/types.ts'
import type { RequestDone, Stored } from '../world/contract.ts'

/** What a user or kubelet sent, as the review shows it: what is stored may hold what we answered as well. */
export interface Review {
  readonly key: string
  readonly object: KubeService | KubeNode | undefined
  readonly oldVersion: string | undefined
  /** Number of the user's request, where that is known. */
  readonly request: number | undefined
}

interface ReviewBody {
  readonly request?: {
    readonly dryRun?: boolean
    readonly object?: KubeService | null
    readonly oldObject?: KubeService | null
    readonly resource?: { readonly resource?: string }
    readonly namespace?: string
    readonly name?: string
  }
}

/** Undefined for a dry run, and for what cannot be read. */
export function toReview({ call, within }: RequestDone): Review | undefined {
  const { request } = JSON.parse(call.body) as ReviewBody
  if (!request || request.dryRun) return undefined
  const { resource, namespace = '', object, oldObject } = request
  return {
    key: toKey(resource?.resource ?? '', namespace, request.name ?? object?.metadata.name ?? ''),
    object: object ?? undefined,
    oldVersion: oldObject?.metadata.resourceVersion,
    request: within,
  }
}

/** Of a request that changed nothing, or was refused, the review says nothing about the next one. */
export const isReviewOf = ({ request, oldVersion }: Review, entry: Stored): boolean =>
  oldVersion === entry.old?.metadata.resourceVersion &&
  (request === undefined || entry.request === undefined || request === entry.request)

export const toKey = (resource: string, namespace: string | undefined, name: string): string =>
  `${resource} ${namespace ? `${namespace}/` : ''}${name}`

export const keyOf = ({ resource, object: { metadata } }: Pick<Stored, 'resource' | 'object'>): string =>
  toKey(resource, metadata.namespace, metadata.name ?? '')

/**
 * Annotations by which users choose addresses, or whose hand on them changes whom an address belongs to. Not those by
 * which they say how to treat a Service (`retain-ip`, `manage`, `ip-allocation`, `ip-location`): it keeps what it has.
 */
const CHOOSING =
  /^(?:(?:kube-vip\.io|metallb\.io|metallb\.universe\.tf|lbipam\.cilium\.io|io\.cilium|purelb\.io)\/|phoenixnap\.com\/(?:assigned-ips|waiting|kube-vip-ignore)$)/
const FIELDS = ['type', 'loadBalancerClass', 'loadBalancerIP', 'ipFamilies', 'ipFamilyPolicy'] as const

/**
 * Whether a user's own write asks for another address, or for none. To drop what we wrote, as `kubectl replace` does, is no
 * wish; nor is to take a request back.
 *
 * @param sent as the user wants it, without what we add
 */
export function isWish(old: KubeService | undefined, sent: KubeService): boolean {
  if (!old || sent.metadata.deletionTimestamp !== undefined) return true
  const [before, after] = [old.metadata.annotations ?? {}, sent.metadata.annotations ?? {}]
  const chosen = Object.keys(after).some(key => CHOOSING.test(key) && after[key] !== before[key])
  const isRelevant = FIELDS.some(
    field => sent.spec?.[field] !== undefined && toText(old, field) !== toText(sent, field),
  )
  return chosen || isRelevant
}

const toText = ({ spec }: KubeService, field: (typeof FIELDS)[number]): string =>
  JSON.stringify(spec?.[field] ?? null)

/** Whether what was stored at a user's request holds something of ours that the user did not send. */
export const holdsOurs = (sent: KubeService, stored: KubeService): boolean =>
  marksOf(sent) !== marksOf(stored)

const marksOf = ({ metadata: { annotations = {}, finalizers = [] } }: KubeService): string =>
  JSON.stringify([annotations[ASSIGNED_IPS], annotations[WAITING], finalizers.includes(FINALIZER)])
