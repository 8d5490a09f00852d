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
  const doubt = explainDoubt(node, finding)
  if (doubt) return ask(doubt, freshness)
  // A server that nobody joined on yet may be another one by now; one list tells of all that join in these seconds.
  const isKnown = finding.by === 'providerID' || finding.instance.joined !== undefined
  if (freshness.young && isKnown) return { do: 'use', finding, why: 'a young inventory has its server' }
  if (freshness.cloudDown)
    return { do: 'use', finding, why: 'the BMC API is down and the inventory has its server' }
  const why = freshness.young ? 'no node has joined on its server yet' : 'the inventory is old'
  return { do: 'ask', otherwise: finding, why }
}

/** Doubt: the cloud knows, unless it is known not to answer. */
function ask(why: string, { cloudDown }: Freshness): EntryDecision {
  return cloudDown
    ? { do: 'leave', why: `${why}, and the BMC API is down` }
    : { do: 'ask', otherwise: undefined, why }
}

function explainDoubt(
  node: KubeNode,
  { instance: entry, by }: Finding<InventoryEntry> & { state: 'found' },
): string | undefined {
  const { name } = node.metadata
  if (entry.node !== undefined && entry.node !== name)
    return `node ${entry.node} holds the provider ID of its server`
  if (by === 'hostname' && entry.joined && !sameMachine(entry.joined, toMachine(node)))
    return 'its server joined before as another machine'
  return undefined
}
