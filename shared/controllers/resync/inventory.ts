import type { Cloud } from '../../cloud-provider/contract.ts'
import type { PlannedChange } from '../contract.ts'
import { buildInventory, type Inventory, type InventorySources } from '../inventory/content.ts'

/** What the inventory should hold now, and the change that makes it so; undefined where it holds that already. */
export interface InventoryDecision {
  readonly inventory: Inventory
  readonly change: PlannedChange | undefined
}

export function decideInventory(
  sources: InventorySources,
  { providerIDOwner }: Pick<Cloud, 'providerIDOwner'>,
): InventoryDecision {
  const { previous } = sources
  const inventory = buildInventory(sources, providerIDOwner)
  const isKept = inventory.generation === previous?.generation
  return { inventory, change: isKept ? undefined : toChange(inventory, previous) }
}

const toChange = (inventory: Inventory, previous: Inventory | undefined): PlannedChange => ({
  kind: 'ConfigMap',
  name: 'inventory',
  action: previous ? 'updateInventory' : 'createInventory',
  detail: { servers: inventory.entries.length, before: previous?.entries.length ?? 0 },
  why: previous ? 'servers or the nodes on them changed' : 'there is none',
})
