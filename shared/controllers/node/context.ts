import type { Clock } from '../../clock.ts'
import type { Cloud } from '../../cloud-provider/contract.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Log } from '../../log.ts'
import type { Joins } from '../inventory/joins.ts'
import type { LiveInstances } from '../inventory/live.ts'
import type { InventoryReader } from '../inventory/reader.ts'
import type { Measured } from '../measure.ts'

/** What the node controllers work with, handed in by whoever composes them. */
export interface NodeContext extends Measured {
  readonly kube: Kube
  readonly cloud: Cloud
  readonly clock: Clock
  readonly log: Log
  readonly inventory: InventoryReader
  readonly live: LiveInstances
  readonly joins: Joins
}
