import { CcmError, hasCode } from '../../errors.ts'
import { MISSING_SINCE } from '../../kubernetes/names.ts'
import { patchNode } from '../../kubernetes/nodes.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { WorkCall } from '../contract.ts'
import { toHolders } from '../inventory/content.ts'
import { mapLimit } from '../map-limit.ts'
import type { NodeContext } from '../node/context.ts'
import { toUnknown } from '../node/find.ts'
import { type Finding, matchInstance, toIndex } from '../node/match.ts'
import { decideNode, isUninitialized } from '../node/plan.ts'
import { convergeNode } from '../node/reconcile.ts'
import type { Observed } from './observe.ts'
import { noteActions, noteFailure, type PassNotes } from './report.ts'

/** Nodes written at once: enough to hide the API server's latency, too few to be its load. */
const PARALLEL = 8
/** Of the time that a pass has left: with thousands of nodes to bring up, inventory and Services have theirs all the same. */
const NODE_SHARE = 0.6

/** What a pass knows of each node's instance. */
export function createFinder(
  { instances, nodes }: Observed,
  { cloud }: NodeContext,
): (node: KubeNode) => Finding {
  if (instances instanceof CcmError) {
    const unknown = toUnknown(instances)
    return node =>
      cloud.providerIDOwner(node.spec?.providerID).owner === 'other' ? { state: 'foreign' } : unknown
  }
  const index = toIndex(instances)
  const holders = toHolders(nodes, cloud.providerIDOwner)
  return node => {
    const finding = matchInstance(node, index, cloud.providerIDOwner)
    // A second node may not be given a provider ID, nor bring it along; one that has it for long stays as it is.
    if (finding.state !== 'found' || !isUninitialized(node)) return finding
    const holder = holders.get(finding.instance.id)?.metadata.name
    if (holder === undefined || holder === node.metadata.name) return finding
    return { state: 'taken', id: finding.instance.id, holder }
  }
}

/**
 * Brings every node to what it should be. One that fails is noted and never stops the others.
 *
 * @returns the nodes that are left, as they are stored afterwards, in the same order
 */
export async function convergeAll(
  context: NodeContext,
  observed: Observed,
  notes: PassNotes,
  call: WorkCall & { readonly dryRun?: boolean },
): Promise<KubeNode[]> {
  const find = createFinder(observed, context)
  const startedAt = context.clock.now()
  const endsAt = startedAt + (call.deadline - startedAt) * NODE_SHARE
  let later = 0
  const left = await mapLimit(observed.nodes, PARALLEL, async node => {
    const { name } = node.metadata
    if (context.clock.now() >= endsAt) {
      later += 1
      return node
    }
    try {
      if (call.dryRun) {
        const owner = context.cloud.providerIDOwner(node.spec?.providerID).owner
        noteActions(notes, name, decideNode(node, find(node), owner, 'resync').actions)
        return node
      }
      const { node: stored, did, decision } = await convergeNode(context, node, find, 'resync', call)
      noteActions(notes, name, did)
      for (const action of did)
        context.log.info({ node: name, action: action.do, why: action.why }, 'node changed')
      if (decision.code)
        context.log.warn({ node: name, code: decision.code, why: decision.why }, 'node left as it is')
      return stored
    } catch (error) {
      // Deleted since the list was made.
      if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
      noteFailure(notes, name, error)
      context.log.warn({ node: name, error }, 'node not converged')
      return node
    }
  })
  if (later > 0) tellLeft(context, notes, later)
  return left.filter(node => node !== undefined)
}

/** Once, however many they are. */
function tellLeft({ log }: NodeContext, notes: PassNotes, count: number): void {
  const error = new CcmError(
    'CCM_DEADLINE',
    `${count} nodes did not fit into the time, and are left to the next pass`,
  )
  noteFailure(notes, 'nodes', error)
  log.warn({ nodes: count, code: error.code }, 'nodes left to the next pass')
}

/** Annotates nodes whose server is missing for the first time; from then on the grace time counts. */
export async function markMissing(
  context: NodeContext,
  nodes: readonly KubeNode[],
  now: number,
  notes: PassNotes,
  call: WorkCall & { readonly dryRun?: boolean },
): Promise<ReadonlyMap<string, KubeNode>> {
  const since = new Date(now).toISOString()
  const annotations = { [MISSING_SINCE]: since }
  const why = 'its server is missing from the complete list'
  const marked = await mapLimit(nodes, PARALLEL, async node => {
    const { name, uid, resourceVersion } = node.metadata
    try {
      if (!call.dryRun) {
        node = await patchNode(
          context.kube,
          name,
          { metadata: { uid, resourceVersion, annotations } },
          call.signal,
        )
        context.log.warn({ node: name, why }, 'node marked as missing')
      }
      noteActions(notes, name, [{ do: 'markMissing', set: { annotations }, why }])
    } catch (error) {
      noteFailure(notes, name, error)
    }
    return node
  })
  return new Map(marked.map(node => [node.metadata.name, node]))
}
