import { createFakeNode } from '../../../test/support/fake-kubelet.ts'
import { type Action, defineAction } from './action.ts'
import { hasServer, listNodes, NODES } from './nodes.ts'

/** Servers and nodes of which something is missing that all others have. */
export const ODD_NODE_ACTIONS: readonly Action[] = [
  defineAction('a server loses its addresses', 2, (stage, picks) => {
    const machine = picks.of(stage.machines.filter(({ serverId }) => hasServer(stage, serverId)))
    if (!machine) return false
    const { backend } = stage.world.cloud
    const { serverId } = machine
    const { privateIpAddresses, publicIpAddresses = [] } = backend.server(serverId)
    const isForGood = picks.percent(30)
    backend.updateServer(serverId, { privateIpAddresses: [], publicIpAddresses: [] })
    stage.tell(`server ${serverId} (${machine.hostname}) has no address${isForGood ? ' any more' : ''}`)
    if (isForGood) return true
    stage.repairs.push(() => {
      if (hasServer(stage, serverId))
        backend.updateServer(serverId, { privateIpAddresses, publicIpAddresses })
    })
    return true
  }),
  defineAction('a kubelet asks for no initialiser', 2, (stage, picks) => {
    const taken = new Set(listNodes(stage).map(({ metadata }) => metadata.name))
    const machine = picks.of(stage.machines.filter(({ hostname }) => !taken.has(hostname)))
    if (!machine) return false
    const { hostname, machineID } = machine
    const identity = { machineID, systemUUID: machineID }
    const body = createFakeNode(hostname, { ready: picks.percent(60), external: false, ...identity })
    stage.send(
      `system:node:${hostname}`,
      { method: 'POST', path: NODES, body },
      `the kubelet of ${hostname} registers without provider ID and taint`,
    )
    return true
  }),
]
