import type { Claim, Gate } from '../../../shared/controllers/address/contract.ts'
import type { ClusterView, Stored } from '../../../shared/controllers/unregister/view.ts'
import type { KubeService, ObjectMeta } from '../../../shared/kubernetes/types.ts'

export const NAME = 'cloud-provider-phoenixnap'
export const ADDRESS = '203.0.113.3'
export const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/managed-by': NAME }
export const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' }

/** A cluster in which nothing of ours is, and what the test adds to it. */
export const toView = (parts: Partial<ClusterView> = {}): ClusterView => ({
  objects: [],
  foreign: [],
  services: [],
  nodes: [],
  pools: [],
  book: { claims: [], gates: [], unreadable: [], now: 0 },
  blocks: [],
  workloads: [],
  certificates: [],
  failures: [],
  ...parts,
})

/** The Service default/web. */
export const toService = (
  metadata: Partial<ObjectMeta> = {},
  spec: KubeService['spec'] = {},
  ip?: string,
): KubeService => ({
  metadata: { namespace: 'default', name: 'web', uid: 'u', resourceVersion: '1', ...metadata },
  spec: { type: 'LoadBalancer', ...spec },
  ...(ip === undefined ? {} : { status: { loadBalancer: { ingress: [{ ip }] } } }),
})

/** A claim of default/web. */
export const toClaim = (fields: Partial<Claim> = {}): Claim => ({
  address: ADDRESS,
  family: 'IPv4',
  service: { namespace: 'default', name: 'web' },
  state: 'active',
  since: 0,
  serviceUid: 'u',
  blockId: 'block',
  restMs: undefined,
  why: undefined,
  uid: 'claim',
  resourceVersion: '1',
  ...fields,
})

export const toGate = (address: string, blockId: string): Gate => ({
  address,
  blockId,
  state: 'open',
  since: 0,
  unusedSince: undefined,
  uid: `gate-of-${blockId}`,
  resourceVersion: '1',
})

export const toStored = (metadata: Partial<ObjectMeta> = {}, more: Partial<Stored> = {}): Stored => ({
  metadata: { name: NAME, ...metadata },
  ...more,
})
