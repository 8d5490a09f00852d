import type { Instance, ProviderIDOwner } from '../../cloud-provider/contract.ts'
import { INITIALIZED, MISSING_SINCE, SHUTDOWN_TAINT, UNINITIALIZED_TAINT } from '../../kubernetes/names.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { NodeAction, NodeDecision, NodeEvent, NodeFields, Trigger } from './actions.ts'
import { decideAddresses, sameAddresses } from './addresses.ts'
import { decideLabelRepair, initialLabels } from './labels.ts'
import { type Finding, providedNodeIPs } from './match.ts'
import {
  labelsKeptEvent,
  mismatchEvent,
  type OurFinding,
  type Refusal,
  refuseMismatch,
  refuseMissing,
  refuseUnreadable,
} from './refusals.ts'

/** True while the taint of a kubelet with an external cloud provider is there, whatever its value or effect. */
export const isUninitialized = (node: KubeNode): boolean => hasTaint(node, UNINITIALIZED_TAINT)

/** True only when the Ready condition says so; an unknown state is not ready. */
export const isReady = (node: KubeNode): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

const hasTaint = (node: KubeNode, key: string): boolean =>
  node.spec?.taints?.some(taint => taint.key === key) ?? false

/** Hands off: also a node without our taint that nobody gave a provider ID has another initialiser, or none. */
const NOT_OURS: NodeDecision = { actions: [], events: [], why: 'the node is not ours' }

/**
 * What to do about one node, given what was found of its instance. Deletion is decided over all nodes
 * together (deletion.ts), never here.
 */
export function decideNode(
  node: KubeNode,
  finding: Finding,
  owner: ProviderIDOwner['owner'],
  trigger: Trigger,
): NodeDecision {
  if (finding.state === 'foreign' || owner === 'other') return NOT_OURS
  if (isUninitialized(node)) {
    const initialise = decideInitialise(node, finding, trigger)
    return { ...initialise, actions: [...decideMark(node, finding), ...initialise.actions] }
  }
  if (owner === 'none') return NOT_OURS
  const upkeep =
    finding.state === 'found' ? decideUpkeep(node, finding.instance, trigger) : nothing(finding.state)
  const lifecycle = [...decideMark(node, finding), ...decideShutdownTaint(node, finding)]
  return { ...upkeep, actions: [...lifecycle, ...upkeep.actions] }
}

const nothing = (why: string): NodeDecision => ({ actions: [], events: [], why })

function decideInitialise(node: KubeNode, finding: OurFinding, trigger: Trigger): NodeDecision {
  if (finding.state !== 'found') return refuse(refuseMissing(node, finding), trigger)
  const { instance } = finding
  const decision = decideAddresses(node, instance)
  if (decision.state === 'mismatch') return refuse(refuseMismatch(decision), trigger)
  const addresses = decision.state === 'none' ? [] : decision.addresses
  // A node without its addresses would stay so for everybody who looks only once.
  if (decision.state === 'incomplete' && addresses.length === 0)
    return refuse(refuseUnreadable(instance), trigger)
  // With nothing to hold it against, `--node-ip` is not taken on trust: the taint would not come back.
  const provided = decision.state === 'none' ? providedNodeIPs(node) : []
  if (provided.length > 0) return refuse(refuseMismatch({ provided, actual: [] }), trigger)
  const set: NodeFields = {
    ...(node.spec?.providerID ? {} : { providerID: instance.providerID }),
    labels: initialLabels(node, instance),
    annotations: { [INITIALIZED]: trigger },
    removeTaints: [UNINITIALIZED_TAINT],
    ...(addresses.length > 0 && !sameAddresses(addresses, node.status?.addresses ?? []) ? { addresses } : {}),
  }
  const synced: NodeEvent = {
    type: 'Normal',
    reason: 'Synced',
    message: 'Node synced successfully',
    component: 'cloud-node-controller',
  }
  const why = `server ${instance.id} found by ${finding.by}`
  return { actions: [{ do: 'initialise', set, why }], events: trigger === 'admission' ? [] : [synced], why }
}

function refuse({ code, event, why }: Refusal, trigger: Trigger): NodeDecision {
  return { actions: [], events: event && trigger !== 'admission' ? [event] : [], why, code }
}

const NO_ADDRESSES = { state: 'none' } as const

/** Addresses and labels of an initialised node. */
function decideUpkeep(node: KubeNode, instance: Instance, trigger: Trigger): NodeDecision {
  // The inventory that reconcile reads may be a moment older than what a pass has just written.
  const addresses = trigger === 'reconcile' ? NO_ADDRESSES : decideAddresses(node, instance)
  const labels = decideLabelRepair(node, instance)
  const actions: NodeAction[] = []
  if (addresses.state === 'wanted' && !sameAddresses(addresses.addresses, node.status?.addresses ?? [])) {
    actions.push({
      do: 'updateAddresses',
      set: { addresses: addresses.addresses },
      why: 'the BMC server has other addresses',
    })
  }
  if (Object.keys(labels.set).length > 0) {
    actions.push({
      do: 'repairLabels',
      set: { labels: labels.set },
      why: 'labels are missing or differ from the BMC server',
    })
  }
  const events = [
    ...(addresses.state === 'mismatch' ? [mismatchEvent(addresses)] : []),
    ...(labels.kept.length > 0 ? [labelsKeptEvent(node, labels.kept)] : []),
  ]
  return { actions, events, why: actions[0]?.why ?? 'nothing differs' }
}

/** The mark of a missing server goes with the first sign of life: the grace time must not count on from there. */
function decideMark(node: KubeNode, finding: Finding): NodeAction[] {
  const isMarked = node.metadata.annotations?.[MISSING_SINCE] !== undefined
  if (!isMarked || !(isReady(node) || finding.state === 'found')) return []
  const why = isReady(node) ? 'the node is ready' : 'the server is in the list again'
  return [{ do: 'unmarkMissing', set: { annotations: { [MISSING_SINCE]: null } }, why }]
}

/** What was not found out changes nothing. */
function decideShutdownTaint(node: KubeNode, finding: Finding): NodeAction[] {
  const isTainted = hasTaint(node, SHUTDOWN_TAINT)
  if (isReady(node)) {
    return isTainted
      ? [{ do: 'untaintShutdown', set: { removeTaints: [SHUTDOWN_TAINT] }, why: 'the node is ready' }]
      : []
  }
  if (isTainted || finding.state !== 'found' || !finding.instance.shutdown) return []
  const taint = { key: SHUTDOWN_TAINT, effect: 'NoSchedule' }
  return [{ do: 'taintShutdown', set: { addTaints: [taint] }, why: 'the server is powered off' }]
}
