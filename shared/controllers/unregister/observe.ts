import { ANNOUNCER_NAMES, getAnnouncer } from '../../announcers/announcers.ts'
import type { PoolKind } from '../../announcers/contract.ts'
import { type ErrorCode, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { listAll } from '../../kubernetes/lists.ts'
import { NAME } from '../../kubernetes/names.ts'
import { listNodes } from '../../kubernetes/nodes.ts'
import { listServices } from '../../kubernetes/services.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import { readBook } from '../address/book.ts'
import type { AddressBook } from '../address/contract.ts'
import type { StoredPool } from '../address/pool-plan.ts'
import { readInventory } from '../inventory/store.ts'
import type { Failure } from './contract.ts'
import { KINDS, type OwnKind, toListPath } from './kinds.ts'
import { isPoolOfInterest } from './plan-pools.ts'
import type { ClusterView, Stored } from './view.ts'

const EMPTY_BOOK: AddressBook = { claims: [], gates: [], unreadable: [], now: 0 }
const FATAL: readonly ErrorCode[] = ['KUBE_UNREACHABLE', 'KUBE_CREDENTIALS_INVALID']
const WORKLOADS = [
  { kind: 'Deployment', path: '/apis/apps/v1/deployments' },
  { kind: 'DaemonSet', path: '/apis/apps/v1/daemonsets' },
] as const

/**
 * Everything in the cluster that may be ours. A kind that the cluster does not have holds nothing of ours; one that
 * cannot be read is a failure, and the others are read all the same.
 */
export async function observeCluster(kube: Kube, signal?: AbortSignal): Promise<ClusterView> {
  const failures: Failure[] = []

  /** @throws whatever is no answer of the API server about this list */
  async function attempt<T>(what: string, fallback: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) return fallback
      // Nothing else would be answered either.
      if (!hasCode(error) || FATAL.includes(error.code)) throw error
      failures.push({ name: what, code: error.code, message: error.message })
      return fallback
    }
  }

  const objects = await Promise.all(
    KINDS.map(kind => attempt(`${kind.kind}s`, [], () => listOwn(kube, kind, signal))),
  )
  const [services, nodes, book, inventory] = await Promise.all([
    attempt('Services', [], () => listServices(kube, () => true, { signal })),
    attempt('Nodes', [], () => listNodes(kube, signal)),
    attempt('IPAddresses', EMPTY_BOOK, () => readBook(kube, signal)),
    // It names blocks for people only: one that nobody can read is deleted like any other.
    readInventory(kube, signal).catch(() => undefined),
  ])
  const pools = await Promise.all(
    toPoolKinds().map(kind => attempt(`${kind.kind}s`, [], () => listPools(kube, kind, signal))),
  )
  const workloads = await Promise.all(
    WORKLOADS.map(({ kind, path }) => attempt(`${kind}s`, [], () => listWorkloads(kube, kind, path, signal))),
  )
  return {
    objects: toUnique(objects.flat(), ({ object }) => object.metadata),
    services,
    nodes,
    pools: toUnique(pools.flat(), ({ pool }) => pool.metadata),
    book,
    blocks:
      inventory?.addresses?.blocks.map(({ id, cidr, dedicatedTo }) => ({ id, cidr, dedicatedTo })) ?? [],
    workloads: workloads.flat(),
    failures,
  }
}

/** Each object once, though several lists may hold it. */
const toUnique = <T>(found: readonly T[], toMetadata: (one: T) => ObjectMeta): T[] => [
  ...new Map(found.map(one => [toMetadata(one).uid, one])).values(),
]

async function listOwn(
  kube: Kube,
  kind: OwnKind,
  signal: AbortSignal | undefined,
): Promise<ClusterView['objects']> {
  const found = await listAll<Stored, Stored>(kube, {
    path: toListPath(kind),
    query: kind.query,
    // What is in a Secret stays in the API server's answer.
    keep: ({ metadata, roleRef }) => ({ metadata, ...(roleRef && { roleRef }) }),
    signal,
  })
  return found.filter(object => kind.isOurs(object)).map(object => ({ kind, object }))
}

/** Of all announcers and all versions: which one was in use is not asked for. */
function toPoolKinds(): readonly PoolKind[] {
  const kinds = ANNOUNCER_NAMES.flatMap(name => getAnnouncer(name, { metallbNamespace: '' }).poolKinds)
  return kinds.flatMap(kind => (kind.fallback ? [kind, kind.fallback] : [kind]))
}

/** Of all namespaces; the object in another version of its API is another find. */
async function listPools(
  kube: Kube,
  kind: PoolKind,
  signal: AbortSignal | undefined,
): Promise<ClusterView['pools']> {
  const path = kind.path.replace(/\/namespaces\/[^/]*/, '')
  const pools = await listAll<StoredPool, StoredPool>(kube, { path, keep: pool => pool, signal })
  return pools.filter(isPoolOfInterest).map(pool => ({ kind: { ...kind, path }, pool }))
}

async function listWorkloads(
  kube: Kube,
  kind: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<ClusterView['workloads']> {
  const query = { labelSelector: `app.kubernetes.io/name=${NAME}` }
  const keep = ({ metadata }: { metadata: ObjectMeta }) => ({ kind, metadata })
  return listAll<{ metadata: ObjectMeta }, { kind: string; metadata: ObjectMeta }>(kube, {
    path,
    query,
    keep,
    signal,
  })
}
