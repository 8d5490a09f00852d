import type { Cloud } from '../../cloud-provider/contract.ts'
import { CcmError, hasCode } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { toMachine } from '../inventory/content.ts'
import { decideEntry, type EntryDecision } from '../inventory/entry.ts'
import type { InventoryView } from '../inventory/reader.ts'
import type { NodeContext } from './context.ts'
import { type Finding, matchInstance } from './match.ts'

/** What was found for a node that joins, and by which way. */
export interface Found {
  readonly finding: Finding
  readonly why: string
}

/**
 * The instance of a node that joins: from the inventory where it may be trusted, else from the cloud.
 *
 * @param deadline milliseconds since 1970 until which the cloud may be waited for
 */
export async function findForJoin(
  context: NodeContext,
  node: KubeNode,
  deadline: number,
  signal?: AbortSignal,
): Promise<Found> {
  const { cloud, inventory, joins } = context
  const view = await inventory.read(signal)
  const decision = decideEntry(node, view, cloud.providerIDOwner)
  const found = await carryOut(context, node, view, decision, deadline, signal)
  if (isByHostname(found.finding)) joins.note(found.finding.instance.id, toMachine(node))
  return found
}

async function carryOut(
  context: NodeContext,
  node: KubeNode,
  view: InventoryView,
  decision: EntryDecision,
  deadline: number,
  signal?: AbortSignal,
): Promise<Found> {
  switch (decision.do) {
    case 'use':
      return decision
    case 'leave':
      return {
        finding: { state: 'unknown', code: 'BMC_UNREACHABLE', message: decision.why },
        why: decision.why,
      }
    case 'ask':
      try {
        const finding = await askCloud(context, node, view, deadline, signal)
        return { finding: withHolder(node, finding, view), why: `${decision.why}; asked the BMC API` }
      } catch (error) {
        // The cloud would have answered: how long ago the entry was true, nobody knows.
        const isRefused = hasCode(error, 'CCM_ACCOUNT_CHANGED') && !view.freshness.young
        const entry = isRefused ? undefined : decision.otherwise
        const otherwise = entry && doubtReplaced(context, node, entry)
        return { finding: otherwise ?? toUnknown(error), why: `${decision.why}; the BMC API gave no answer` }
      }
  }
}

async function askCloud(
  context: NodeContext,
  node: KubeNode,
  view: InventoryView,
  deadline: number,
  signal?: AbortSignal,
): Promise<Finding> {
  const { clock, cloud, live } = context
  await refuseOtherAccount(cloud, view)
  const askedAt = clock.now()
  // A list that is older than the inventory would know less than it does.
  const { index, startedAt } = await live.list(deadline, signal, view.vouchedAt)
  const finding = matchInstance(node, index, cloud.providerIDOwner)
  if (startedAt >= askedAt) return finding
  return finding.state === 'absent' ? NOT_YET_LISTED : doubtReplaced(context, node, finding)
}

const isByHostname = (finding: Finding): finding is Finding & { state: 'found' } =>
  finding.state === 'found' && finding.by === 'hostname'

/** What is not of this moment may be of the machine before. */
function doubtReplaced({ joins }: NodeContext, node: KubeNode, finding: Finding): Finding {
  return isByHostname(finding) && joins.isOther(finding.instance.id, toMachine(node))
    ? MAYBE_REPLACED
    : finding
}

const MAYBE_REPLACED: Finding = {
  state: 'unknown',
  code: 'CCM_INSTANCE_NOT_FOUND',
  message: 'another machine has just joined on the server of its hostname',
}

/** A list that others asked for a moment ago may lack a server that has come since. */
const NOT_YET_LISTED: Finding = {
  state: 'unknown',
  code: 'CCM_INSTANCE_NOT_FOUND',
  message: 'no server has its hostname in a list made a moment ago',
}

/** New credentials may lead into another account: whether they do is for the next pass to find out. */
async function refuseOtherAccount(cloud: Cloud, { inventory }: InventoryView): Promise<void> {
  if (inventory && inventory.account !== (await cloud.accountFingerprint())) {
    throw new CcmError('CCM_ACCOUNT_CHANGED', 'the BMC credentials are new since the last pass')
  }
}

/** A provider ID that another node held at the last pass is not given a second time. */
function withHolder(node: KubeNode, finding: Finding, { index }: InventoryView): Finding {
  if (finding.state !== 'found') return finding
  const { id } = finding.instance
  const holder = index.byId.get(id)?.node
  return holder === undefined || holder === node.metadata.name ? finding : { state: 'taken', id, holder }
}

/** A look-up that failed is its own case: it never reads as an absent instance. */
export function toUnknown(error: unknown): Finding {
  return error instanceof CcmError
    ? { state: 'unknown', code: error.code, message: error.message }
    : { state: 'unknown', code: 'BMC_UNREACHABLE', message: String(error) }
}
