import {
  ASSIGNED_IPS,
  FINALIZER,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  RESYNC_LEASE,
  WAITING,
} from '../../shared/kubernetes/names.ts'
import type { IpBlock, Server } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject, ObjectMeta } from '../../shared/simulator/kubernetes/objects.ts'
import { KUBE_VIP_IPS } from '../support/services.ts'
import { NETWORK, UID } from './_told.ts'

export const ADDRESS = '198.19.0.18'
const GATE = '198.19.0.16'
const CIDR = '198.19.0.16/29'

const toTags = (tags: Readonly<Record<string, string>>): NonNullable<IpBlock['tags']> =>
  Object.entries(tags).map(([name, value]) => ({ id: name, name, value, isBillingTag: false }))

export const OUR_TAGS = { usage: 'cloud-provider-phoenixnap-auto', cluster: UID }

/** Lease of the passes. */
export const RESYNC: KubeObject = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: RESYNC_LEASE },
}

export function block(
  change: Partial<IpBlock> = {},
  tags: Readonly<Record<string, string>> = OUR_TAGS,
): IpBlock {
  return {
    id: 'b1',
    location: 'PHX',
    cidrBlockSize: '/29',
    cidr: CIDR,
    ipVersion: 'V4',
    status: 'assigned',
    assignedResourceId: NETWORK,
    tags: toTags(tags),
    isSystemManaged: false,
    isBringYourOwn: false,
    createdOn: '',
    ...change,
  }
}

export interface ServiceChange {
  readonly metadata?: ObjectMeta
  readonly spec?: Readonly<Record<string, unknown>>
}

/** A load balancer; with addresses it is served, without it waits. */
export function service(name: string, addresses: string, { metadata, spec }: ServiceChange = {}): KubeObject {
  const marks: Record<string, string> = addresses
    ? { [ASSIGNED_IPS]: addresses, [KUBE_VIP_IPS]: addresses }
    : { [WAITING]: '2026-01-01T00:00:00Z', 'kube-vip.io/ignore': 'true' }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      finalizers: [FINALIZER],
      annotations: marks,
      ...metadata,
    },
    spec: { type: 'LoadBalancer', ...spec },
  }
}

const address = (name: string, notes: Readonly<Record<string, string>>, parentRef: object): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: {
    name,
    labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
    annotations: Object.fromEntries(
      Object.entries(notes).map(([key, value]) => [`phoenixnap.com/${key}`, value] as const),
    ),
  },
  spec: { parentRef },
})

export const claim = (of: string, notes: Readonly<Record<string, string>> = {}, name = ADDRESS): KubeObject =>
  address(
    name,
    {
      state: 'active',
      since: '2026-01-01T00:00:00Z',
      'block-id': 'b1',
      'service-uid': `uid-${of}`,
      ...notes,
    },
    { group: '', resource: 'services', namespace: 'default', name: of },
  )

export const gate = (notes: Readonly<Record<string, string>> = {}, name = GATE): KubeObject =>
  address(
    name,
    { state: 'open', since: '2026-01-01T00:00:00Z', 'block-id': 'b1', ...notes },
    { group: '', resource: 'configmaps', namespace: 'kube-system', name: 'cloud-provider-phoenixnap' },
  )

export interface NodeChange {
  readonly providerID?: string
  readonly addresses?: readonly string[]
  readonly ready?: boolean
  readonly annotations?: Record<string, string>
  readonly isTainted?: boolean
  /** Was shut down, as a taint tells. */
  readonly isShut?: boolean
}

export function node(name: string, change: NodeChange = {}): KubeObject {
  const { providerID, addresses = ['10.0.0.1'], ready = true, annotations = {}, isTainted = false } = change
  const keys = [isTainted ? ['uninitialized'] : [], change.isShut ? ['shutdown'] : []].flat()
  const taints = keys.map(key => ({ key: `node.cloudprovider.kubernetes.io/${key}`, effect: 'NoSchedule' }))
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `uid-${name}`,
      annotations,
      labels: { 'node.kubernetes.io/instance-type': 's1', 'topology.kubernetes.io/region': 'PHX' },
    },
    spec: { ...(providerID && { providerID }), taints },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
      addresses: [
        ...addresses.map(text => ({ type: 'InternalIP', address: text })),
        { type: 'Hostname', address: name },
      ],
    },
  }
}

export const server = (id: string, hostname: string): Server => ({
  id,
  hostname,
  status: 'powered-on',
  type: 's1',
  location: 'PHX',
  cpu: '',
  cpuCount: 1,
  coresPerCpu: 1,
  cpuFrequency: 1,
  ram: '',
  storage: '',
  privateIpAddresses: ['10.0.0.1'],
  pricingModel: '',
  networkConfiguration: {},
  storageConfiguration: {},
})
