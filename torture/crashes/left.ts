import { CLEANUP_FINALIZER } from '../../shared/kubernetes/names.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  addressIn,
  createManifest,
  KUBE_VIP_IPS,
  type ServiceName,
  splitName,
} from '../../test/support/services.ts'
import type { World } from '../world/contract.ts'

/** The address that the Go program takes of a block: the third. */
const PLACE = 2

/** What the Go program and kube-vip leave of a Service: a /29 of its own, on its network, and the field it is pinned by. */
export function leaveServed(world: World, service: ServiceName): string {
  const address = addressIn(leaveBlock(world, service).cidr, PLACE)
  const { namespace } = splitName(service)
  const manifest = createManifest(service, {
    finalizers: [CLEANUP_FINALIZER],
    annotations: { [KUBE_VIP_IPS]: address },
    spec: { loadBalancerIP: address },
  })
  const { store } = world.cluster
  store.create({ ...manifest })
  const status = { loadBalancer: { ingress: [{ ip: address }] } }
  store.merge('services', manifest.metadata.name, { status }, namespace)
  return address
}

export function leaveBlock({ cloud, networkId, clusterUid }: World, service: ServiceName): IpBlock {
  const { backend } = cloud
  const { namespace, name } = splitName(service)
  const tags = {
    usage: 'cloud-provider-phoenixnap-auto',
    cluster: clusterUid,
    serviceNamespace: namespace,
    serviceName: name,
  }
  const { id } = backend.addIpBlock({
    cidrBlockSize: '/29',
    tags: Object.entries(tags).map(([key, value]) => ({ name: key, value })),
  })
  const before = backend.publicNetwork(networkId).ipBlocks.map(block => block.id)
  backend.updateIpBlock(id, {
    status: 'assigned',
    assignedResourceId: networkId,
    assignedResourceType: 'public network',
  })
  backend.updatePublicNetwork(networkId, { blockIds: [...before, id] })
  return backend.ipBlock(id)
}
