import { parse } from 'yaml'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import {
  type KubernetesSimulator,
  startKubernetesSimulator,
} from '../../shared/simulator/kubernetes/server.ts'
import type { AuditTarget, ClusterBackend, ClusterNature, ClusterSetup } from './cluster.ts'
import { DEFAULT_AUDIT_POLICY } from './cluster-apiserver.ts'
import { toCustomResource } from './cluster-definitions.ts'

/** The simulator with its store, request log and faults. */
export interface SimulatorBackend extends ClusterBackend {
  readonly simulator: KubernetesSimulator
}

/** The real API server waits up to 1 s; nothing is gained by waiting as long. */
const AUDIT_MAX_WAIT_MS = 100

export async function startSimulatorBackend({
  dualStack = false,
  crds = [],
  plain = false,
  ...setup
}: ClusterSetup & ClusterNature): Promise<SimulatorBackend> {
  // kubectl sends no token over plain HTTP.
  const simulator = await startKubernetesSimulator({
    ...(plain ? {} : { tls: await createCertificates({ hosts: ['127.0.0.1'] }) }),
    dualStack,
    customResources: crds.map(toCustomResource),
  })
  let current: ClusterSetup = {}

  function apply(changed: ClusterSetup): void {
    simulator.setAudit(changed.audit && toSink(changed.audit))
    for (const { hostPort } of current.webhookTokens ?? []) simulator.setWebhookToken(hostPort, undefined)
    for (const { hostPort, token } of changed.webhookTokens ?? []) simulator.setWebhookToken(hostPort, token)
    current = changed
  }

  apply(setup)
  return {
    kind: 'simulator',
    url: simulator.url,
    simulator,
    tokenFor: user => simulator.tokenFor(user),
    kubeconfig: user => simulator.kubeconfig(user),
    reconfigure: async changed => apply(changed),
    close: () => simulator.close(),
  }
}

function toSink({
  policy = DEFAULT_AUDIT_POLICY,
  ...target
}: AuditTarget): Parameters<KubernetesSimulator['setAudit']>[0] {
  const parsed: unknown = typeof policy === 'string' ? parse(policy) : policy
  return { ...target, policy: parsed, maxWaitMs: AUDIT_MAX_WAIT_MS }
}
