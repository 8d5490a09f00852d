import { ANNOUNCER_NAMES, getAnnouncer } from '../../announcers/announcers.ts'
import type { PoolEntry } from '../../announcers/contract.ts'
import { POOL_NAME } from '../../announcers/pool-entries.ts'
import { familyOf, parseAddress, parseCidr } from '../../ip-address.ts'
import { MANAGED_LABEL } from '../../kubernetes/labels.ts'
import { NAME } from '../../kubernetes/names.ts'
import { POOL_LABELS, type StoredPool } from '../address/pool-plan.ts'
import type { Step } from './contract.ts'
import type { ClusterView } from './view.ts'

const isOurs = ({ metadata }: StoredPool): boolean => metadata.labels?.[MANAGED_LABEL] === NAME

/** Ours, and those that were handed over and may have to go with their addresses. */
export const isPoolOfInterest = (pool: StoredPool): boolean =>
  isOurs(pool) || pool.metadata.name === POOL_NAME || pool.metadata.name.startsWith(`${POOL_NAME}-`)

/**
 * What becomes of announcers' pools. An announcer takes addresses back whose pool is gone, so that a pool that Services
 * live on cannot go: it becomes the operator's, as it is.
 *
 * @param entries addresses that stay with Services
 * @param isReleased whether all addresses between two belong to blocks that are given back
 */
export function planPools(
  pools: ClusterView['pools'],
  entries: readonly PoolEntry[],
  isReleased: ((address: string) => boolean) | undefined,
): Step[] {
  const needed = listNeeded(entries)
  return pools.flatMap(({ kind, pool }) => {
    const { name, namespace } = pool.metadata
    if (pool.metadata.deletionTimestamp) return []
    const isLeftOver = isReleased !== undefined && !isOurs(pool) && holdsOnly(pool, isReleased)
    if (!isOurs(pool) && !isLeftOver) return []
    const isNeeded = isReleased === undefined && needed.has(`${kind.crd} ${name}`)
    const folder = namespace === undefined ? kind.path : toFolder(kind.path, namespace)
    const step = {
      phase: 'pools' as const,
      kind: kind.kind,
      name: namespace === undefined ? name : `${namespace}/${name}`,
      path: `${folder}/${encodeURIComponent(name)}`,
    }
    return [isNeeded ? toHandOver(step, pool, entries) : toDeletion(step, pool, isLeftOver)]
  })
}

/** Pools that the announcers would need for these addresses. */
const listNeeded = (entries: readonly PoolEntry[]): ReadonlySet<string> =>
  new Set(
    ANNOUNCER_NAMES.flatMap(name => getAnnouncer(name, { metallbNamespace: '' }).toPools(entries)).map(
      ({ kind, name }) => `${kind.crd} ${name}`,
    ),
  )

type Base = Pick<Step, 'phase' | 'kind' | 'name'> & { readonly path: string }

const toFolder = (path: string, namespace: string): string =>
  path.replace(/\/([^/]+)$/, `/namespaces/${encodeURIComponent(namespace)}/$1`)

function toHandOver({ path, ...base }: Base, { metadata }: StoredPool, entries: readonly PoolEntry[]): Step {
  const labels = Object.fromEntries(Object.keys(POOL_LABELS).map(key => [key, null]))
  const { uid, resourceVersion } = metadata
  return {
    ...base,
    action: 'handOver',
    detail: { labels },
    why: `${entries.length} address(es) of Services would be withdrawn with it: it is the operator's from now on`,
    request: { method: 'PATCH', path, patch: 'merge', body: { metadata: { uid, resourceVersion, labels } } },
  }
}

function toDeletion({ path, ...base }: Base, { metadata }: StoredPool, isLeftOver: boolean): Step {
  const { uid, resourceVersion } = metadata
  return {
    ...base,
    action: 'delete',
    detail: {},
    why: isLeftOver ? 'every address in it is given back' : 'no address that stays is in it',
    request: {
      method: 'DELETE',
      path,
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
    },
  }
}

/** A pool of the operator's, handed over before, of which nothing would be left. */
function holdsOnly({ spec }: StoredPool, isReleased: (address: string) => boolean): boolean {
  const addresses = listAddresses(spec)
  return addresses.length > 0 && addresses.every(isReleased)
}

/** Single addresses in a pool's spec, whatever announcer's it is; a range of several is nobody's we know. */
function listAddresses(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(listAddresses)
  if (typeof value !== 'string') return []
  const range = parseCidr(value)
  const single = value.split('/', 1)[0] ?? ''
  if (range) return [range.first === range.last ? (parseAddress(single)?.text ?? value) : value]
  return value.includes('-') || parseAddress(value) ? [value] : []
}

/** An address of a Service as pools are made of. */
export const toEntry = (address: string, service: PoolEntry['service']): PoolEntry => ({
  address,
  family: familyOf(address),
  service,
})
