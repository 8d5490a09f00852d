import type { Kube } from './client.ts'
import { listDated } from './lists.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from './names.ts'
import { toSegment } from './path.ts'
import { pickFrom } from './shape.ts'
import type { IPAddress } from './types.ts'

const PATH = '/apis/networking.k8s.io/v1/ipaddresses'
const pathOf = (name: string): string => `${PATH}/${toSegment(name)}`

/** What an IPAddress is made of; its name is the canonical address. */
export interface NewIPAddress {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly parentRef: IPAddress['spec']['parentRef']
}

/** The version of an object that a change or deletion is meant for. */
export interface Seen {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/**
 * Every IPAddress with our label, as they are now: the API server reads them from its store, never from its cache
 * (which `resourceVersion=0` would allow).
 *
 * @returns each cut down to what is read of it, and the API server's time in milliseconds since 1970
 * @throws CcmError KUBE_*; never a part of the list
 */
export async function listIPAddresses(
  kube: Kube,
  signal?: AbortSignal,
): Promise<{ readonly items: readonly IPAddress[]; readonly date: number }> {
  const query = { labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` }
  return listDated<IPAddress, IPAddress>(kube, { path: PATH, query, keep: toEssentials, signal })
}

/** @throws CcmError KUBE_NOT_FOUND */
export async function getIPAddress(kube: Kube, name: string, signal?: AbortSignal): Promise<IPAddress> {
  const { body } = await kube.request<IPAddress>({ path: pathOf(name), signal })
  return pickFrom(pathOf(name), body, toEssentials)
}

/** Of any number of creators exactly one succeeds. @throws CcmError KUBE_ALREADY_EXISTS */
export async function createIPAddress(
  kube: Kube,
  { name, labels, annotations, parentRef }: NewIPAddress,
  signal?: AbortSignal,
): Promise<IPAddress> {
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name, labels, annotations },
    spec: { parentRef },
  }
  const answer = await kube.request<IPAddress>({ method: 'POST', path: PATH, body, signal })
  return pickFrom(pathOf(name), answer.body, toEssentials)
}

/** Set on an object; null removes. */
export interface IPAddressChange {
  readonly annotations?: Readonly<Record<string, string | null>>
  readonly labels?: Readonly<Record<string, string>>
}

/** Changes the object as it was read. @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND */
export async function changeIPAddress(
  kube: Kube,
  { name, uid, resourceVersion }: Seen,
  change: IPAddressChange,
  signal?: AbortSignal,
): Promise<IPAddress> {
  const body = { metadata: { uid, resourceVersion, ...change } }
  const path = pathOf(name)
  const answer = await kube.request<IPAddress>({ method: 'PATCH', path, patch: 'merge', body, signal })
  return pickFrom(pathOf(name), answer.body, toEssentials)
}

/**
 * Deletes the object only as it was read: another of its name, or one that changed since, stays.
 *
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND
 */
export async function deleteIPAddress(
  kube: Kube,
  { name, uid, resourceVersion }: Seen,
  signal?: AbortSignal,
): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
  await kube.request({ method: 'DELETE', path: pathOf(name), body, signal })
}

/** Managed fields are most of an object's size. */
function toEssentials({ metadata, spec }: IPAddress): IPAddress {
  const { name, uid, resourceVersion, labels, annotations, creationTimestamp } = metadata
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec,
  }
}
