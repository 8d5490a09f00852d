import { createFakeNode } from '../../../test/support/fake-kubelet.ts'
import type { Picks } from '../picks.ts'
import type { Machine, Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { hasServer, isReady, join, listNodes, NODES, orderMachine, report } from './nodes.ts'
import { USER } from './services.ts'

const MOST_MACHINES = 6
const FOREIGN = 'foreign-node'

const pickMachine = (
  stage: Stage,
  picks: Picks,
  isWanted: (machine: Machine) => boolean,
): Machine | undefined => picks.of(stage.machines.filter(isWanted))

const hasNode = (stage: Stage, name: string): boolean =>
  listNodes(stage).some(({ metadata }) => metadata.name === name)

const runs = (stage: Stage, { serverId }: Machine): boolean =>
  stage.world.cloud.backend.servers().some(({ id, status }) => id === serverId && status === 'powered-on')

const machines: readonly Action[] = [
  defineAction('order a server', 2, stage => {
    if (stage.machines.length >= MOST_MACHINES) return false
    const { hostname, serverId } = orderMachine(stage, `node-${stage.machines.length}`)
    stage.tell(`server ${serverId} runs as ${hostname}`)
    return true
  }),
  defineAction('join', 6, (stage, picks) => {
    const machine = pickMachine(stage, picks, one => runs(stage, one) && !hasNode(stage, one.hostname))
    if (!machine) return false
    join(stage, machine, picks.percent(50))
    return true
  }),
  defineAction('restart a kubelet', 4, (stage, picks) => {
    const machine = pickMachine(stage, picks, one => runs(stage, one) && hasNode(stage, one.hostname))
    if (!machine) return false
    join(stage, machine, true)
    report(stage, machine.hostname, true, true)
    return true
  }),
  defineAction('remove a server', 3, (stage, picks) => {
    const machine = pickMachine(stage, picks, ({ serverId }) => hasServer(stage, serverId))
    if (!machine) return false
    stage.world.cloud.backend.removeServer(machine.serverId)
    stage.tell(`server ${machine.serverId} (${machine.hostname}) is gone`)
    if (picks.percent(80) && hasNode(stage, machine.hostname))
      stage.agenda.after(picks.one([0, 2000, 40_000]), () => report(stage, machine.hostname, false, false))
    return true
  }),
  defineAction('set a machine up anew', 3, (stage, picks) => {
    const machine = pickMachine(stage, picks, () => true)
    if (!machine) return false
    const { backend } = stage.world.cloud
    if (hasServer(stage, machine.serverId)) backend.removeServer(machine.serverId)
    machine.serverId = backend.addServer({ hostname: machine.hostname }).id
    machine.machineID = `machine-of-${machine.serverId}`
    stage.tell(`${machine.hostname} is set up anew as server ${machine.serverId}`)
    if (hasNode(stage, machine.hostname)) report(stage, machine.hostname, false, false)
    stage.agenda.after(picks.one([0, 5000, 70_000]), () => join(stage, machine, true))
    return true
  }),
  defineAction('power off', 2, (stage, picks) => {
    const machine = pickMachine(stage, picks, one => runs(stage, one))
    if (!machine) return false
    stage.world.cloud.backend.powerOff(machine.serverId)
    stage.tell(`${machine.hostname} is powered off`)
    if (hasNode(stage, machine.hostname)) report(stage, machine.hostname, false, false)
    return true
  }),
  defineAction('power on', 8, (stage, picks) => {
    const machine = pickMachine(stage, picks, one => hasServer(stage, one.serverId) && !runs(stage, one))
    if (!machine) return false
    stage.world.cloud.backend.powerOn(machine.serverId)
    stage.tell(`${machine.hostname} is powered on`)
    if (hasNode(stage, machine.hostname)) report(stage, machine.hostname, true, true)
    return true
  }),
  defineAction('rename a server', 2, (stage, picks) => {
    const machine = pickMachine(stage, picks, ({ serverId }) => hasServer(stage, serverId))
    if (!machine) return false
    const hostname = picks.one(['renamed', machine.hostname.toUpperCase(), 'node-0', ''])
    stage.world.cloud.backend.updateServer(machine.serverId, { hostname })
    stage.tell(`server ${machine.serverId} of ${machine.hostname} is called "${hostname}"`)
    stage.repairs.push(() => {
      if (hasServer(stage, machine.serverId))
        stage.world.cloud.backend.updateServer(machine.serverId, { hostname: machine.hostname })
    })
    return true
  }),
  defineAction('call two servers alike', 2, (stage, picks) => {
    const machine = pickMachine(stage, picks, () => true)
    if (!machine) return false
    const { id } = stage.world.cloud.backend.addServer({ hostname: machine.hostname })
    stage.tell(`server ${id} is called ${machine.hostname} too`)
    stage.repairs.push(() => hasServer(stage, id) && stage.world.cloud.backend.removeServer(id))
    return true
  }),
]

const nodes: readonly Action[] = [
  defineAction('heartbeat', 3, (stage, picks) => {
    const node = picks.of(listNodes(stage))
    if (!node) return false
    report(stage, node.metadata.name, isReady(node), true)
    return true
  }),
  defineAction('not Ready', 3, (stage, picks) => {
    const node = picks.of(listNodes(stage).filter(isReady))
    if (!node) return false
    report(stage, node.metadata.name, false, picks.percent(30))
    return true
  }),
  defineAction('Ready', 3, (stage, picks) => {
    const machine = pickMachine(stage, picks, one => runs(stage, one) && hasNode(stage, one.hostname))
    if (!machine) return false
    report(stage, machine.hostname, true, true)
    return true
  }),
  defineAction('a node is deleted', 3, (stage, picks) => {
    const node = picks.of(listNodes(stage))
    if (!node) return false
    const { name } = node.metadata
    stage.send(USER, { method: 'DELETE', path: `${NODES}/${name}` }, `delete node ${name}`)
    return true
  }),
  defineAction("another provider's node", 2, (stage, picks) => {
    if (hasNode(stage, FOREIGN)) {
      report(stage, FOREIGN, picks.percent(50), true)
      return true
    }
    const body = createFakeNode(FOREIGN, { ready: true, external: false, providerID: 'aws:///zone-a/i-1' })
    stage.send(`system:node:${FOREIGN}`, { method: 'POST', path: NODES, body }, `${FOREIGN} registers`)
    return true
  }),
  defineAction('change labels of a node', 3, (stage, picks) => {
    const node = picks.of(listNodes(stage))
    if (!node) return false
    const { name } = node.metadata
    const key = picks.one(['topology.kubernetes.io/region', 'node.kubernetes.io/instance-type', 'team'])
    const value = picks.one(['elsewhere', null])
    stage.send(
      USER,
      {
        method: 'PATCH',
        path: `${NODES}/${name}`,
        patch: 'merge',
        body: { metadata: { labels: { [key]: value } } },
      },
      `${name}: label ${key}=${value}`,
    )
    return true
  }),
]

export const NODE_ACTIONS: readonly Action[] = [...machines, ...nodes]
