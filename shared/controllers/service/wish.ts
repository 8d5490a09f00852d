import type { Announcer } from '../../announcers/contract.ts'
import { IP_ALLOCATION, MANAGE, RETAIN_IP } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { AllocationMode } from '../address/candidates.ts'
import { type Problem, quote, toProblem } from '../address/problem.ts'
import type { AddressWish } from '../address/wish.ts'

export interface WishSettings {
  /** PNAP_LOCATION. */
  readonly location: string | undefined
  /** Annotation that names the location (PNAP_ANNOTATION_IP_LOCATION). */
  readonly annotationIPLocation: string
  readonly ipAllocation: AllocationMode
}

/** What the user of a Service wants, and which part of it cannot be. */
export interface ServiceWish {
  readonly service: KubeService
  readonly announcer: Announcer
  readonly settings: WishSettings
  /** Addresses that we chose: not a wish. */
  readonly assigned: readonly string[]
  /** Of the public network; undefined while it is unknown. */
  readonly networkLocation: string | undefined
}

export function toWish({
  service,
  announcer,
  settings,
  assigned,
  networkLocation,
}: ServiceWish): AddressWish {
  const request = announcer.readRequest(service, assigned)
  const location = judgeLocation(service, settings, networkLocation)
  const mode = readMode(service, settings.ipAllocation)
  const malformed = request?.malformed ?? []
  const source = request?.source ?? ''
  return {
    requested: request?.addresses ?? [],
    source,
    isUnclear: malformed.length > 0,
    isBlocked: location.isBlocked,
    mode: mode.mode,
    retain: annotationOf(service, RETAIN_IP) === 'true',
    problems: [
      ...malformed.slice(0, 1).map(entry => toMalformed(source, entry)),
      ...location.problems,
      ...mode.problems,
      ...[RETAIN_IP, MANAGE].flatMap(key => checkSwitch(service, key)),
    ],
  }
}

const annotationOf = ({ metadata }: KubeService, key: string): string | undefined =>
  metadata.annotations?.[key]

const toMalformed = (source: string, entry: string): Problem =>
  toProblem('CCM_ADDRESS_MALFORMED', `${source} holds ${quote(entry)}, which is no IP address.`)

interface LocationVerdict {
  readonly isBlocked: boolean
  readonly problems: readonly Problem[]
}

/**
 * PNAP_LOCATION, else the annotation, else the public network's own: blocks must be where their network is. An
 * annotation beside PNAP_LOCATION has no effect, and is told when it says something else.
 */
function judgeLocation(
  service: KubeService,
  { location, annotationIPLocation: key }: WishSettings,
  network: string | undefined,
): LocationVerdict {
  const annotated = annotationOf(service, key) || undefined
  const wanted = location ?? annotated
  const source = location === undefined ? key : 'PNAP_LOCATION'
  if (wanted !== undefined && network !== undefined && !isSame(wanted, network)) {
    const message = `${source} says ${quote(wanted)}, but the public network is in ${quote(network)}: an IP block cannot be elsewhere than its network.`
    return { isBlocked: true, problems: [toProblem('CCM_LOCATION_CONFLICT', message)] }
  }
  if (location === undefined || annotated === undefined || isSame(annotated, location)) {
    return { isBlocked: false, problems: [] }
  }
  const message = `${key} says ${quote(annotated)}, but PNAP_LOCATION says ${quote(location)} and is followed.`
  return { isBlocked: false, problems: [toProblem('CCM_LOCATION_CONFLICT', message)] }
}

const isSame = (one: string, other: string): boolean => one.toUpperCase() === other.toUpperCase()

function readMode(
  service: KubeService,
  fallback: AllocationMode,
): { mode: AllocationMode; problems: Problem[] } {
  const value = annotationOf(service, IP_ALLOCATION)
  if (value === undefined) return { mode: fallback, problems: [] }
  if (value === 'packed' || value === 'dedicated') return { mode: value, problems: [] }
  return { mode: fallback, problems: [toUnknownValue(IP_ALLOCATION, value, `packed or dedicated`, fallback)] }
}

function checkSwitch(service: KubeService, key: string): Problem[] {
  const value = annotationOf(service, key)
  if (value === undefined || value === 'true' || value === 'false') return []
  return [toUnknownValue(key, value, 'true or false', 'false')]
}

const toUnknownValue = (key: string, value: string, expected: string, used: string): Problem =>
  toProblem(
    'CCM_ANNOTATION_INVALID',
    `${key} is ${quote(value)}, expected ${expected}: it is taken for ${used}.`,
  )
