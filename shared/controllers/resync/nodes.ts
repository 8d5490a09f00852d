import { CcmError, hasCode } from '../../errors.ts'
import { MISSING_SINCE } from '../../kubernetes/names.ts'
import { patchNode } from '../../kubernetes/nodes.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { toHolders } from '../inventory/content.ts'
import type { NodeDecision } from '../node/actions.ts'
import type { NodeContext } from '../node/context.ts'
import { toUnknown } from '../node/find.ts'
import { type Finding, matchInstance, toIndex } from '../node/match.ts'
import { decideNode, isUninitialized } from '../node/plan.ts'
import { convergeNode } from '../node/reconcile.ts'
import type { Observed } from './observe.ts'
import { noteActions, noteFailure, noteLeft, type PassNotes } from './report.ts'
import { type PassCall, toShare, workInTurn } from './turns.ts'

/** Of the time that a pass has left: with thousands of nodes to bring up, inventory and Services have theirs all the same. */
const NODE_SHARE = 0.6

/** What a pass knows of each node's instance. */
export function createFinder(
  { instances, nodes }: Observed,
  { cloud }: { readonly cloud: Pick<NodeContext['cloud'], 'providerIDOwner'> },
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
 * Brings every node to what it should be. One that fails, or hangs, is noted and never stops the others.
 *
 * @returns the nodes that are left, as they are stored afterwards, in the same order
 */
export async function convergeAll(
  context: NodeContext,
  observed: Observed,
  notes: PassNotes,
  call: PassCall,
): Promise<KubeNode[]> {
  const { clock, cloud, log } = context
  const find = createFinder(observed, context)
  const decide = (node: KubeNode): NodeDecision =>
    decideNode(node, find(node), cloud.providerIDOwner(node.spec?.providerID).owner, 'resync')
  const stored = new Map<KubeNode, KubeNode | undefined>()
  const pending = observed.nodes.filter(node => isPending(context, node, decide(node), notes))
  const left = await workInTurn(clock, toShare(clock, call, NODE_SHARE), {
    items: pending,
    toName: ({ metadata }) => metadata.name,
    async work(node, limited) {
      if (limited.dryRun) notePlan(notes, node.metadata.name, decide(node))
      else stored.set(node, await convergeOne(context, node, find, notes, limited))
    },
  })
  noteLeft(notes, log, 'Node', left)
  return observed.nodes.flatMap(node => (stored.has(node) ? (stored.get(node) ?? []) : node))
}

/** What keeps a node from being initialised is told by an event otherwise, which a dry run does not write. */
function notePlan(notes: PassNotes, name: string, { actions, code, why }: NodeDecision): void {
  noteActions(notes, name, actions)
  if (code) notes.held.push(`${name}: ${code}: ${why}`)
}

/** What is as it should be needs no turn. */
function isPending(
  { log }: NodeContext,
  { metadata }: KubeNode,
  decision: NodeDecision,
  notes: PassNotes,
): boolean {
  const { actions, events } = decision
  if (actions.length + events.length > 0) return true
  logCode(log, metadata.name, decision, notes)
  return false
}

function logCode(
  log: NodeContext['log'],
  node: string,
  { code, why }: NodeDecision,
  { tally }: PassNotes,
): void {
  if (!code) return
  tally.refusals.push(code)
  log.warn({ node, code, why }, 'node left as it is')
}

/** @returns the node as it is stored afterwards; undefined where there is none any more */
async function convergeOne(
  context: NodeContext,
  node: KubeNode,
  find: (node: KubeNode) => Finding,
  notes: PassNotes,
  call: PassCall,
): Promise<KubeNode | undefined> {
  const { name } = node.metadata
  try {
    const { node: stored, did, decision } = await convergeNode(context, node, find, 'resync', call)
    noteActions(notes, name, did)
    for (const action of did)
      context.log.info({ node: name, action: action.do, why: action.why }, 'node changed')
    logCode(context.log, name, decision, notes)
    return stored
  } catch (error) {
    // Deleted since the list was made.
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    noteFailure(notes, name, error)
    context.log.warn({ node: name, error }, 'node not converged')
    return node
  }
}

/** Annotates nodes whose server is missing for the first time; from then on the grace time counts. */
export async function markMissing(
  context: NodeContext,
  nodes: readonly KubeNode[],
  now: number,
  notes: PassNotes,
  call: PassCall,
): Promise<ReadonlyMap<string, KubeNode>> {
  const annotations = { [MISSING_SINCE]: new Date(now).toISOString() }
  const why = 'its server is missing from the complete list'
  const marked = new Map<string, KubeNode>()
  const left = await workInTurn(context.clock, call, {
    items: nodes,
    toName: ({ metadata }) => metadata.name,
    async work({ metadata: { name, uid, resourceVersion } }, { dryRun, signal }) {
      try {
        if (!dryRun) {
          const body = { metadata: { uid, resourceVersion, annotations } }
          marked.set(name, await patchNode(context.kube, name, body, signal))
          context.log.warn({ node: name, why }, 'node marked as missing')
        }
        noteActions(notes, name, [{ do: 'markMissing', set: { annotations }, why }])
      } catch (error) {
        noteFailure(notes, name, error)
      }
    },
  })
  noteLeft(notes, context.log, 'Node', left)
  return marked
}
