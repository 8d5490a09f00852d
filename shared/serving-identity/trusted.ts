import { splitCertificates } from './state.ts'

/** For so long an authority that somebody else had registered stays beside ours: an update is over by then. */
export const FOREIGN_MS = 24 * 3_600_000

/** What this process knows of an authority that is not its own. Times in milliseconds since 1970. */
interface Foreign {
  readonly since: number
  /** It was gone, at least once. */
  readonly wasGone: boolean
  readonly isThere: boolean
}

/** What one process knows of authorities, by their PEM. */
export interface TrustMemory {
  /** Its own, of now and before: one of before has been retired. */
  readonly own: ReadonlySet<string>
  readonly foreign: ReadonlyMap<string, Foreign>
}

export const NO_TRUST: TrustMemory = { own: new Set(), foreign: new Map() }

export interface Trust {
  readonly memory: TrustMemory
  /** PEM for the registration; undefined: authorities of the API server's machine. */
  readonly ca: string | undefined
}

/**
 * Our authorities, and those of other hosts that are called by the same name: during an update the hosts of before and
 * after serve different certificates, and each would take the other's authority away. A foreign one leaves after a day,
 * or when it has expired. One that then comes back is of a host that lives, and stays.
 *
 * @param own PEM of ours; without any, whatever is stored has to leave
 * @param stored PEM of the registration
 */
export function followTrust(
  memory: TrustMemory,
  own: string | undefined,
  stored: string,
  now: number,
): Trust {
  const ours = splitCertificates(own ?? '').map(String)
  const everOwn = new Set([...memory.own, ...ours])
  const found = splitCertificates(stored).filter(each => !everOwn.has(String(each)))
  const foreign = new Map<string, Foreign>()
  for (const [pem, known] of memory.foreign)
    if (!everOwn.has(pem)) foreign.set(pem, { ...known, isThere: false, wasGone: true })
  for (const pem of found.map(String)) {
    const known = memory.foreign.get(pem) ?? { since: now, wasGone: false, isThere: true }
    foreign.set(pem, { ...known, wasGone: known.wasGone || !known.isThere, isThere: true })
  }
  if (own === undefined) return { memory: { own: everOwn, foreign }, ca: undefined }
  const kept = found
    .filter(each => each.validToDate.getTime() > now)
    .map(String)
    .filter(pem => isKept(foreign.get(pem), now))
  // Should the write of it fail, this one stays for longer than it has to, which is no harm.
  for (const [pem, known] of foreign) if (!kept.includes(pem)) foreign.set(pem, { ...known, isThere: false })
  return { memory: { own: everOwn, foreign }, ca: [...kept, own].join('') }
}

const isKept = (known: Foreign | undefined, now: number): boolean =>
  known !== undefined && (known.wasGone || Math.abs(now - known.since) < FOREIGN_MS)

/** True when both bundles hold the same certificates, however they are written. */
export function isSameTrust(one: string, other: string): boolean {
  const [some, others] = [one, other].map(text => splitCertificates(text).map(String).toSorted().join())
  return some === others
}
