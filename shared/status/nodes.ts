import type { ToOwner } from '../cloud-provider/contract.ts'
import { toMissingSince } from '../controllers/node/deletion.ts'
import type { Finding } from '../controllers/node/match.ts'
import { decideNode, isReady, isUninitialized } from '../controllers/node/plan.ts'
import type { Survey } from '../controllers/resync/survey.ts'
import { ERRORS } from '../errors.ts'
import { SHUTDOWN_TAINT } from '../kubernetes/names.ts'
import type { KubeNode } from '../kubernetes/types.ts'
import { NODE_STATES, type NodeState, type NodeStatus, type NodesStatus } from './contract.ts'
import { countStates } from './count.ts'

export interface NodesInput {
  readonly survey: Pick<Survey, 'observed' | 'deletion'>
  readonly toOwner: ToOwner
  /** What is known of a node's server, as a pass sees it. */
  readonly find: (node: KubeNode) => Finding
}

/** What every node is and waits for, as a pass would decide it now. */
export function toNodesStatus({ survey, toOwner, find }: NodesInput): NodesStatus {
  const { held = [], candidates = [] } = survey.deletion ?? {}
  const reasons = new Map([
    ...held.map(({ node, why }) => [node.metadata.name, why] as const),
    ...candidates.map(({ node }) => [node.metadata.name, DUE] as const),
  ])
  const rows = survey.observed.nodes.map(node => toNode(node, find(node), toOwner, reasons))
  return { counts: countStates(NODE_STATES, rows), rows: rows.toSorted(compareRows) }
}

const DUE =
  'its server has been missing for the grace time: the next pass asks BMC for it by its id, and deletes the node if BMC does not know it'

function toNode(
  node: KubeNode,
  finding: Finding,
  toOwner: ToOwner,
  reasons: ReadonlyMap<string, string>,
): NodeStatus {
  const { name, creationTimestamp } = node.metadata
  const owner = toOwner(node.spec?.providerID)
  const state = toState(node, finding, owner.owner)
  const { why, code, actions } = decideNode(node, finding, owner.owner, 'resync')
  const isComing = actions.some(action => action.do === 'initialise')
  return {
    name,
    state,
    why: isComing ? `the next pass initialises it: ${why}` : toWhy(state, why, reasons.get(name)),
    code,
    action: code && ERRORS[code].action,
    serverId: owner.owner === 'ours' ? owner.id : finding.state === 'found' ? finding.instance.id : undefined,
    since: toSince(state, node, creationTimestamp),
  }
}

function toState(node: KubeNode, finding: Finding, owner: 'none' | 'ours' | 'other'): NodeState {
  if (finding.state === 'foreign' || owner === 'other') return 'foreign'
  if (isUninitialized(node)) return 'waiting'
  if (owner === 'none') return 'foreign'
  if (finding.state === 'absent') return 'missing'
  if (isReady(node)) return 'ready'
  return node.spec?.taints?.some(({ key }) => key === SHUTDOWN_TAINT) ? 'shutdown' : 'notReady'
}

/** What is decided of a node that is well says nothing. */
function toWhy(state: NodeState, decided: string, held: string | undefined): string {
  switch (state) {
    case 'waiting':
      return decided
    case 'missing':
      return held ?? 'BMC lists no server with its id'
    case 'shutdown':
      return ''
    case 'notReady':
      return held ?? 'its kubelet does not report that it is ready'
    case 'foreign':
    case 'ready':
      return ''
  }
}

function toSince(state: NodeState, node: KubeNode, created: string | undefined): number | undefined {
  if (state === 'missing') return toMissingSince(node)
  const at = Date.parse(created ?? '')
  return state === 'waiting' && !Number.isNaN(at) ? at : undefined
}

const compareRows = (a: NodeStatus, b: NodeStatus): number =>
  NODE_STATES.indexOf(a.state) - NODE_STATES.indexOf(b.state) || NAMES.compare(a.name, b.name)

/** `node-2` before `node-10`. */
export const NAMES = new Intl.Collator('en', { numeric: true })
