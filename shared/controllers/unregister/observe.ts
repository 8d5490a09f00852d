import { ANNOUNCER_NAMES, getAnnouncer } from '../../announcers/announcers.ts'
import type { PoolKind } from '../../announcers/contract.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { NAME_LABEL } from '../../kubernetes/labels.ts'
import { listAll } from '../../kubernetes/lists.ts'
import { NAME, NAMESPACE } from '../../kubernetes/names.ts'
import { listNodes } from '../../kubernetes/nodes.ts'
import { listServices } from '../../kubernetes/services.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import { readBook } from '../address/book.ts'
import type { AddressBook } from '../address/contract.ts'
import type { StoredPool } from '../address/pool-plan.ts'
import type { Inventory } from '../inventory/content.ts'
import { readInventory } from '../inventory/store.ts'
import { isLabelled, KINDS, type OwnKind, toListPath } from './kinds.ts'
import { isPoolOfInterest } from './plan-pools.ts'
import { isServed } from './served.ts'
import type { ClusterView, Stored, Unread } from './view.ts'

const EMPTY_BOOK: AddressBook = { claims: [], gates: [], unreadable: [], now: 0 }
const IP_ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
/** Of the chart, with `tls.mode` `certManager`. */
const CERTIFICATE_SECRETS = [`${NAME}-tls`, `${NAME}-ca`] as const
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`
const CERTIFICATE = 'cert-manager.io/certificate-name'
const WORKLOADS = [
  { kind: 'Deployment', path: '/apis/apps/v1/deployments' },
  { kind: 'DaemonSet', path: '/apis/apps/v1/daemonsets' },
] as const

/**
 * Everything in the cluster that may be ours. A kind that the cluster does not have holds nothing of ours; one that
 * cannot be read is a failure, and the view is not complete.
 */
export async function observeCluster(kube: Kube, signal?: AbortSignal): Promise<ClusterView> {
  const failures: Unread[] = []

  /** @throws whatever is no answer about this list */
  async function attempt<T>(name: string, path: string, fallback: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) return fallback
      if (!hasCode(error)) throw error
      if (hasCode(error, 'KUBE_FORBIDDEN') && !(await isServed(kube, path, signal))) return fallback
      failures.push({ name, code: error.code, message: error.message, unread: true })
      return fallback
    }
  }

  const [objects, services, nodes, book, inventory, pools, workloads, certificates] = await Promise.all([
    Promise.all(
      KINDS.map(kind => attempt(`${kind.kind}s`, toListPath(kind), [], () => listOwn(kube, kind, signal))),
    ),
    attempt('Services', '/api/v1/services', [], () => listServices(kube, () => true, { signal })),
    attempt('Nodes', '/api/v1/nodes', [], () => listNodes(kube, signal)),
    attempt('IPAddresses', IP_ADDRESSES, EMPTY_BOOK, () => readBook(kube, signal)),
    attempt('Inventory', '/api/v1/configmaps', undefined, () => readKnown(kube, signal)),
    Promise.all(
      toPoolKinds().map(kind => attempt(`${kind.kind}s`, kind.path, [], () => listPools(kube, kind, signal))),
    ),
    Promise.all(
      WORKLOADS.map(({ kind, path }) =>
        attempt(`${kind}s`, path, [], () => listWorkloads(kube, kind, path, signal)),
      ),
    ),
    Promise.all(
      CERTIFICATE_SECRETS.map(name =>
        attempt('Secrets', SECRETS, [], () => listCertificates(kube, name, signal)),
      ),
    ),
  ])
  const found = toUnique(objects.flat(), ({ object }) => object.metadata)
  return {
    objects: found.filter(({ kind, object }) => kind.isOurs(object)),
    foreign: found.filter(({ kind, object }) => !kind.isOurs(object)),
    services,
    nodes,
    pools: toUnique(pools.flat(), ({ pool }) => pool.metadata),
    book,
    blocks:
      inventory?.addresses?.blocks.map(({ id, cidr, dedicatedTo }) => ({ id, cidr, dedicatedTo })) ?? [],
    workloads: workloads.flat(),
    certificates: certificates.flat(),
    failures: [...new Map(failures.map(failure => [`${failure.name} ${failure.code}`, failure])).values()],
  }
}

/** One that is there and cannot be understood is deleted like any other: nobody would ever put it right. */
async function readKnown(kube: Kube, signal: AbortSignal | undefined): Promise<Inventory | undefined> {
  try {
    return await readInventory(kube, signal)
  } catch (error) {
    if (hasCode(error, 'CCM_INVENTORY_INVALID')) return undefined
    throw error
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
): Promise<{ kind: OwnKind; object: Stored }[]> {
  const found = await listAll<RawObject, Stored>(kube, {
    path: toListPath(kind),
    query: kind.query,
    keep: toStored,
    signal,
  })
  return found.filter(object => kind.isOurs(object) || isLabelled(object)).map(object => ({ kind, object }))
}

interface RawObject extends Omit<Stored, 'keys'> {
  readonly data?: Readonly<Record<string, unknown>>
}

/** What is in a Secret stays in the API server's answer. */
const toStored = ({ metadata, roleRef, subjects, data }: RawObject): Stored => ({
  metadata,
  ...(roleRef && { roleRef }),
  ...(subjects && { subjects }),
  ...(data && { keys: Object.keys(data) }),
})

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
  const query = { labelSelector: `${NAME_LABEL}=${NAME}` }
  const keep = ({ metadata }: { metadata: ObjectMeta }) => ({ kind, metadata })
  return listAll<{ metadata: ObjectMeta }, { kind: string; metadata: ObjectMeta }>(kube, {
    path,
    query,
    keep,
    signal,
  })
}

const toMetadata = ({ metadata }: { metadata: ObjectMeta }): ObjectMeta => metadata

/** By name, so that nobody else's Secret is read. */
async function listCertificates(
  kube: Kube,
  name: string,
  signal: AbortSignal | undefined,
): Promise<readonly ObjectMeta[]> {
  const query = { fieldSelector: `metadata.name=${name}` }
  const found = await listAll<{ metadata: ObjectMeta }, ObjectMeta>(kube, {
    path: SECRETS,
    query,
    keep: toMetadata,
    signal,
  })
  return found.filter(({ annotations }) => annotations?.[CERTIFICATE] !== undefined)
}
