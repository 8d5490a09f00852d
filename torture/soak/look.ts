import { readInventory } from '../../shared/controllers/inventory/store.ts'
import type { KubeNode, KubeService } from '../../shared/kubernetes/types.ts'
import {
  type AddressView,
  isWaiting,
  listAddresses,
  listServices,
  nameOf,
  tagOf,
} from '../../test/support/services.ts'
import { toRestFaults, type View } from '../invariants/sound.ts'
import type { DayReport } from './contract.ts'
import type { Month } from './month.ts'

export type Seen = Pick<
  DayReport,
  'nodes' | 'services' | 'balancers' | 'waiting' | 'blocks' | 'claims' | 'gates' | 'orphans'
>

/** What is there now. */
export async function look(month: Month): Promise<Seen> {
  const view = await readView(month)
  const { services, addresses, blocks } = view
  const claims = addresses.filter(({ service }) => service !== undefined)
  return {
    nodes: month.world.cluster.store.list('nodes').length,
    services: services.length,
    balancers: services.filter(({ spec }) => spec?.type === 'LoadBalancer').length,
    waiting: services.filter(isWaiting).length,
    blocks: blocks.length,
    claims: claims.length,
    gates: addresses.length - claims.length,
    orphans: findOrphans(view),
  }
}

async function readView({ world, process }: Month): Promise<View> {
  const read = async (): Promise<readonly [KubeService[], AddressView[]]> => {
    const found = await process().command(async ({ kube }) => [
      await listServices(kube),
      await listAddresses(kube),
    ])
    return (found ?? [[], []]) as [KubeService[], AddressView[]]
  }
  const [services, addresses] = await read()
  const blocks = world.cloud.backend.ipBlocks().filter(block => tagOf(block, 'cluster') === world.clusterUid)
  return { services, addresses, blocks }
}

/** What belongs to nobody, whatever is under way. */
function findOrphans({ services, addresses, blocks }: View): readonly string[] {
  const names = new Set(services.map(nameOf))
  const ids = new Set(blocks.map(({ id }) => id))
  return addresses.flatMap(({ address, service, state, blockId }) => [
    ...(service !== undefined && state === 'active' && !names.has(service)
      ? [`claim ${address} of ${service}`]
      : []),
    ...(ids.has(blockId ?? '')
      ? []
      : [`${service === undefined ? 'gate' : 'claim'} ${address} without a block`]),
  ])
}

/** What is wrong once nobody does anything any more. */
export async function findFaults(month: Month): Promise<readonly string[]> {
  const { world } = month
  const faults = toRestFaults(await readView(month), world.networkId)
  return [
    ...faults.map(({ invariant, object, what }) => `${invariant} ${object}: ${what}`),
    ...(await inventoryFaults(month)),
    ...nodeFaults(month),
  ]
}

async function inventoryFaults({ world, process }: Month): Promise<string[]> {
  const inventory = await process().command(({ kube }) => readInventory(kube))
  const there = new Set(world.cloud.backend.servers().map(({ id }) => id))
  const known = new Set(inventory?.entries.map(({ providerID }) => providerID.replace(/^.*\//, '')))
  return [
    ...[...known].filter(id => !there.has(id)).map(id => `the inventory holds server ${id}, which has gone`),
    ...[...there].filter(id => !known.has(id)).map(id => `the inventory lacks server ${id}`),
  ]
}

/** Every node has the id of its server, and there is none without one. */
function nodeFaults({ world }: Month): string[] {
  const byName = new Map(world.cloud.backend.servers().map(({ hostname, id }) => [hostname, id]))
  return world.cluster.store.list<KubeNode>('nodes').flatMap(({ metadata: { name }, spec }) => {
    const id = byName.get(name)
    if (id === undefined) return [`node ${name} is left of a server that has gone`]
    return spec?.providerID === `phoenixnap://${id}`
      ? []
      : [`node ${name} has ${spec?.providerID}, not ${id}`]
  })
}
