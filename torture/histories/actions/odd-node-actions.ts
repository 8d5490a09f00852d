import { createFakeNode } from '../../../test/support/fake-kubelet.ts'
import type { Picks } from '../picks.ts'
import type { Machine, Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { hasServer, listNodes, NODES, report } from './nodes.ts'

const listNames = (stage: Stage): readonly string[] => listNodes(stage).map(({ metadata }) => metadata.name)

/** A machine with a server and a node. */
function pickNode(stage: Stage, picks: Picks): Machine | undefined {
  const names = listNames(stage)
  return picks.of(
    stage.machines.filter(({ hostname, serverId }) => hasServer(stage, serverId) && names.includes(hostname)),
  )
}

/** Servers and nodes of which something is missing that all others have. */
export const ODD_NODE_ACTIONS: readonly Action[] = [
  defineAction('a server loses its addresses', 4, (stage, picks) => {
    const machine = pickNode(stage, picks)
    if (!machine) return false
    const { backend } = stage.world.cloud
    const { serverId } = machine
    const { privateIpAddresses, publicIpAddresses = [] } = backend.server(serverId)
    const isForGood = picks.percent(60)
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
    const taken = listNames(stage)
    const machine = picks.of(stage.machines.filter(({ hostname }) => !taken.includes(hostname)))
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
  defineAction('a server is off for a while', 4, (stage, picks) => {
    const machine = pickNode(stage, picks)
    if (!machine) return false
    const { backend } = stage.world.cloud
    const { serverId, hostname } = machine
    backend.powerOff(serverId)
    stage.tell(`${hostname} is powered off for a while`)
    report(stage, hostname, false, false)
    stage.agenda.after(picks.one([70_000, 10_000, 150_000, 400_000]), () => {
      if (!hasServer(stage, serverId) || machine.serverId !== serverId) return
      backend.powerOn(serverId)
      stage.tell(`${hostname} is powered on again`)
      if (listNames(stage).includes(hostname)) report(stage, hostname, true, true)
    })
    return true
  }),
]
