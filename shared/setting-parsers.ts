/**
 * Readers of settings: text in, value out, or an error whose message says what was expected and never repeats the value.
 */

import { isIPv4 } from 'node:net'
import type { AddressRange } from './ip-address.ts'
import { parseReserved } from './reserved-addresses.ts'

/** The text as it is. */
export const text = (value: string): string => value

/** An https URL without a slash at its end; http only to this machine, since secrets and tokens are sent there. */
export function url(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) throw new Error('expected an https URL')
  if (parsed.username || parsed.password) throw new Error('expected a URL without user and password')
  // Paths are put behind it, and messages name it.
  if (/[?#]/.test(value)) throw new Error('expected a URL without query and fragment')
  if (parsed.protocol === 'http:' && !isThisMachine(parsed.hostname))
    throw new Error('expected an https URL (http only to 127.0.0.1, [::1] or localhost)')
  return value.replace(/\/+$/, '')
}

const isThisMachine = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/
/** Nobody writes a longer one; webhook callers write one too, and the longest number overflows. */
const MAX_DURATION_TEXT = 100

/** Milliseconds of a duration such as `90s`, `10m`, `1h`, `1h30m`. */
export function toDurationMs(value: string): number {
  const isOne = value.length <= MAX_DURATION_TEXT && DURATION.test(value)
  const parts = isOne ? [...value.matchAll(/([\d.]+)(ms|s|m|h)/g)] : []
  const ms = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS],
    0,
  )
  if (!isOne || ms > Number.MAX_SAFE_INTEGER) throw new Error('expected a duration such as 90s, 10m or 1h')
  return ms
}

/** Milliseconds of a duration from `least` to `most`. */
export const duration =
  (least: string, most: string) =>
  (value: string): number => {
    const ms = toDurationMs(value)
    if (ms < toDurationMs(least) || ms > toDurationMs(most))
      throw new Error(`expected a duration from ${least} to ${most}`)
    return ms
  }

/** A whole number between two bounds. */
export const integer =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`)
    }
    return number
  }

/** A number from 0 to 1. */
export function share(value: string): number {
  const number = Number(value)
  if (value.trim() === '' || !(number >= 0 && number <= 1)) throw new Error('expected a number from 0 to 1')
  return number
}

/** One of the given words. */
export const oneOf =
  <const T extends string>(...words: readonly T[]) =>
  (value: string): T => {
    const word = words.find(known => known === value)
    if (word === undefined) throw new Error(`expected one of ${words.join(', ')}`)
    return word
  }

/** The items between commas, trimmed, empty ones left out. */
export const list = (value: string): readonly string[] =>
  value
    .split(',')
    .map(item => item.trim())
    .filter(Boolean)

/** A namespace; it becomes a part of paths. */
export function namespaceName(value: string): string {
  if (!new RegExp(`^${LABEL}$`).test(value)) throw new Error('expected the name of a namespace')
  return value
}

/** Which namespaces something is for. */
export interface NamespaceSet {
  readonly names: readonly string[]
  /** What names may begin with; an empty one is for all. */
  readonly prefixes: readonly string[]
}

/** Names and beginnings of names (`team-*`) between commas, `*` for all, `none` for nobody. */
export function namespaces(value: string): NamespaceSet {
  if (value.trim() === 'none') return { names: [], prefixes: [] }
  const entries = list(value)
  if (
    entries.length === 0 ||
    !entries.every(entry => NAMESPACE_ENTRY.test(entry)) ||
    entries.includes('none')
  )
    throw new Error(
      'expected names of namespaces separated by commas (team-* for all that begin so), * or none',
    )
  const [prefixes = [], names = []] = [true, false].map(isPrefix =>
    entries.filter(entry => entry.endsWith('*') === isPrefix),
  )
  return { names, prefixes: prefixes.map(entry => entry.slice(0, -1)) }
}

/** Addresses, ranges as `203.0.113.4-203.0.113.6` and blocks as `203.0.113.8/30`, separated by commas. */
export function addressRanges(value: string): readonly AddressRange[] {
  const { ranges, malformed } = parseReserved(list(value))
  if (malformed.length > 0)
    throw new Error('expected addresses, ranges such as 203.0.113.4-203.0.113.6, or blocks in canonical form')
  return ranges
}

/** A bearer token long enough not to be guessed, of characters that a header can hold. */
export function token(value: string): string {
  const trimmed = value.trim()
  if (trimmed.length < 16) throw new Error('expected at least 16 characters')
  if (!/^[\x21-\x7e]+$/.test(trimmed))
    throw new Error('expected ASCII letters, digits and signs, without spaces')
  return trimmed
}

/** A key that Kubernetes accepts for an annotation. */
export function annotationKey(value: string): string {
  if (!/^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(value)) {
    throw new Error('expected an annotation key such as example.com/ip-location')
  }
  return value
}

/** What announces addresses, and on which public network. */
export interface LoadBalancerSetting {
  readonly announcer: (typeof ANNOUNCERS)[number]
  readonly publicNetworkId: string
}

const ANNOUNCERS = ['kube-vip', 'metallb', 'cilium', 'purelb', 'direct'] as const

/** `<announcer>://<public-network-id>`, also with the third slash that upstream documents; empty disables. */
export function loadBalancer(value: string): LoadBalancerSetting | undefined {
  if (value === '') return undefined
  const [, name, publicNetworkId] = /^([a-z-]+):\/\/\/?([A-Za-z0-9-]+)\/?$/.exec(value) ?? []
  const announcer = ANNOUNCERS.find(known => known === name)
  if (!announcer || !publicNetworkId) {
    throw new Error(`expected <announcer>://<public network id> with one of ${ANNOUNCERS.join(', ')}`)
  }
  return { announcer, publicNetworkId }
}

