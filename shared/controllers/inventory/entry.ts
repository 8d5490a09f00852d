import type { ToOwner } from '../../cloud-provider/contract.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { type Finding, matchInstance } from '../node/match.ts'
import { type InventoryEntry, sameMachine, toMachine } from './content.ts'
import type { Freshness, InventoryView } from './reader.ts'

/** What a joining node gets. A provider ID can never be corrected, so doubt means asking the cloud or leaving it. */
export type EntryDecision =
  | { readonly do: 'use'; readonly finding: Finding; readonly why: string }
  /** `otherwise` is good enough when the cloud does not answer. */
  | { readonly do: 'ask'; readonly otherwise: Finding | undefined; readonly why: string }
  | { readonly do: 'leave'; readonly why: string }

/** Decides whether the inventory alone may answer for a node that joins. */
export function decideEntry(
  node: KubeNode,
  { inventory, index, freshness }: InventoryView,
  toOwner: ToOwner,
): EntryDecision {
  if (!inventory) return ask('there is no inventory', freshness)
  const finding = matchInstance(node, index, toOwner)
  if (finding.state === 'foreign')
    return { do: 'use', finding, why: 'the provider ID belongs to another cloud' }
  if (finding.state !== 'found')
    return ask(`the inventory has no single server for it (${finding.state})`, freshness)
  const doubt = finding.by === 'hostname' ? explainDoubt(node, finding.instance) : undefined
  if (doubt) return ask(doubt, freshness)
  if (freshness.young) return { do: 'use', finding, why: 'a young inventory has its server' }
  if (freshness.cloudDown)
    return { do: 'use', finding, why: 'the BMC API is down and an old inventory has its server' }
  return { do: 'ask', otherwise: finding, why: 'the inventory is old' }
}

/** Doubt: the cloud knows, unless it is known not to answer. */
export function ask(why: string, { cloudDown }: Freshness): EntryDecision {
  return cloudDown
    ? { do: 'leave', why: `${why}, and the BMC API is down` }
    : { do: 'ask', otherwise: undefined, why }
}

function explainDoubt(node: KubeNode, entry: InventoryEntry): string | undefined {
  const { name } = node.metadata
  if (entry.node !== undefined && entry.node !== name)
    return `node ${entry.node} holds the provider ID of its server`
  if (entry.joined && !sameMachine(entry.joined, toMachine(node)))
    return 'its server joined before as another machine'
  return undefined
}
