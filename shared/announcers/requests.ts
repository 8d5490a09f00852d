import { familyOf, parseAddress } from '../ip-address.ts'
import type { KubeService } from '../kubernetes/types.ts'
import type { AddressRequest, NamedAddresses } from './contract.ts'

/** Source of a request that stands in the field that every announcer knows. */
export const LOAD_BALANCER_IP = 'spec.loadBalancerIP'
const MAX_SHOWN = 100
/** Far above two addresses in any spelling; what is longer is not taken apart. */
const MAX_LENGTH = 1024
const MAX_ENTRIES = 16

/** A list of addresses as somebody wrote it. */
export interface WrittenAddresses {
  /** Annotation key, or `spec.loadBalancerIP`. */
  readonly source: string
  /** As written; empty when nothing is. */
  readonly text: string
  /** Canonical, in the order given, each once. */
  readonly addresses: readonly string[]
  readonly malformed: readonly string[]
}

/** Where an announcer reads addresses from a Service. */
export interface AddressKeys {
  /** Annotations, the one that the announcer prefers first: it reads the first one that is present. */
  readonly annotations: readonly string[]
  /** An address that we write ourselves into an annotation to keep a Service waiting. */
  readonly placeholder?: string
}

/** A block of this address alone, as `203.0.113.9/32`. */
export const toHostCidr = (address: string): string => `${address}/${familyOf(address) === 'IPv4' ? 32 : 128}`

export const annotationOf = (service: KubeService, key: string): string | undefined =>
  service.metadata.annotations?.[key]

/** The annotation that the announcer reads; its preferred one, empty, when there is none. */
export function readAnnotation(service: KubeService, keys: readonly string[]): WrittenAddresses {
  const source = keys.find(key => annotationOf(service, key) !== undefined) ?? keys[0] ?? ''
  return parseList(source, annotationOf(service, source) ?? '')
}

export const readLoadBalancerIP = (service: KubeService): WrittenAddresses =>
  parseList(LOAD_BALANCER_IP, service.spec?.loadBalancerIP ?? '')

/**
 * Entries of a list between commas, without the space around them; empty ones are left out.
 *
 * @returns undefined when it is too long to be read: more than 1,024 characters or 16 entries, empty ones included
 */
export function splitList(text: string): readonly string[] | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const parts = text.split(',', MAX_ENTRIES + 1)
  return parts.length > MAX_ENTRIES ? undefined : parts.flatMap(entry => entry.trim() || [])
}

/** A list that is too long to be read is one malformed entry. */
function parseList(source: string, text: string): WrittenAddresses {
  const entries = splitList(text)
  if (!entries) return { source, text, addresses: [], malformed: [text.slice(0, MAX_SHOWN)] }
  const parsed = entries.map(entry => parseAddress(entry)?.text ?? { malformed: entry.slice(0, MAX_SHOWN) })
  return {
    source,
    text,
    addresses: [...new Set(parsed.filter(entry => typeof entry === 'string'))],
    malformed: parsed.flatMap(entry => (typeof entry === 'string' ? [] : entry.malformed)),
  }
}

/**
 * What the user asks for. Annotations are overwritten with what was assigned, the field never is: where the two
 * contradict each other for one family the field wins, so that a Service does not go back and forth between them.
 */
export function readAddressRequest(
  service: KubeService,
  assigned: readonly string[],
  { annotations, placeholder }: AddressKeys,
): AddressRequest | undefined {
  const field = readLoadBalancerIP(service)
  const annotation = readAnnotation(service, annotations)
  const pinned = new Set(field.addresses.map(familyOf))
  const others = annotation.addresses.filter(
    address => address !== placeholder && !pinned.has(familyOf(address)),
  )
  const addresses = [...field.addresses, ...others]
  const malformed = [...field.malformed, ...annotation.malformed]
  const isUnmet = (address: string): boolean => !assigned.includes(address)
  if (malformed.length === 0 && !addresses.some(isUnmet)) return undefined
  const isInField = field.malformed.length > 0 || field.addresses.some(isUnmet)
  return { source: isInField ? field.source : annotation.source, addresses, malformed }
}

/** Whichever the announcer prefers: what hides behind another list is named as well. */
export function readNamedAddresses(
  service: KubeService,
  { annotations, placeholder }: AddressKeys,
): NamedAddresses {
  const lists = annotations.map(key => parseList(key, annotationOf(service, key) ?? ''))
  const all = [readLoadBalancerIP(service), ...lists]
  const addresses = new Set(all.flatMap(list => list.addresses))
  if (placeholder !== undefined) addresses.delete(placeholder)
  return {
    addresses: [...addresses],
    malformed: all.flatMap(({ malformed }) => malformed),
    text: JSON.stringify(all.map(({ text }) => text)),
  }
}

/** Whether a list holds these addresses and nothing else, in any order. */
export const saysExactly = (written: WrittenAddresses, addresses: readonly string[]): boolean =>
  written.malformed.length === 0 && isSameSet(written.addresses, addresses)

export const isSameSet = (some: readonly string[], others: readonly string[]): boolean =>
  new Set(some).symmetricDifference(new Set(others)).size === 0
