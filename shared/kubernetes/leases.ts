import { hasCode } from '../errors.ts'
import type { Kube } from './client.ts'
import { toOwnLabels } from './labels.ts'
import { NAMESPACE } from './names.ts'
import { pickFrom } from './shape.ts'
import type { Lease } from './types.ts'

const PATH = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`

/** How far the clocks of two API servers may be apart. */
export const SKEW_MS = 60_000

/** Who holds a Lease, and since when; all times in milliseconds since 1970 by the API server's clock. */
export interface LeaseHold {
  /** When this was read. */
  readonly now: number
  readonly holder: string | undefined
  readonly acquiredAt: number | undefined
  /** For how long it is held at the most. */
  readonly limitMs: number
}

/** A Lease as it was read; a stored one has a resourceVersion. */
export interface StoredLease {
  readonly lease: Lease
  /** The API server's own time of this reading. */
  readonly now: number
}

/** What is written into a Lease; null removes. */
export interface LeaseChange {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly annotations?: Readonly<Record<string, string | null>>
}

/** Reads a Lease of ours; one that does not exist reads as an empty one. @throws CcmError KUBE_* */
export async function readStoredLease(kube: Kube, name: string, signal?: AbortSignal): Promise<StoredLease> {
  try {
    const { body, date } = await kube.request<Lease>({ path: `${PATH}/${name}`, signal })
    return { lease: pickFrom(`${PATH}/${name}`, body, lease => lease), now: date }
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    const { date } = await kube.request({ path: '/version', signal })
    return { lease: { metadata: { name } }, now: date }
  }
}

/** Holder and times of a Lease. `mostMs`: a longer limit was written by hand and would keep others out. */
export const toHold = ({ lease: { spec }, now }: StoredLease, mostMs: number): LeaseHold => ({
  now,
  holder: spec?.holderIdentity || undefined,
  acquiredAt: toTime(spec?.acquireTime),
  limitMs: Math.min((spec?.leaseDurationSeconds ?? 0) * 1000, mostMs),
})

/** True while somebody holds the Lease who is younger than the limit; nothing is held from the future. */
export const isHeld = ({ holder, acquiredAt, limitMs, now }: LeaseHold): boolean =>
  holder !== undefined && acquiredAt !== undefined && now - acquiredAt < limitMs && acquiredAt - now < SKEW_MS

/** The part of a Lease's spec by which `holder` takes it. */
export const toHolderSpec = (holder: string, now: number, limitMs: number): Record<string, unknown> => ({
  holderIdentity: holder,
  acquireTime: toMicroTime(now),
  leaseDurationSeconds: Math.max(1, Math.ceil(limitMs / 1000)),
})

/**
 * Writes a Lease as it was read: creates it where `resourceVersion` is undefined.
 *
 * @throws CcmError KUBE_CONFLICT or KUBE_ALREADY_EXISTS when somebody else was quicker
 */
export async function writeLease(
  kube: Kube,
  name: string,
  resourceVersion: string | undefined,
  { spec, annotations }: LeaseChange,
  signal?: AbortSignal,
): Promise<Lease> {
  const labels = toOwnLabels('lease')
  if (resourceVersion === undefined) {
    const metadata = { name, namespace: NAMESPACE, labels }
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
    return (await kube.request<Lease>({ method: 'POST', path: PATH, body, signal })).body
  }
  const metadata = { resourceVersion, labels, ...(annotations && { annotations }) }
  const body = { metadata, ...(spec && { spec }) }
  const path = `${PATH}/${name}`
  return (await kube.request<Lease>({ method: 'PATCH', path, patch: 'merge', body, signal })).body
}

/** MicroTime of Kubernetes. */
export const toMicroTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')

/** Milliseconds since 1970 of a time as Kubernetes writes it; undefined for anything else. */
export function toTime(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? undefined : time
}
