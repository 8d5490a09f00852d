import { stringify } from 'yaml'
import type { AuditTarget, ClusterBackend, ClusterNature, ClusterSetup } from './cluster.ts'
import { serveCustomResources } from './cluster-definitions.ts'
import { type Etcd, startControlPlane } from './control-plane.ts'
import type { ApiServerOptions } from './control-plane-files.ts'
import { toKubeconfig } from './kubeconfigs.ts'
import { ADMIN } from './users.ts'

/** A real API server, which can also be stopped for a while; its data stay. */
export interface ApiServerBackend extends ClusterBackend {
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  start(): Promise<void>
  readonly etcd: Etcd
}

/** What the controller's own audit policy selects, without its rule for its own user. */
export const DEFAULT_AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'Metadata',
      verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
      resources: [{ group: '', resources: ['nodes', 'services'] }],
    },
  ],
} as const

/** Replaces the one range that every cluster has. */
const DUAL_STACK_FLAG = '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112'

export async function startApiServerBackend(
  assets: string,
  { dualStack, crds = [], flags: given = [], ...setup }: ClusterSetup & ClusterNature,
): Promise<ApiServerBackend> {
  const flags = [...(dualStack ? [DUAL_STACK_FLAG] : []), ...given]
  const plane = await startControlPlane(assets, { ...toOptions(setup), flags })
  try {
    await serveCustomResources(plane.kubeconfig(ADMIN), crds)
  } catch (error) {
    await plane.stop()
    throw error
  }
  return {
    kind: 'apiserver',
    url: plane.url,
    tokenFor: user => plane.tokenFor(user),
    kubeconfig: user => plane.kubeconfig(user),
    reconfigure: async changed => {
      await plane.stopApiServer()
      await plane.startApiServer({ ...toOptions(changed), flags })
    },
    stop: signal => plane.stopApiServer(signal),
    start: () => plane.startApiServer(),
    etcd: plane.etcd,
    close: () => plane.stop(),
  }
}

function toOptions({ audit, webhookTokens }: ClusterSetup): ApiServerOptions {
  return { webhookTokens, audit: audit && { policy: toPolicy(audit), kubeconfig: toAuditKubeconfig(audit) } }
}

function toPolicy({ policy = DEFAULT_AUDIT_POLICY }: AuditTarget): string {
  return typeof policy === 'string' ? policy : stringify(policy, { aliasDuplicateObjects: false })
}

const toAuditKubeconfig = ({ url, token, ca }: AuditTarget): string =>
  toKubeconfig({ server: url, ca, user: 'audit', token })
