import type { Cloud } from '../../cloud-provider/contract.ts'
import { CcmError } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { decideEntry } from '../inventory/entry.ts'
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
  { clock, cloud, inventory, live }: NodeContext,
  node: KubeNode,
  deadline: number,
  signal?: AbortSignal,
): Promise<Found> {
  const view = await inventory.read(signal)
  const decision = decideEntry(node, view, cloud.providerIDOwner)
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
        const { index, startedAt } = await live.list(deadline, signal)
        const matched = matchInstance(node, index, cloud.providerIDOwner)
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
