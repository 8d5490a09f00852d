import { createFakeNode } from '../../test/support/fake-kubelet.ts'
import type { UserRequest } from '../world/contract.ts'
import type { Month } from './month.ts'

const MINUTE = 60_000

interface Machine {
  readonly name: string
  id: string
}

/** What becomes of servers and nodes. */
export interface Machines {
  readonly fill: (count: number) => Promise<void>
  readonly act: () => Promise<void>
}

export function createMachines(month: Month, wanted: number): Machines {
  const { world, kinds } = month
  const { random, cloud, cluster } = world
  /** Those that are up and whose node is there. */
  let machines: Machine[] = []
  let made = 0

  /** A server is ordered, and its node joins when it has booted. */
  async function join(bootMs: number): Promise<void> {
    const number = made++
    const name = `node-${number}`
    const [high, low] = [(number >> 8) & 255, number & 255]
    const { id } = cloud.backend.addServer({
      hostname: name,
      type: 's1.c1.small',
      location: 'PHX',
      privateIpAddresses: [`10.${number >> 16}.${high}.${low}`],
      publicIpAddresses: [`192.${number >> 16}.${high}.${low}`],
    })
    const enter = async (): Promise<void> => {
      const identity = { systemUUID: `system-${number}`, machineID: `machine-${number}` }
      const body = createFakeNode(name, { ...identity, ready: true })
      await asKubelet(name, { method: 'POST', path: '/api/v1/nodes', body })
      machines.push({ name, id })
    }
    if (bootMs === 0) await enter()
    else month.later(bootMs, enter)
  }

  const asKubelet = async (name: string, request: UserRequest): Promise<void> =>
    void (await world.request(`system:node:${name}`, request))

  /** Its kubelet, or the node controller when that is silent, says whether the node is Ready. */
  async function say(name: string, status: 'True' | 'False' | 'Unknown'): Promise<void> {
    if (!cluster.store.get('nodes', name)) return
    const path = `/api/v1/nodes/${name}/status`
    const body = { status: { conditions: [{ type: 'Ready', status, reason: 'Soak' }] } }
    const request = { method: 'PATCH', path, patch: 'strategic', body } as const
    await (status === 'Unknown' ? world.request('admin', request) : asKubelet(name, request))
  }

  async function downFor(machine: Machine, ms: number, back: () => void = () => undefined): Promise<void> {
    machines = machines.filter(other => other !== machine)
    await say(machine.name, 'Unknown')
    month.later(ms, async () => {
      back()
      machines.push(machine)
      await say(machine.name, 'True')
    })
  }

  const acts: Readonly<Record<string, (machine: Machine) => Promise<void>>> = {
    'node leaves': async machine => {
      machines = machines.filter(other => other !== machine)
      cloud.backend.removeServer(machine.id)
      await say(machine.name, 'Unknown')
    },
    'node reboots': machine => downFor(machine, random.between(2, 8) * MINUTE),
    'node is silent for a while': machine => downFor(machine, random.between(1, 90) * MINUTE),
    'server is powered off for a while': machine => {
      cloud.backend.powerOff(machine.id)
      return downFor(machine, random.between(20, 200) * MINUTE, () => void cloud.backend.powerOn(machine.id))
    },
  }
  const kindsOfActs = Object.keys(acts)

  return {
    async fill(count) {
      for (let index = 0; index < count; index++) await join(0)
    },
    async act() {
      const isMissing = cloud.backend.servers().length < wanted
      const kind = isMissing ? 'node joins' : random.pick(kindsOfActs)
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      if (isMissing) await join(random.between(1, 10) * MINUTE)
      else if (machines.length > 0) await acts[kind]?.(random.pick(machines))
    },
  }
}
