import type { ReviewKind } from './overload-plan.ts'

/** What is known of a review from the beginning of its body. */
export interface ReviewHead {
  /** undefined where it does not stand at the beginning: such a review cannot be answered unread. */
  readonly uid: string | undefined
  /** What is no node is counted as a Service, of which fewer are taken on. */
  readonly kind: ReviewKind
}

/**
 * The API server writes an AdmissionReview field by field in the order of its Go type: kind, apiVersion, then the request with its uid,
 * kind and resource, all of its own making; whatever a user wrote comes behind them (k8s.io/api, admission/v1 types.go).
 */
const UID = /"request"\s*:\s*\{\s*"uid"\s*:\s*"([^"\\]{1,256})"/
const RESOURCE = /"resource"\s*:\s*\{[^{}]*?"resource"\s*:\s*"([^"\\]{1,256})"/

/** @param text the first kilobytes of a body; may end anywhere */
export const readReviewHead = (text: string): ReviewHead => ({
  uid: UID.exec(text)?.[1],
  kind: RESOURCE.exec(text)?.[1] === 'nodes' ? 'node' : 'service',
})
