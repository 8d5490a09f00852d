import { getAnnouncer } from '../../shared/announcers/announcers.ts'
import type { AddressBlock } from '../../shared/cloud-provider/load-balancer.ts'
import type { Claim } from '../../shared/controllers/address/contract.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { MigrateView } from '../../shared/migrate/view.ts'

export const kubeVip = getAnnouncer('kube-vip', { metallbNamespace: '' })

export const toBlock = (id: string, cidr: string, name?: string): AddressBlock => ({
  id,
  cidr,
  family: 'IPv4',
  location: 'PHX',
  state: 'assigned',
  status: 'assigned',
  usable: undefined,
  dedicatedTo: name === undefined ? undefined : { namespace: 'default', name },
  purchase: undefined,
  marked: false,
  onNetwork: true,
  ageMs: undefined,
})

export const toService = (addresses: string, spec: object = {}): KubeService => ({
  metadata: {
    namespace: 'default',
    name: 'web',
    uid: 'uid',
    resourceVersion: '7',
    finalizers: ['other', 'phoenixnap.com/load-balancer'],
    annotations: { 'phoenixnap.com/assigned-ips': addresses, 'kube-vip.io/loadbalancerIPs': addresses },
  },
  spec: { type: 'LoadBalancer', ...spec },
})

export const toView = (view: Partial<MigrateView>): MigrateView => ({
  nodes: [],
  services: [],
  instances: [],
  blocks: [],
  book: { claims: [], gates: [], unreadable: [], now: 0 },
  announcer: kubeVip,
  classes: [],
  providerIDOwner: () => ({ owner: 'none' }),
  managers: [],
  hosts: [],
  secret: undefined,
  problems: [],
  hasWebhook: false,
  passAgeMs: undefined,
  intervalMs: 60_000,
  ...view,
})

export const claimOf = (address: string, state: Claim['state'], blockId: string): Claim => ({
  address,
  state,
  blockId,
  service: { namespace: 'default', name: 'gone' },
  family: 'IPv4',
  since: 0,
  serviceUid: undefined,
  restMs: undefined,
  why: undefined,
  uid: 'uid',
  resourceVersion: '1',
})

export const OWN = toBlock('own', '198.51.100.0/29', 'web')
export const KEEPS = '198.51.100.2'

export const bare = (metadata: Partial<KubeService['metadata']>, type = 'LoadBalancer'): KubeService => ({
  metadata: { namespace: 'default', name: 'web', uid: 'uid', resourceVersion: '7', ...metadata },
  spec: { type },
})

export interface LeftSketch {
  readonly name?: string
  readonly field?: string
  readonly annotation?: string
  readonly status?: readonly string[]
  readonly finalizers?: readonly string[]
  readonly type?: string
  readonly deleted?: boolean
}

/** As the Go program leaves it: its finalizer, and its address in field, annotation and status. */
export function toLeft(sketch: LeftSketch = {}): KubeService {
  const { name = 'web', field = KEEPS, annotation = field, status = [field].filter(Boolean) } = sketch
  const { finalizers = ['service.kubernetes.io/load-balancer-cleanup'], type = 'LoadBalancer' } = sketch
  return {
    metadata: {
      namespace: 'default',
      name,
      uid: `uid-of-${name}`,
      finalizers,
      annotations: annotation === '' ? {} : { 'kube-vip.io/loadbalancerIPs': annotation },
      ...(sketch.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { type, ...(field === '' ? {} : { loadBalancerIP: field }) },
    status: { loadBalancer: { ingress: status.map(ip => ({ ip })) } },
  }
}
