import {
  INITIALIZED,
  MISSING_SINCE,
  RESYNC_LEASE,
  UNINITIALIZED_TAINT,
} from '../../shared/kubernetes/names.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import type { Server } from '../../shared/simulator/bmc/types.ts'
import type { Entry, RequestDone, Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import type { State } from './state.ts'

type NodeInvariant = '5a' | '5b' | '5c' | '5d'

/** Within ten minutes at most a share of the nodes goes; what a pass takes lies between its time and its last deletion. */
const WINDOW_MS = 540_000
/** A mark tells when its pass began, by the API server's clock, which may be set meanwhile. */
const PASS_MS = 90_000
const OK = 200
/** A server that a controller may still know: two intervals of passes, and the time of one. */
const REMEMBERED_INTERVALS = 3

const OURS = /^(?:phoenixnap:\/\/|bmc:\/\/servers\/)?([^/:\s]+)$/

/** Server behind a provider ID of ours. */
export const toServerId = (providerID: string | undefined): string | undefined =>
  OURS.exec(providerID ?? '')?.[1]

export const hasTaint = ({ spec }: Pick<KubeNode, 'spec'>, key: string): boolean =>
  spec?.taints?.some(taint => taint.key === key) ?? false

/** Whose it is where it is not ours: another provider's, or nobody's, whose kubelet asks for no initialiser. */
function findOwner(node: KubeNode): string | undefined {
  const { providerID } = node.spec ?? {}
  if (!providerID) return hasTaint(node, UNINITIALIZED_TAINT) ? undefined : 'nobody'
  return toServerId(providerID) === undefined ? providerID : undefined
}

export const isReady = ({ status }: KubeNode): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

const isNodeOfOurs = ({ spec }: KubeNode): boolean => toServerId(spec?.providerID) !== undefined

/** Addresses by which a node can be reached. */
const routesOf = ({ status }: KubeNode): readonly string[] =>
  (status?.addresses ?? []).flatMap(({ type, address }) => (type === 'Hostname' ? [] : address))

const toFault = (invariant: NodeInvariant, { metadata }: KubeNode, what: string): Fault => ({
  invariant,
  object: `nodes ${metadata.name}`,
  what,
})

const toSeen = (id: string, hostname: string): string => `${id} ${hostname.toLowerCase()}`

/** That a controller heard of. */
const isList = ({ call, status, trouble }: RequestDone): boolean =>
  call.to === 'cloud' &&
  call.path === '/bmc/v1/servers' &&
  status === OK &&
  (trouble === undefined || trouble.startsWith('delay'))

/** Nodes, with the servers as they truly are. */
export function createNodeChecks(state: State): Checks {
  const { inputs } = state
  const deletions: number[] = []
  /** When a node got the mark that it has, by its UID. */
  const marked = new Map<string, number>()
  /** Servers by id and name, as the cloud told them lately: when. */
  const seen = new Map<string, number>()

  function look(): readonly Server[] {
    const servers = inputs.cloud.servers()
    for (const { id, hostname } of servers) seen.set(toSeen(id, hostname), inputs.now())
    return servers
  }

  /** What a controller may know: while the cloud is not to be reached it goes by what it was told last. */
  function listed(): void {
    look()
    const oldest = inputs.now() - REMEMBERED_INTERVALS * inputs.settings.resyncIntervalMs
    for (const [name, at] of seen) if (at < oldest) seen.delete(name)
  }

  function checkDeletion(node: KubeNode): Fault[] {
    const since = Date.parse(node.metadata.annotations?.[MISSING_SINCE] ?? '')
    const id = toServerId(node.spec?.providerID)
    const owner = findOwner(node)
    const faults = [
      owner === undefined ? [] : toFault('5b', node, `a node of ${owner} is deleted`),
      isReady(node) ? toFault('5a', node, 'it is deleted although it is ready') : [],
      look().some(server => server.id === id)
        ? toFault('5a', node, `it is deleted although server ${id} exists`)
        : [],
      Number.isNaN(since) || isTooEarly(node, since)
        ? toFault('5a', node, 'it is deleted without having been missing for the grace time')
        : [],
      isTooMany(node) ? toFault('5a', node, `${deletions.length} nodes are deleted within ten minutes`) : [],
    ]
    return faults.flat()
  }

  /** The mark and the grace time are by the API server's clock, which may be set back before the pass comes to its end. */
  function isTooEarly({ metadata }: KubeNode, since: number): boolean {
    const { now, clusterNow = now } = inputs
    const isEarly = (ms: number): boolean => ms < inputs.settings.nodeDeleteGraceMs - PASS_MS
    return isEarly(clusterNow() - since) && isEarly(now() - (marked.get(metadata.uid ?? '') ?? now()))
  }

  function noteMark({ object, old }: Stored): void {
    const { uid = '', annotations } = object.metadata
    const mark = annotations?.[MISSING_SINCE]
    if (mark === undefined) marked.delete(uid)
    else if (mark !== old?.metadata.annotations?.[MISSING_SINCE]) marked.set(uid, inputs.now())
  }

  function isTooMany(node: KubeNode): boolean {
    deletions.push(inputs.now())
    while ((deletions[0] ?? inputs.now()) <= inputs.now() - WINDOW_MS) deletions.shift()
    const others = [...state.nodes.values()].filter(other => other !== node && isNodeOfOurs(other))
    const share = Math.floor(inputs.settings.nodeDeleteMaxShare * (others.length + deletions.length))
    return deletions.length > Math.max(1, share)
  }

  /** Somebody deletes the Lease that tells of deletions: who begins anew counts from one again. */
  const isForgetting = ({ type, resource, object, by }: Stored): boolean =>
    type === 'DELETED' &&
    resource === 'leases' &&
    object.metadata.name === RESYNC_LEASE &&
    !inputs.isProcess(by)

  /** @param before as it was, or as its kubelet sent it */
  function checkWritten(before: KubeNode, after: KubeNode): Fault[] {
    const [had, has] = [routesOf(before), routesOf(after)]
    const owner = findOwner(before)
    return [
      ...(owner === undefined ? [] : [toFault('5b', after, `a node of ${owner} is changed`)]),
      ...(had.length > 0 && has.length === 0
        ? [toFault('5c', after, `[${had.join()}] is replaced by nothing`)]
        : []),
      ...(before.spec?.providerID ? [] : checkProviderID(after)),
    ]
  }

  function checkProviderID(node: KubeNode): Fault[] {
    const { providerID } = node.spec ?? {}
    if (!providerID) return []
    look()
    const id = toServerId(providerID) ?? ''
    const others = state.holdersOf(providerID).filter(name => name !== node.metadata.name)
    const isIts = seen.has(toSeen(id, node.metadata.name))
    return [
      ...(isIts && providerID.startsWith('phoenixnap://')
        ? []
        : [toFault('5d', node, `it gets ${providerID}, which is no server of its name`)]),
      ...others.map(other => toFault('5d', node, `it gets ${providerID}, which ${other} holds`)),
    ]
  }

  function checkNode(entry: Stored): Fault[] {
    const after = entry.object as unknown as KubeNode
    if (inputs.isProcess(entry.by)) {
      const before = (entry.old ?? entry.object) as unknown as KubeNode
      return entry.type === 'DELETED' ? checkDeletion(before) : checkWritten(before, after)
    }
    if (entry.type !== 'ADDED') return []
    const sent = state.sentFor(entry) as unknown as KubeNode
    const isMarked = sent.metadata.annotations?.[INITIALIZED] === after.metadata.annotations?.[INITIALIZED]
    return isMarked ? [] : checkWritten(sent, after)
  }

  return {
    check(entry: Entry) {
      if (entry.kind === 'request' && isList(entry)) listed()
      if (entry.kind === 'stored' && isForgetting(entry)) deletions.splice(0)
      if (entry.kind !== 'stored' || entry.resource !== 'nodes') return []
      if (entry.type !== 'DELETED') noteMark(entry)
      return checkNode(entry)
    },
  }
}
