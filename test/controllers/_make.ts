import type { Instance, NodeAddress } from '../../shared/cloud-provider/contract.ts'
import {
  type Inventory,
  type InventoryEntry,
  toGeneration,
} from '../../shared/controllers/inventory/content.ts'
import type { Freshness, InventoryView } from '../../shared/controllers/inventory/reader.ts'
import { toIndex } from '../../shared/controllers/node/match.ts'
import {
  INITIALIZED,
  MISSING_SINCE,
  PROVIDED_NODE_IP,
  UNINITIALIZED_TAINT,
} from '../../shared/kubernetes/names.ts'
import type { KubeNode, KubeNodeAddress, ObjectMeta, Taint } from '../../shared/kubernetes/types.ts'

/** The values of a node that the cases of a table differ in. */
export interface NodeSketch {
  readonly providerID?: string | undefined
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  /** Adds the uninitialized taint. */
  readonly uninitialized?: boolean
  /** Adds the annotation of a node that we initialised. */
  readonly initialized?: boolean
  /** `--node-ip`. */
  readonly nodeIP?: string
  readonly addresses?: readonly KubeNodeAddress[]
  readonly ready?: boolean | 'Unknown'
  /** Text of the mark that the server is missing. */
  readonly missingSince?: string | undefined
  readonly machine?: { readonly systemUUID?: string; readonly machineID?: string }
  readonly meta?: Partial<ObjectMeta>
}

export const TAINT: Taint = { key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' }

export function makeNode(name: string, sketch: NodeSketch = {}): KubeNode {
  const { providerID, labels, ready = true, addresses = [{ type: 'Hostname', address: name }] } = sketch
  const annotations = {
    ...sketch.annotations,
    ...(sketch.initialized ? { [INITIALIZED]: 'resync' } : {}),
    ...(sketch.nodeIP === undefined ? {} : { [PROVIDED_NODE_IP]: sketch.nodeIP }),
    ...(sketch.missingSince === undefined ? {} : { [MISSING_SINCE]: sketch.missingSince }),
  }
  const taints = [...(sketch.taints ?? []), ...(sketch.uninitialized ? [TAINT] : [])]
  const status = ready === 'Unknown' ? 'Unknown' : ready ? 'True' : 'False'
  return {
    metadata: { name, uid: `uid-of-${name}`, annotations, ...(labels && { labels }), ...sketch.meta },
    spec: { ...(providerID === undefined ? {} : { providerID }), taints },
    status: {
      addresses,
      conditions: [{ type: 'Ready', status }],
      ...(sketch.machine ? { nodeInfo: sketch.machine } : {}),
    },
  }
}

export function makeInstance(id: string, fields: Partial<Instance> = {}): Instance {
  return {
    id,
    providerID: `phoenixnap://${id}`,
    hostname: `host-${id}`,
    instanceType: 's1.c1.small',
    region: 'PHX',
    status: 'powered-on',
    shutdown: false,
    terminating: false,
    privateAddresses: ['10.0.0.11'],
    publicAddresses: ['203.0.113.11'],
    addressesIncomplete: false,
    additionalLabels: {},
    ...fields,
  }
}

/** As a pass writes it: the generation is the hash of the content unless the test says otherwise. */
export function makeInventory(
  entries: readonly InventoryEntry[],
  fields: Partial<Inventory> = {},
): Inventory {
  const content = { account: 'account-1', families: ['IPv4'], entries, ...fields }
  return { generation: toGeneration(content), ...content }
}

export function makeView(
  inventory: Inventory | undefined,
  freshness: Partial<Freshness> = {},
): InventoryView {
  return {
    inventory,
    index: toIndex(inventory?.entries ?? []),
    freshness: { young: true, cloudDown: false, ...freshness },
  }
}

/** Internal, external and host addresses in short. */
export const ip = (address: string): NodeAddress => ({ type: 'InternalIP', address })
export const outer = (address: string): NodeAddress => ({ type: 'ExternalIP', address })
export const host = (address: string): NodeAddress => ({ type: 'Hostname', address })
