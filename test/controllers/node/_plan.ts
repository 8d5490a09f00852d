import type { NodeDecision, Trigger } from '../../../shared/controllers/node/actions.ts'
import type { Finding } from '../../../shared/controllers/node/match.ts'
import { decideNode } from '../../../shared/controllers/node/plan.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { host, ip, makeInstance, makeNode, type NodeSketch, outer } from '../_make.ts'

export const INSTANCE = makeInstance('a1')
export const FOUND: Finding & { state: 'found' } = { state: 'found', instance: INSTANCE, by: 'hostname' }
export const LABELS = {
  'node.kubernetes.io/instance-type': 's1.c1.small',
  'beta.kubernetes.io/instance-type': 's1.c1.small',
  'topology.kubernetes.io/region': 'PHX',
  'failure-domain.beta.kubernetes.io/region': 'PHX',
}
export const ADDRESSES = [ip('10.0.0.11'), outer('203.0.113.11'), host('node-a')]
/** A node on which nothing is left to do. */
export const DONE: NodeSketch = {
  providerID: 'phoenixnap://a1',
  labels: LABELS,
  addresses: ADDRESSES,
  initialized: true,
}

export function decide(
  sketch: NodeSketch,
  finding: Finding = FOUND,
  trigger: Trigger = 'resync',
): NodeDecision {
  return decideNode(makeNode('node-a', sketch), finding, toOwner(sketch.providerID).owner, trigger)
}

export const did = ({ actions }: NodeDecision): string[] => actions.map(action => action.do)
