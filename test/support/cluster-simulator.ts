import { parse } from 'yaml'
import type { AuditTarget, ClusterBackend, ClusterSetup } from './cluster.ts'
import { DEFAULT_AUDIT_POLICY } from './cluster-apiserver.ts'

/** The part of the simulator's server that the harness uses. */
interface Simulator {
  readonly url: string
  tokenFor(user: string): string
  kubeconfig(user?: string): string
  setAudit(target: (Omit<AuditTarget, 'policy'> & { policy: unknown }) | undefined): void
  setWebhookToken(hostPort: string, token: string | undefined): void
  close(): Promise<void>
}

const SERVER = '../../shared/simulator/kubernetes/server.ts'

export async function startSimulatorBackend(setup: ClusterSetup): Promise<ClusterBackend> {
  const { startKubernetesSimulator } = (await import(SERVER)) as {
    startKubernetesSimulator: () => Promise<Simulator>
  }
  const simulator = await startKubernetesSimulator()
  let current: ClusterSetup = {}

  function apply(changed: ClusterSetup): void {
    simulator.setAudit(changed.audit && { ...changed.audit, policy: toPolicy(changed.audit) })
    for (const { hostPort } of current.webhookTokens ?? []) simulator.setWebhookToken(hostPort, undefined)
    for (const { hostPort, token } of changed.webhookTokens ?? []) simulator.setWebhookToken(hostPort, token)
    current = changed
  }

  apply(setup)
  return {
    kind: 'simulator',
    url: simulator.url,
    tokenFor: user => simulator.tokenFor(user),
    kubeconfig: user => simulator.kubeconfig(user),
    reconfigure: async changed => apply(changed),
    close: () => simulator.close(),
  }
}

function toPolicy({ policy = DEFAULT_AUDIT_POLICY }: AuditTarget): unknown {
  return typeof policy === 'string' ? parse(policy) : policy
}
