import type { ServiceReview } from '../shared/controllers/contract.ts'
import { type ReviewRequest, toRecord, toText } from '../shared/kubernetes/review.ts'
import type { KubeNode, KubeService } from '../shared/kubernetes/types.ts'

/** What a review is about, with the fields under which the log names it. */
export type ReviewSubject = { readonly fields: Readonly<Record<string, unknown>> } & (
  | { readonly kind: 'node'; readonly node: KubeNode }
  | { readonly kind: 'service'; readonly review: ServiceReview }
)

/** The Node that is created or the Service that is changed; undefined for every other review, which is none of our business. */
export function toSubject(review: ReviewRequest): ReviewSubject | undefined {
  if (review.group !== '' || review.subResource !== '') return undefined
  if (review.resource === 'nodes') return toNodeSubject(review)
  return review.resource === 'services' ? toServiceSubject(review) : undefined
}

function toNodeSubject({ operation, name, object }: ReviewRequest): ReviewSubject | undefined {
  if (operation !== 'CREATE' || !isObject(object)) return undefined
  const node = object as KubeNode
  return { kind: 'node', node, fields: { node: name || toText(node.metadata.name) } }
}

function toServiceSubject(request: ReviewRequest): ReviewSubject | undefined {
  const { operation, namespace, dryRun, object, oldObject } = request
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE') return undefined
  if (operation !== 'DELETE' && !isObject(object)) return undefined
  if (operation !== 'CREATE' && !isObject(oldObject)) return undefined
  const service = operation === 'DELETE' ? undefined : (object as KubeService)
  const old = operation === 'CREATE' ? undefined : (oldObject as KubeService)
  // The request has no name where many are deleted at once.
  const name = request.name || toText((service ?? old)?.metadata.name)
  return {
    kind: 'service',
    review: { operation, name, namespace, service, old, dryRun },
    // A name that the API server has yet to make is told by its beginning.
    fields: { service: `${namespace}/${name || toText(service?.metadata.generateName)}`, operation },
  }
}

const isObject = (value: unknown): boolean => {
  const metadata = toRecord(value)['metadata']
  return typeof metadata === 'object' && metadata !== null
}
