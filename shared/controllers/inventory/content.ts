import { createHash } from 'node:crypto'
import type { Instance, ToOwner } from '../../cloud-provider/contract.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { AddressSource } from '../address/contract.ts'

/** The machine that joined as a node, as its kubelet reports it. A replaced or reinstalled one differs. */
export interface Machine {
  readonly systemUUID: string
  readonly machineID: string
}

/** An instance with what the cluster knows of it. */
export interface InventoryEntry extends Instance {
  /** Name of the node that holds its provider ID. */
  readonly node?: string
  /** Kept after its node is gone: another machine that comes for this entry is not this instance. */
  readonly joined?: Machine
}

/** What joining nodes and new Services are answered from, without asking the cloud. */
export interface Inventory {
  /** Hash of the content: equal content is not written again. */
  readonly generation: string
  /** Fingerprint of the account that the instances were listed with. */
  readonly account: string
  /** IP families of the cluster's Services, as `IPv4`, in their order. */
  readonly families: readonly string[]
  readonly entries: readonly InventoryEntry[]
  /** What Services get their addresses from; absent where load balancers are disabled or no pass has seen it yet. */
  readonly addresses?: AddressSource | undefined
}

export interface InventorySources {
  readonly instances: readonly Instance[]
  readonly nodes: readonly KubeNode[]
  readonly account: string
  readonly families: readonly string[]
  readonly addresses?: AddressSource | undefined
  readonly previous: Inventory | undefined
}

/** The machine that a node reports; both texts are empty when it reports none. */
export function toMachine(node: KubeNode): Machine {
  const { systemUUID = '', machineID = '' } = node.status?.nodeInfo ?? {}
  return { systemUUID: systemUUID.toLowerCase(), machineID }
}

export const sameMachine = (one: Machine, other: Machine): boolean =>
  one.systemUUID === other.systemUUID && one.machineID === other.machineID

/** The inventory that a complete pass finds: the same content always has the same generation. */
export function buildInventory(sources: InventorySources, toOwner: ToOwner): Inventory {
  const { account, families, instances, nodes, addresses, previous } = sources
  const holders = toHolders(nodes, toOwner)
  const before = new Map(previous?.entries.map(entry => [entry.id, entry.joined]))
  const entries = instances
    .map(instance => toEntry(instance, holders.get(instance.id), before.get(instance.id)))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const content = { account, families, entries, ...(addresses && { addresses }) }
  return { generation: toGeneration(content), ...content }
}

/** Nodes by the instance id that their provider ID holds; the older node where two hold one, by name if equally old. */
export function toHolders(nodes: readonly KubeNode[], toOwner: ToOwner): ReadonlyMap<string, KubeNode> {
  const holders = new Map<string, KubeNode>()
  for (const node of nodes) {
    const owner = toOwner(node.spec?.providerID)
    if (owner.owner !== 'ours') continue
    const other = holders.get(owner.id)
    if (!other || isBefore(node, other)) holders.set(owner.id, node)
  }
  return holders
}

function isBefore({ metadata: one }: KubeNode, { metadata: other }: KubeNode): boolean {
  const [oneTime = '', otherTime = ''] = [one.creationTimestamp, other.creationTimestamp]
  return oneTime === otherTime ? one.name < other.name : oneTime < otherTime
}

function toEntry(
  instance: Instance,
  holder: KubeNode | undefined,
  before: Machine | undefined,
): InventoryEntry {
  const joined = holder ? toMachine(holder) : before
  return {
    ...instance,
    ...(holder ? { node: holder.metadata.name } : {}),
    ...(joined ? { joined } : {}),
  }
}

/** Hash of a content; tells an edited or damaged inventory from one that a pass wrote. */
export const toGeneration = ({
  account,
  families,
  entries,
  addresses,
}: Omit<Inventory, 'generation'>): string =>
  createHash('sha256')
    .update(JSON.stringify({ account, families, entries, addresses }))
    .digest('hex')
    .slice(0, 16)
