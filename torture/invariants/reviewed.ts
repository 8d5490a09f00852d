import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { Entry, Stored } from '../world/contract.ts'
import type { CheckerInputs } from './contract.ts'
import { keyOf, toReview } from './users.ts'

/** Which of users' changes a controller had a say in. */
export interface Reviewed {
  take(entry: Entry): void
  /** Whether a change of a Service was reviewed, and the API server heard what a controller answered. */
  isAnswered(entry: Stored): boolean
}

/** Reviews of one object that are remembered. */
const MAX_REVIEWS = 8
/** What is logged about a Service that could not be worked on in time, or without the API server. */
const UNTOUCHED = /let through|"why":"(?:KUBE_[A-Z_]+|CCM_DEADLINE): .*"operations":0/

export function createReviewed({ logs }: Pick<CheckerInputs, 'logs'>): Reviewed {
  /** By object, the version that was there before; false where one of its reviews went wrong. */
  const reviews = new Map<string, ReadonlyMap<string, boolean>>()

  function isUntouched({ metadata: { namespace, name } }: KubeService): boolean {
    const named = `"${namespace}/${name}"`
    return logs().some(({ lines }) => lines.some(line => UNTOUCHED.test(line) && line.includes(named)))
  }

  return {
    take(entry) {
      if (entry.kind !== 'request' || entry.call.to !== 'admission') return
      const { key, oldVersion } = toReview(entry) ?? {}
      if (key === undefined || oldVersion === undefined) return
      const known = reviews.get(key) ?? new Map<string, boolean>()
      const isHeard = entry.status === 200 && entry.trouble === undefined && known.get(oldVersion) !== false
      reviews.set(key, new Map([...known, [oldVersion, isHeard] as const].slice(-MAX_REVIEWS)))
    },
    isAnswered(entry) {
      const version = entry.old?.metadata.resourceVersion ?? ''
      const isHeard = reviews.get(keyOf(entry))?.get(version) === true
      return isHeard && !isUntouched(entry.object as unknown as KubeService)
    },
  }
}
