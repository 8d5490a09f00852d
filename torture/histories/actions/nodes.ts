import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { createFakeNode } from '../../../test/support/fake-kubelet.ts'
import type { Machine, Stage } from '../stage.ts'

export const NODES = '/api/v1/nodes'
const NODE_CONTROLLER = 'system:serviceaccount:kube-system:node-controller'

/** Orders a machine and waits until it runs. */
export function orderMachine(stage: Stage, hostname: string): Machine {
  const serverId = stage.world.cloud.backend.addServer({ hostname }).id
  const machine = { hostname, serverId, machineID: `machine-of-${serverId}` }
  stage.machines.push(machine)
  return machine
}

/** Its kubelet registers; where the node exists it is told so, and reports its status. */
export function join(stage: Stage, machine: Machine, ready: boolean): void {
  const { hostname, machineID } = machine
  const body = createFakeNode(hostname, { ready, machineID, systemUUID: machineID })
  stage.send(toUser(hostname), { method: 'POST', path: NODES, body }, `the kubelet of ${hostname} registers`)
}

/** As its kubelet says or, when that is silent, the node controller. */
export function report(stage: Stage, name: string, ready: boolean, byKubelet: boolean): void {
  const status = ready ? 'True' : byKubelet ? 'False' : 'Unknown'
  const conditions = [{ type: 'Ready', status, reason: ready ? 'KubeletReady' : 'NodeStatusUnknown' }]
  stage.send(
    byKubelet ? toUser(name) : NODE_CONTROLLER,
    {
      method: 'PATCH',
      path: `${NODES}/${name}/status`,
      patch: 'strategic',
      body: { status: { conditions } },
    },
    `${name} is ${ready ? 'Ready' : 'not Ready'}`,
  )
}

const toUser = (name: string): string => `system:node:${name}`

export const isReady = ({ status }: KubeNode): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false

export const listNodes = (stage: Stage): readonly KubeNode[] =>
  stage.world.cluster.store.list<KubeNode>('nodes')

export const hasServer = (stage: Stage, id: string): boolean =>
  stage.world.cloud.backend.servers().some(server => server.id === id)
