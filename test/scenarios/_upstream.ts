import { CLEANUP_FINALIZER } from '../../shared/kubernetes/names.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import {
  addressIn,
  createManifest,
  KUBE_VIP_IPS,
  pathOf,
  type ServiceName,
  splitName,
} from '../support/services.ts'
import { type LoadBalancers, tagsOf } from './_load-balancers.ts'
import { sendPlainly } from './_reviews.ts'

/** What the Go program leaves of a block: one /29 for each Service, tagged with it. */
export interface LeftBlock {
  /** `assigned` by default; `unassigned` is one that it bought and got no further with. */
  readonly status?: 'assigned' | 'unassigned' | 'assigning' | 'error assigning'
  /** Marked as to be given back: it then bears its Service's name no more. */
  readonly marked?: boolean
}

export function leaveBlock(lb: LoadBalancers, service: ServiceName, left: LeftBlock = {}): IpBlock {
  const { backend, networkId, uid } = lb
  const { status = 'assigned', marked = false } = left
  const { namespace, name } = splitName(service)
  const more = marked ? { delete: 'true' } : { serviceNamespace: namespace, serviceName: name }
  const { id } = backend.addIpBlock({ cidrBlockSize: '/29', tags: tagsOf(uid, more) })
  if (status !== 'unassigned') {
    const before = backend.publicNetwork(networkId).ipBlocks.map(block => block.id)
    backend.updateIpBlock(id, {
      status,
      ...(status === 'assigned'
        ? { assignedResourceId: networkId, assignedResourceType: 'public network' }
        : {}),
    })
    backend.updatePublicNetwork(networkId, { blockIds: [...before, id] })
  }
  return backend.ipBlock(id)
}

/** What the Go program and kube-vip leave of a Service. */
export interface LeftService {
  /** As the Go program wrote it into spec.loadBalancerIP; undefined where it had not come so far. */
  readonly address?: string | undefined
  /** Whether kube-vip has served it; true by default where it has an address. */
  readonly served?: boolean
}

export async function leaveService(
  lb: LoadBalancers,
  service: ServiceName,
  { address, served = address !== undefined }: LeftService = {},
): Promise<void> {
  const manifest = createManifest(service, {
    finalizers: [CLEANUP_FINALIZER],
    // kube-vip copies the field into its own annotation.
    ...(address !== undefined && served ? { annotations: { [KUBE_VIP_IPS]: address } } : {}),
    spec: address === undefined ? {} : { loadBalancerIP: address },
  })
  await sendPlainly(lb.api).create(manifest)
  if (address !== undefined && served) await writeStatus(lb, service, address)
}

/** As whoever serves a Service writes it. */
export async function writeStatus(lb: LoadBalancers, service: ServiceName, ip: string): Promise<void> {
  const body = { status: { loadBalancer: { ingress: [{ ip }] } } }
  await lb.admin.request({ method: 'PATCH', path: `${pathOf(service)}/status`, patch: 'merge', body })
}

/** The address that the Go program takes of a block: the third. */
export const upstreamAddress = ({ cidr }: IpBlock): string => addressIn(cidr, 2)
