import { isDeepStrictEqual } from 'node:util'

/** Makes two runs comparable: what differs from run to run becomes a name that tells only what equals what. */
export interface Normaliser {
  (value: unknown): unknown
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.(\d+))?Z$/
/** A time as near as this was made by the API server; others were given by a case and are compared. */
const NOW_MS = 3_600_000
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Fields whose values are numbered in the order in which they first appear. */
const NUMBERED = new Set([
  'uid',
  'resourceVersion',
  'clusterIP',
  'nodePort',
  'healthCheckNodePort',
  'continue',
])
/** Which manager wrote which field is no business of the controller. */
const DROPPED = new Set(['managedFields', 'selfLink'])

/** @returns a function that keeps its numbering from one value to the next: one for each case */
export function createNormaliser(): Normaliser {
  const numbers = new Map<string, string>()
  let counts: Record<string, number> = {}
  /** Versions of objects, with their names. */
  const versions = new Map<number, string>()

  function number(kind: string, value: string): string {
    const key = `${kind} ${value}`
    const known = numbers.get(key)
    if (known) return known
    counts = { ...counts, [kind]: (counts[kind] ?? 0) + 1 }
    const name = `<${kind} ${counts[kind]}>`
    numbers.set(key, name)
    if (kind === 'resourceVersion') versions.set(Number(value), name)
    return name
  }

  function normaliseText(text: string): string {
    const time = TIME.exec(text)
    if (time && Math.abs(Date.parse(text) - Date.now()) < NOW_MS)
      return time[1] ? `<time to ${time[1].length} digits>` : '<time>'
    return text.replaceAll(UUID, uuid => number('uid', uuid))
  }

  /** The newest version of an object met until now that was there at that moment. */
  function toMoment(version: string): string {
    const earlier = [...versions.keys()].filter(each => each <= Number(version))
    return earlier.length > 0 ? `${versions.get(Math.max(...earlier))} or later` : '<resourceVersion>'
  }

  function normaliseField(key: string, value: unknown): unknown {
    if (key === 'metadata' && isOfCollection(value)) {
      const { resourceVersion, ...rest } = value
      return { ...normaliseFields(rest), resourceVersion: toMoment(resourceVersion) }
    }
    if (key === 'clusterIPs' && Array.isArray(value)) return value.map(ip => normaliseField('clusterIP', ip))
    if (NUMBERED.has(key) && typeof value === 'string' && !['', '0', 'None'].includes(value))
      return number(key, value)
    if (NUMBERED.has(key) && typeof value === 'number') return number(key, String(value))
    return normalise(value)
  }

  function normalise(value: unknown): unknown {
    if (typeof value === 'string') return normaliseText(value)
    if (Array.isArray(value)) return value.map(normalise)
    if (typeof value !== 'object' || value === null) return value
    return normaliseFields(withoutMadeName(value))
  }

  function normaliseFields(value: object): object {
    const entries = Object.entries(value)
      .filter(([key]) => !DROPPED.has(key))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([key, item]) => [key, normaliseField(key, item)]))
  }

  return normalise
}

/**
 * Of a list, or of a bookmark in a watch: its version is that of the whole cluster at that moment, which the API server
 * itself moves by its own writes. That of an object is moved by the case alone.
 */
function isOfCollection(metadata: unknown): metadata is { readonly resourceVersion: string } {
  const { uid, name, resourceVersion } = (metadata ?? {}) as Record<string, unknown>
  return !uid && !name && typeof resourceVersion === 'string' && !['', '0'].includes(resourceVersion)
}

/** A name made from generateName ends in five characters by chance. */
function withoutMadeName(value: object): object {
  const { name, generateName } = value as { name?: unknown; generateName?: unknown }
  if (typeof name !== 'string' || typeof generateName !== 'string' || !name.startsWith(generateName))
    return value
  return { ...value, name: `${generateName}<${name.length - generateName.length} characters>` }
}

interface Failure {
  readonly code: number
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly field?: string }[] }
}

/** What every refusal has besides these fields. */
const FAILURE = { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure' } as const

/**
 * A refusal in short: its reason and details. Its texts are for people and may differ; anything that is no Status
 * of the documented shape is returned as it is.
 */
export function shortenFailure(status: number, body: object): unknown {
  const { code, reason, message, details, ...rest } = body as Failure
  if (status < 400 || code !== status || !message || !isDeepStrictEqual(rest, FAILURE)) return body
  if (!details) return { reason }
  const { causes, ...about } = details
  const short = causes?.map(({ reason, field }) => `${field ?? ''}: ${reason ?? ''}`)
  return { reason, details: { ...about, ...(short ? { causes: short } : {}) } }
}
