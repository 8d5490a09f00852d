import type { Clock } from '../shared/clock.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import type { ReviewSubject } from './review-subject.ts'

/** How a review ended; a code of errors.md where it was let through untouched for it. */
export type ReviewEnd = 'patched' | 'unchanged' | { readonly code: string }

/** Counts and times a review that was worked on. @param startedAt milliseconds since 1970 */
export function measureReview(
  { measure, clock }: { readonly measure?: Measure | undefined; readonly clock: Clock },
  { kind }: Pick<ReviewSubject, 'kind'>,
  end: ReviewEnd,
  startedAt: number,
): void {
  const result = typeof end === 'string' ? end : 'failed'
  measure?.('phoenixnap_ccm_reviews_total', { kind, result })
  measure?.('phoenixnap_ccm_review_duration_seconds', { kind }, (clock.now() - startedAt) / 1000)
  if (typeof end !== 'string') measure?.('phoenixnap_ccm_problems_total', { code: end.code })
}
