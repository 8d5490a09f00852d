import { BACKDATED_MS } from '../certificates.ts'
import type { CertificateState, PairReading, ServingPair } from './state.ts'

/**
 * What is to be done about the certificate that `serve` makes itself. A rotation takes three steps: the authority of
 * the next certificate is published beside the one in use, then the certificate is changed, then the old authority leaves.
 */
export type CertificateDecision =
  | { readonly do: 'keep'; readonly why: string }
  /** A new certificate is served at once; `authorities` stay beside its own. */
  | ({ readonly do: 'make'; readonly damage: boolean } & Making)
  /** A new certificate is made and not served yet; `authorities` stay beside its own. */
  | ({ readonly do: 'publish' } & Making)
  /** The next certificate is served from now on. */
  | { readonly do: 'promote'; readonly pair: ServingPair; readonly why: string }
  | { readonly do: 'retire'; readonly authorities: readonly string[]; readonly why: string }

interface Making {
  readonly hosts: readonly string[]
  readonly authorities: readonly string[]
  readonly why: string
}

/** Two thirds of a year leave four months to notice that nothing renews it. */
export const RENEWED_AT = 2 / 3
/**
 * Time between two steps. A replica reads the Secret and registers every 30 s, an API server hears of a registration
 * within seconds: a day covers one that is cut off or down for maintenance, and there are months of time.
 */
export const STEP_MS = 24 * 3_600_000
/** Whatever clocks say: no step that is not a repair comes sooner after the one before. */
export const LEAST_MS = 3_600_000
/** Of authorities whose certificate was lost; more would make every registration larger for nothing. */
const MOST_KEPT = 3

/**
 * The next step, if any. What is damaged, or lacks a name, is repaired at once; all other steps have an hour between them.
 *
 * @param hosts names and addresses that `serve` is called by; a certificate that lacks one is replaced at once
 * @param now milliseconds since 1970
 */
export function decideCertificate(
  state: CertificateState,
  hosts: readonly string[],
  now: number,
): CertificateDecision {
  const decision = decideStep(state, hosts, now)
  const isLate = lastSteps(state).every(at => Math.abs(now - at) >= LEAST_MS)
  if (isLate || isRepair(state, decision)) return decision
  return { do: 'keep', why: 'the last step was made within the hour' }
}

/** When certificates were made or changed, as far as that is stored. */
const lastSteps = ({ since, next }: CertificateState): readonly number[] => [
  ...(since === undefined ? [] : [since]),
  ...(next.state === 'intact' ? [next.pair.validFrom + BACKDATED_MS] : []),
]

/** Without it nobody is served. */
const isRepair = ({ current }: CertificateState, decision: CertificateDecision): boolean =>
  (decision.do === 'make' || decision.do === 'promote') &&
  (current.state !== 'intact' || current.pair.missing.length > 0)

function decideStep(state: CertificateState, hosts: readonly string[], now: number): CertificateDecision {
  const authorities = state.authorities.filter(({ validUntil }) => validUntil > now).map(({ pem }) => pem)
  const trouble = findTrouble(state.current, now)
  const spare = findTrouble(state.next, now) === undefined ? toPair(state.next) : undefined
  const current = toPair(state.current)
  if (!current || trouble !== undefined) {
    const why = trouble ?? 'there is none'
    if (spare) return { do: 'promote', pair: spare, why }
    const damage = state.current.state !== 'absent'
    return {
      do: 'make',
      damage,
      why,
      authorities: authorities.slice(-MOST_KEPT),
      hosts: toAll(hosts, current),
    }
  }
  if (spare)
    return now >= spare.validFrom + BACKDATED_MS + STEP_MS
      ? { do: 'promote', pair: spare, why: 'everybody has seen its authority' }
      : { do: 'keep', why: 'the next certificate waits until everybody has seen its authority' }
  const life = current.validUntil - current.validFrom
  if (now >= current.validFrom + life * RENEWED_AT || state.next.state !== 'absent')
    return { do: 'publish', hosts, authorities: [current.authority], why: toReason(state.next, now) }
  const isSettled = now >= (state.since ?? current.validFrom + BACKDATED_MS) + STEP_MS
  if (isSettled && state.authorities.length > 1)
    return {
      do: 'retire',
      authorities: [current.authority],
      why: 'nothing that it signed is served any more',
    }
  return { do: 'keep', why: 'the certificate is young' }
}

/** Why a pair cannot be served; undefined when it can. */
function findTrouble(reading: PairReading, now: number): string | undefined {
  if (reading.state === 'absent') return 'there is none'
  if (reading.state === 'damaged') return reading.why
  const { validFrom, validUntil, missing } = reading.pair
  if (now >= validUntil) return 'it has expired'
  if (now < validFrom) return 'it is not valid yet'
  return missing.length > 0 ? `it is not valid for ${missing.join(', ')}` : undefined
}

const toPair = (reading: PairReading): ServingPair | undefined =>
  reading.state === 'intact' ? reading.pair : undefined

const toReason = (next: PairReading, now: number): string =>
  next.state === 'absent'
    ? 'two thirds of its life are over'
    : `the next certificate cannot be used: ${findTrouble(next, now)}`

/**
 * The old names stay until the next rotation: during an update replicas that are called by the old name and by the new
 * one run side by side, and would otherwise take the certificate from each other.
 */
const toAll = (hosts: readonly string[], old: ServingPair | undefined): readonly string[] => [
  ...new Set([...hosts, ...(old?.hosts ?? [])]),
]