/** Host and port such as `0.0.0.0:8443`, `[::]:8443` or `:8443`. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Where a server listens; without a host it listens everywhere. */
export function listenAddress(value: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535) throw new Error('expected host:port such as 0.0.0.0:8443')
  return { host: bracketed ?? (plain || '0.0.0.0'), port }
}

/** The same; empty for none. */
export const listenAddressOrNone = (value: string): ListenAddress | undefined =>
  value === '' ? undefined : listenAddress(value)

/** Name of a CloudWatch namespace (PutMetricData: 1 to 255 of these, and none that begins with `AWS/`); empty for none. */
export function metricsNamespace(value: string): string {
  if (!/^[0-9A-Za-z._\-/#:]{0,255}$/.test(value) || /^AWS\//i.test(value))
    throw new Error('expected letters, digits and ._-/#:, and no AWS/ at the beginning')
  return value
}

/** An object in a namespace. */
export interface NamespacedName {
  readonly namespace: string
  readonly name: string
}

/** A Service and the port of it that is called. */
export interface ServicePort extends NamespacedName {
  readonly port: number
}

/** What Kubernetes accepts as the name of a namespace or of a Service; names of Secrets may hold dots as well. */
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const NAMESPACE_ENTRY = new RegExp(`^(?:${LABEL}|(?:[a-z0-9][a-z0-9-]{0,61})?\\*)$`)
const HTTPS_PORT = 443

/** `NAMESPACE/NAME` of an object; empty for none. */
export function namespacedName(value: string): NamespacedName | undefined {
  if (value === '') return undefined
  const [, namespace, name] = new RegExp(`^(${LABEL})/(${LABEL}(?:\\.${LABEL})*)$`).exec(value) ?? []
  if (!namespace || !name) throw new Error('expected NAMESPACE/NAME such as kube-system/name')
  return { namespace, name }
}

/** `NAMESPACE/NAME` or `NAMESPACE/NAME:PORT` of a Service, port 443 by default; empty for none. */
export function servicePort(value: string): ServicePort | undefined {
  if (value === '') return undefined
  const [, namespace, name, digits] = new RegExp(`^(${LABEL})/(${LABEL})(?::(\\d{1,5}))?$`).exec(value) ?? []
  const port = Number(digits ?? HTTPS_PORT)
  if (!namespace || !name || port < 1 || port > 65_535)
    throw new Error('expected NAMESPACE/NAME or NAMESPACE/NAME:PORT of a Service')
  return { namespace, name, port }
}

/** What an API server accepts as the URL of a webhook, without a slash at its end; empty for none. */
export function webhookUrl(value: string): string | undefined {
  if (value === '') return undefined
  const problem = findWebhookUrlProblem(value)
  if (problem) throw new Error(problem)
  return value.replace(/\/+$/, '')
}

/** What an API server does not accept as a webhook's URL. */
export function findWebhookUrlProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return 'expected a URL such as https://host:8443'
  const parsed = new URL(value)
  if (parsed.protocol !== 'https:') return 'an API server calls webhooks by https only'
  if (parsed.username || parsed.password) return 'expected a URL without user and password'
  if (parsed.search || parsed.hash || /[?#]/.test(value)) return 'expected a URL without query and fragment'
  return undefined
}
