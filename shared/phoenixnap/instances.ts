import { expandAddresses } from '../bmc/addresses.ts'
import type { Bmc, Server } from '../bmc/client.ts'
import type {
  CloudCall,
  Instance,
  InstanceLookup,
  InstanceMetadata,
  InstancesV2,
  NodeRef,
} from '../cloud-provider/contract.ts'
import { chooseInstance, toCanonical, toNodeAddresses } from '../cloud-provider/instance.ts'
import { CcmError } from '../errors.ts'
import type { Log } from '../log.ts'
import { fromServerId, type ProviderIDFormat, toOwner } from './provider-id.ts'

/** Label with the server's operating system, such as `ubuntu/jammy` (made valid by whoever sets it). */
const OS_LABEL = 'phoenixnap.com/os'

/** The node instances of BMC: its servers. @param format of the provider IDs that they are given */
export function newInstancesV2(bmc: Bmc, log: Log, format?: ProviderIDFormat): InstancesV2 {
  const listInstances = async (call?: CloudCall): Promise<readonly Instance[]> =>
    (await bmc.listServers(call)).map(server => toInstance(server, log, format))

  async function getInstance(id: string, call?: CloudCall): Promise<InstanceLookup> {
    const lookup = await bmc.getServer(id, call)
    return lookup.state === 'found'
      ? { state: 'found', instance: toInstance(lookup.server, log, format) }
      : { state: 'absent', why: `GET /servers/${id} answers ${lookup.status}` }
  }

  /** An id that the API does not know may still be in the list: 403 alone never proves that a server is gone. */
  async function find(node: NodeRef, call?: CloudCall): Promise<Instance | undefined> {
    const owner = toOwner(node.providerID)
    if (owner.owner === 'other') throw foreign(node)
    if (owner.owner === 'none') return choose(node, await listInstances(call))
    const lookup = await getInstance(owner.id, call)
    if (lookup.state === 'found') return lookup.instance
    return (await listInstances(call)).find(({ id }) => id === owner.id)
  }

  async function require(node: NodeRef, call?: CloudCall): Promise<Instance> {
    const instance = await find(node, call)
    if (!instance) {
      const by = node.providerID ? `id of ${node.providerID}` : `hostname ${node.name}`
      throw new CcmError('CCM_INSTANCE_NOT_FOUND', `node ${node.name}: no BMC server has the ${by}`)
    }
    return instance
  }

  return {
    instanceExists: async (node, call) => (await find(node, call)) !== undefined,
    instanceShutdown: async (node, call) => (await require(node, call)).shutdown,
    instanceMetadata: async (node, call) => toMetadata(await require(node, call), node.name),
    listInstances,
    getInstance,
  }
}

/** A server as the controllers see it; one that could not be read has no hostname, type, region and addresses. */
export function toInstance(server: Server, log: Log, format?: ProviderIDFormat): Instance {
  const addresses = readAddresses(server, log)
  return {
    id: server.id,
    providerID: fromServerId(server.id, format),
    hostname: server.hostname,
    instanceType: server.type,
    region: server.location,
    status: server.status,
    shutdown: server.status === 'powered-off',
    terminating: server.status === 'deleting',
    ...addresses,
    additionalLabels: server.os ? { [OS_LABEL]: server.os } : {},
  }
}

type Addresses = Pick<Instance, 'privateAddresses' | 'publicAddresses' | 'addressesIncomplete'>

/** One odd address must stop neither the work on other servers nor the use of the server's good ones. */
function readAddresses(server: Server, log: Log): Addresses {
  if (server.unreadable !== undefined) {
    log.warn({ serverId: server.id, reason: server.unreadable }, 'server cannot be read')
    return { privateAddresses: [], publicAddresses: [], addressesIncomplete: true }
  }
  const errors: unknown[] = []
  const expand = (entries: readonly string[] = []): string[] => [
    ...new Set(entries.flatMap(entry => tryToExpand(entry, errors))),
  ]
  const privateAddresses = expand(server.privateIpAddresses)
  const publicAddresses = expand(server.publicIpAddresses)
  if (errors.length > 0)
    log.warn({ serverId: server.id, error: errors[0] }, 'some addresses of the server cannot be read')
  return { privateAddresses, publicAddresses, addressesIncomplete: errors.length > 0 }
}

function tryToExpand(entry: string, errors: unknown[]): readonly string[] {
  try {
    return expandAddresses(entry)
  } catch (error) {
    errors.push(error)
    return []
  }
}

function choose(node: NodeRef, instances: readonly Instance[]): Instance | undefined {
  const hostname = node.name.toLowerCase()
  const same = instances.filter(instance => instance.hostname.toLowerCase() === hostname)
  const choice = chooseInstance(same, new Set(node.addresses?.map(toCanonical)))
  if (choice.state === 'ambiguous') {
    const ids = choice.ids.join(', ')
    throw new CcmError('CCM_INSTANCE_AMBIGUOUS', `node ${node.name}: servers ${ids} all have its hostname`)
  }
  return choice.state === 'found' ? choice.instance : undefined
}

const foreign = (node: NodeRef): CcmError =>
  new CcmError(
    'CCM_PROVIDER_ID_INVALID',
    `node ${node.name}: provider ID ${node.providerID} belongs to another cloud`,
  )

function toMetadata(instance: Instance, name: string): InstanceMetadata {
  const { providerID, instanceType, region, additionalLabels } = instance
  // A controller would take empty values for the truth, and the addresses of the node away.
  if (instance.hostname === '')
    throw new CcmError('BMC_RESPONSE_INVALID', `node ${name}: server ${instance.id} cannot be read`)
  return {
    providerID,
    instanceType,
    region,
    additionalLabels,
    nodeAddresses: [...toNodeAddresses(instance), { type: 'Hostname', address: name }],
  }
}
