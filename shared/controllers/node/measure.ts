import type { Clock } from '../../clock.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { type Measured, toDelay } from '../measure.ts'
import type { NodeAction } from './actions.ts'

/** Times how long a node was waited for that was stored uninitialised. @param actions what was done about it just now */
export function measureJoin(
  { measure, clock }: Measured & { readonly clock: Clock },
  { metadata }: KubeNode,
  actions: readonly NodeAction[],
): void {
  const delay = toDelay(metadata.creationTimestamp, clock.now())
  if (delay === undefined || !actions.some(({ do: action }) => action === 'initialise')) return
  // One patch takes the taint and is the end of it.
  measure?.('node_controller_cloud_provider_taint_removal_delay_seconds', {}, delay)
  measure?.('node_controller_initial_node_sync_delay_seconds', {}, delay)
}
