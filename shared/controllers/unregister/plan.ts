import type { ToOwner } from '../../cloud-provider/contract.ts'
import { liesIn } from '../../ip-address.ts'
import { MISSING_SINCE, SHUTDOWN_TAINT, UNINITIALIZED_TAINT } from '../../kubernetes/names.ts'
import type { KubeNode, ObjectMeta } from '../../kubernetes/types.ts'
import { KEYS } from '../address/book.ts'
import type { AddressBook } from '../address/contract.ts'
import type { KeptAddress, Step, WithdrawCall } from './contract.ts'
import { toObjectPath } from './kinds.ts'
import { planPools } from './plan-pools.ts'
import { type Holdings, listKept, listLeft, planService } from './plan-services.ts'
import type { ClusterView, Kind } from './view.ts'

export interface WithdrawPlan {
  readonly steps: readonly Step[]
  readonly kept: readonly KeptAddress[]
  /** Services in deletion that wait for the Go program, as `default/web`. */
  readonly left: readonly string[]
}

const CLAIMS: Omit<Kind, 'phase'> = {
  kind: 'IPAddress',
  prefix: '/apis/networking.k8s.io/v1',
  resource: 'ipaddresses',
}
const WHY: Readonly<Record<string, string>> = {
  webhooks: 'the API server is not to call us any more',
  rights: 'hosts that still run are not to put anything back',
  state: 'nobody reads it any more',
  accounts: 'nobody acts as it any more',
}

/**
 * Everything that is to be done, in the order of the phases. Nothing is left where it is empty and the view complete; of
 * a view that is not complete nothing follows: a pool without known Services is no pool without Services.
 */
export function planWithdrawal(
  view: ClusterView,
  release: WithdrawCall['release'],
  toOwner: ToOwner,
): WithdrawPlan {
  if (view.failures.length > 0) return { steps: [], kept: [], left: [] }
  const { book } = view
  const known = view.blocks.flatMap(({ cidr }) => cidr ?? [])
  const cidrs = [...new Set([...known, ...(release?.cidrs ?? [])])]
  const holdings: Holdings = { book, cidrs, dedicated: view.blocks.flatMap(block => block.dedicatedTo ?? []) }
  const kept = release ? [] : view.services.flatMap(service => listKept(service, holdings))
  const isReleased = (address: string): boolean => holdings.cidrs.some(cidr => liesIn(address, cidr))
  const steps = [
    ...view.objects.map(({ kind, object }) => toDeletion(kind, object.metadata, WHY[kind.phase] ?? '')),
    ...view.services.flatMap(service => planService(service, holdings, release !== undefined) ?? []),
    ...view.nodes.flatMap(node => planNode(node, toOwner) ?? []),
    ...planPools(view.pools, kept, release && isReleased),
    ...planBook(book),
  ]
  return {
    steps,
    kept: kept.map(({ address, service }) => ({ address, service: `${service.namespace}/${service.name}` })),
    left: release ? [] : listLeft(view.services, holdings),
  }
}

function toDeletion(kind: Kind, metadata: ObjectMeta, why: string): Step {
  const { uid, namespace, name, deletionTimestamp, finalizers = [] } = metadata
  const isStuck = deletionTimestamp !== undefined && finalizers.length > 0
  return {
    phase: kind.phase,
    kind: kind.kind,
    name: namespace === undefined ? name : `${namespace}/${name}`,
    action: 'delete',
    detail: {},
    why: isStuck ? `its deletion waits for the finalizers ${finalizers.join(', ')}` : why,
    request: {
      method: 'DELETE',
      path: toObjectPath(kind, metadata),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
    },
  }
}

/** What one object of ours among the addresses was for. */
function planBook({ claims, gates, unreadable }: AddressBook): Step[] {
  const kind: Kind = { ...CLAIMS, phase: 'claims' }
  return [
    ...claims.map(({ address, uid, service, state }) => {
      const why = `${state} claim of the Service ${service.namespace}/${service.name}`
      return toDeletion(kind, { name: address, uid }, why)
    }),
    ...gates.map(({ address, uid, blockId }) =>
      toDeletion(kind, { name: address, uid }, `gate of the block ${blockId}`),
    ),
    ...unreadable.map(name => toDeletion(kind, { name }, `ours, without a readable ${KEYS.state}`)),
  ]
}

/**
 * Nodes keep what they have, and what initialised them. A count that stands on one would be taken up by whoever comes
 * after us, and a taint that nobody takes off would keep a machine idle that was started again.
 */
function planNode({ metadata, spec }: KubeNode, toOwner: ToOwner): Step | undefined {
  if (!spec || toOwner(spec.providerID).owner !== 'ours') return undefined
  const { taints = [] } = spec
  const left = taints.filter(({ key }) => key !== SHUTDOWN_TAINT)
  const isCounted = metadata.annotations?.[MISSING_SINCE] !== undefined
  if (left.length === taints.length && !isCounted) return undefined
  const { uid, resourceVersion, name } = metadata
  const annotations = isCounted ? { [MISSING_SINCE]: null } : undefined
  const changed = left.length === taints.length ? undefined : { taints: left }
  return {
    phase: 'nodes',
    kind: 'Node',
    name,
    action: 'change',
    detail: { ...annotations, ...changed },
    why: 'nobody would take it off again',
    request: {
      method: 'PATCH',
      path: `/api/v1/nodes/${encodeURIComponent(name)}`,
      patch: 'merge',
      body: {
        metadata: { uid, resourceVersion, ...(annotations && { annotations }) },
        ...(changed && { spec: changed }),
      },
    },
  }
}

/** Nodes that wait for a cloud provider. */
export const listUninitialized = (nodes: readonly KubeNode[]): readonly string[] =>
  nodes
    .filter(({ spec }) => spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT))
    .map(({ metadata }) => metadata.name)
