import { stringify } from 'yaml'
import type { AuditTarget, ClusterBackend, ClusterSetup } from './cluster.ts'
import { startControlPlane } from './control-plane.ts'
import type { ApiServerOptions } from './control-plane-files.ts'
import { toKubeconfig } from './kubeconfigs.ts'

/** A real API server, which can also be stopped for a while; its data stay. */
export interface ApiServerBackend extends ClusterBackend {
  stop(): Promise<void>
  start(): Promise<void>
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

export async function startApiServerBackend(assets: string, setup: ClusterSetup): Promise<ApiServerBackend> {
  const plane = await startControlPlane(assets, toOptions(setup))
  return {
    kind: 'apiserver',
    url: plane.url,
    tokenFor: user => plane.tokenFor(user),
    kubeconfig: user => plane.kubeconfig(user),
    reconfigure: async changed => {
      await plane.stopApiServer()
      await plane.startApiServer(toOptions(changed))
    },
    stop: () => plane.stopApiServer(),
    start: () => plane.startApiServer(),
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
