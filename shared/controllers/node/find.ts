import type { Cloud } from '../../cloud-provider/contract.ts'
import { CcmError } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { toMachine } from '../inventory/content.ts'
import { ask, decideEntry, type EntryDecision } from '../inventory/entry.ts'
import type { InventoryView } from '../inventory/reader.ts'
import type { NodeContext } from './context.ts'
import { type Finding, matchInstance, toIndex } from './match.ts'

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
  const view = await context.inventory.read()
  const decision = doubtReplaced(context, node, view, decideEntry(node, view, context.cloud.providerIDOwner))
  const found = await carryOut(context, node, view, decision, deadline, signal)
  if (isByHostname(found.finding)) context.joins.note(found.finding.instance.id, toMachine(node))
  return found
}

const isByHostname = (finding: Finding): finding is Finding & { state: 'found' } =>
  finding.state === 'found' && finding.by === 'hostname'

/** A server that another machine joined on since the last pass was replaced since. */
function doubtReplaced(
  { joins }: NodeContext,
  node: KubeNode,
  { freshness }: InventoryView,
  decision: EntryDecision,
): EntryDecision {
  const finding =
    decision.do === 'use' ? decision.finding : decision.do === 'ask' ? decision.otherwise : undefined
  if (!finding || !isByHostname(finding) || !joins.isOther(finding.instance.id, toMachine(node)))
    return decision
  return ask('its server joined before as another machine', freshness)
}

async function carryOut(
  { clock, cloud, live }: NodeContext,
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
        await refuseOtherAccount(cloud, view)
        const askedAt = clock.now()
        const { instances, startedAt } = await live.list(deadline, signal)
        const matched = matchInstance(node, toIndex(instances), cloud.providerIDOwner)
        const finding = matched.state === 'absent' && startedAt < askedAt ? NOT_YET_LISTED : matched
        return { finding: withHolder(node, finding, view), why: `${decision.why}; asked the BMC API` }
      } catch (error) {
        const why = `${decision.why}; the BMC API gave no answer`
        return { finding: decision.otherwise ?? toUnknown(error), why }
      }
  }
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
  if (finding.state !== 'found' || finding.by !== 'hostname') return finding
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
