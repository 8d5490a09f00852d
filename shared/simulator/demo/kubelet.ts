import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { UNINITIALIZED_TAINT } from '../../kubernetes/names.ts'
import type { KubeNode, Taint } from '../../kubernetes/types.ts'

/** What the kubelet of a machine says of itself. */
export interface MachineIdentity {
  readonly name: string
  /** Survives a reboot. */
  readonly machineID: string
}

/** How a registration ended; `known` for a kubelet that was restarted. */
export type Registration = 'created' | 'known'

const NODES = '/api/v1/nodes'
const LIFECYCLE_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const AMOUNTS = { cpu: '12', memory: '64Gi', pods: '110' }

/**
 * Registers a machine as a kubelet with `--cloud-provider=external` does.
 *
 * @param kube a client of the user `system:node:<name>`
 */
export async function register(kube: Kube, machine: MachineIdentity): Promise<Registration> {
  try {
    await kube.request({ method: 'POST', path: NODES, body: toNode(machine) })
    return 'created'
  } catch (error) {
    if (hasCode(error, 'KUBE_ALREADY_EXISTS')) return 'known'
    throw error
  }
}

function toNode({ name, machineID }: MachineIdentity): object {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
  }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: { taints: [{ key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' }] },
    status: {
      capacity: AMOUNTS,
      allocatable: AMOUNTS,
      addresses: [{ type: 'Hostname', address: name }],
      conditions: [toCondition('False', 'KubeletNotReady')],
      nodeInfo: {
        machineID,
        systemUUID: machineID,
        bootID: '',
        architecture: 'amd64',
        operatingSystem: 'linux',
        kernelVersion: '6.8.0-demo',
        osImage: 'Ubuntu 22.04 LTS',
        containerRuntimeVersion: 'containerd://2.1.0',
        kubeletVersion: 'v1.36.1',
        kubeProxyVersion: '',
      },
    },
  }
}

const toCondition = (status: string, reason: string): object => ({ type: 'Ready', status, reason })

/** The kubelet's own report that it is Ready. */
export async function reportReady(kube: Kube, name: string): Promise<void> {
  await patchReady(kube, name, toCondition('True', 'KubeletReady'))
}

/**
 * What the node lifecycle controller of every cluster does, without its 40 s of patience: a node whose kubelet is
 * silent becomes Unknown and is tainted, one that is Ready again loses those taints.
 *
 * @param kube a client that may change any node
 */
export async function followReadiness(kube: Kube, name: string, isAlive: boolean): Promise<void> {
  if (!isAlive) await patchReady(kube, name, toCondition('Unknown', 'NodeStatusUnknown'))
  for (;;) {
    const { metadata, spec } = (await kube.request<KubeNode>({ path: `${NODES}/${name}` })).body
    const others = (spec?.taints ?? []).filter(({ key }) => !LIFECYCLE_TAINTS.includes(key))
    const added: Taint[] = isAlive ? [] : [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }]
    const body = {
      metadata: { resourceVersion: metadata.resourceVersion },
      spec: { taints: [...others, ...added] },
    }
    try {
      await kube.request({ method: 'PATCH', path: `${NODES}/${name}`, patch: 'merge', body })
      return
    } catch (error) {
      // The controller wrote at the same moment.
      if (!hasCode(error, 'KUBE_CONFLICT')) throw error
    }
  }
}

async function patchReady(kube: Kube, name: string, condition: object): Promise<void> {
  const body = { status: { conditions: [condition] } }
  await kube.request({ method: 'PATCH', path: `${NODES}/${name}/status`, patch: 'strategic', body })
}
