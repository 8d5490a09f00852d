import type { Kube } from '../../shared/kubernetes/client.ts'
import type { KubeNode, Taint } from '../../shared/kubernetes/types.ts'

/** How a kubelet of a test starts; every field is what the real one's flags and machine would give. */
export interface FakeKubeletOptions {
  /** `--node-labels`. */
  readonly labels?: Readonly<Record<string, string>>
  /** `--node-ip`: one address, or two with a comma between them. */
  readonly nodeIP?: string
  /** `--provider-id`. */
  readonly providerID?: string
  /** `--register-with-taints`; the uninitialized taint is added to them. */
  readonly taints?: readonly Taint[]
  /** False: started without `--cloud-provider=external`, hence without the uninitialized taint. */
  readonly external?: boolean
  readonly systemUUID?: string
  readonly machineID?: string
  readonly ready?: boolean
}

/** A Node as a kubelet makes it. */
export interface FakeNode extends KubeNode {
  readonly apiVersion: 'v1'
  readonly kind: 'Node'
}

const UNINITIALIZED = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
} as const
/** What kubelet 1.36.1 sends of itself when it registers. */
const AMOUNTS = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' }
const RESOURCES = { capacity: AMOUNTS, allocatable: AMOUNTS }
const NODE_INFO = {
  architecture: 'amd64',
  bootID: '',
  containerRuntimeVersion: 'containerd://2.0.0',
  kernelVersion: '6.8.0',
  kubeProxyVersion: '',
  kubeletVersion: 'v1.36.1',
  operatingSystem: 'linux',
  osImage: 'Ubuntu 24.04 LTS',
}

/** The Node with which a kubelet registers. */
export function createFakeNode(name: string, options: FakeKubeletOptions = {}): FakeNode {
  const { nodeIP, providerID, external = true, ready = false } = options
  const taints = [...(options.taints ?? []), ...(external ? [UNINITIALIZED] : [])]
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { ...toOwnLabels(name), ...options.labels },
      annotations: {
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
        ...(nodeIP === undefined ? {} : { 'alpha.kubernetes.io/provided-node-ip': nodeIP }),
      },
    },
    spec: { ...(providerID === undefined ? {} : { providerID }), ...(taints.length > 0 ? { taints } : {}) },
    status: {
      ...RESOURCES,
      // A real kubelet reports the provided address by itself, and only its name without one.
      addresses: [
        ...(nodeIP?.split(',') ?? []).map(address => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
      conditions: [toReadyCondition(ready)],
      nodeInfo: { ...NODE_INFO, systemUUID: options.systemUUID ?? '', machineID: options.machineID ?? '' },
    },
  }
}

/**
 * Registers a node as its kubelet does.
 *
 * @param kube a client of the user `system:node:<name>` (or of anyone who may create nodes)
 * @returns the Node as it was stored
 * @throws CcmError KUBE_ALREADY_EXISTS when it exists, as for a kubelet that was restarted
 */
export async function fakeKubelet(
  kube: Kube,
  name: string,
  options: FakeKubeletOptions = {},
): Promise<FakeNode> {
  const body = createFakeNode(name, options)
  return (await kube.request<FakeNode>({ method: 'POST', path: '/api/v1/nodes', body })).body
}

/** Says whether the node is Ready, as its kubelet's (or, when it is silent, the node controller's) status patch does. */
export async function setReady(kube: Kube, name: string, ready: boolean): Promise<FakeNode> {
  const body = { status: { conditions: [toReadyCondition(ready)] } }
  const path = `/api/v1/nodes/${name}/status`
  return (await kube.request<FakeNode>({ method: 'PATCH', path, patch: 'strategic', body })).body
}

const toOwnLabels = (name: string): Record<string, string> => ({
  'beta.kubernetes.io/arch': 'amd64',
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/hostname': name,
  'kubernetes.io/os': 'linux',
})

function toReadyCondition(ready: boolean): Record<'type' | 'status' | 'reason' | 'message', string> {
  return {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'KubeletReady' : 'KubeletNotReady',
    message: ready ? 'kubelet is posting ready status' : 'container runtime network not ready',
  }
}
