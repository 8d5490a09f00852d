import type { BMC_RESULTS } from '../metrics/label-values.ts'
import type { Outcome } from './transport.ts'

/** What a request is counted as. */
export function toResult(outcome: Outcome): (typeof BMC_RESULTS)[number] {
  switch (outcome.kind) {
    case 'answered':
      return toAnswerResult(outcome.status)
    case 'not-sent':
      return 'unsent'
    case 'aborted':
      return 'ended'
    case 'lost':
    case 'timeout':
    case 'unreadable':
      return outcome.kind
  }
}

function toAnswerResult(status: number): (typeof BMC_RESULTS)[number] {
  if (status === 401) return 'unauthorized'
  if (status === 429) return 'limited'
  if (status >= 500) return 'failed'
  return status >= 200 && status < 300 ? 'ok' : 'refused'
}
