import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { Entry, Stored } from '../world/contract.ts'
import type { CheckerInputs } from './contract.ts'
import { isReviewOf, keyOf, type Review, toReview } from './users.ts'

/** Which of users' changes a controller had a say in. */
export interface Reviewed {
  take(entry: Entry): void
  /** Whether a change of a Service was reviewed, and the API server heard what a controller answered. */
  isAnswered(entry: Stored): boolean
}

interface Answered {
  readonly review: Review
  /** False where it went wrong. */
  readonly isHeard: boolean
}

/** Reviews of one object that are remembered. */
const MAX_REVIEWS = 8
/** What is logged about a Service that could not be worked on in time, or without the API server. */
const UNTOUCHED = /let through|"why":"(?:KUBE_[A-Z_]+|CCM_DEADLINE): .*"operations":0/

export function createReviewed({ logs }: Pick<CheckerInputs, 'logs'>): Reviewed {
  /** By object. */
  const reviews = new Map<string, readonly Answered[]>()

  function isUntouched({ metadata: { namespace, name } }: KubeService): boolean {
    const named = `"${namespace}/${name}"`
    return logs().some(({ lines }) => lines.some(line => UNTOUCHED.test(line) && line.includes(named)))
  }

  return {
    take(entry) {
      if (entry.kind !== 'request' || entry.call.to !== 'admission') return
      const review = toReview(entry)
      if (review?.oldVersion === undefined) return
      const isHeard = entry.status === 200 && entry.trouble === undefined
      const known = reviews.get(review.key) ?? []
      reviews.set(review.key, [...known, { review, isHeard }].slice(-MAX_REVIEWS))
    },
    isAnswered(entry) {
      const own = (reviews.get(keyOf(entry)) ?? []).filter(({ review }) => isReviewOf(review, entry))
      const isHeard = own.length > 0 && own.every(answered => answered.isHeard)
      return isHeard && !isUntouched(entry.object as unknown as KubeService)
    },
  }
}
