import type { Clock } from '../../clock.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Server } from '../bmc/types.ts'
import type { Cost, Meter } from './costs.ts'
import { followReadiness, type Registration, register, reportReady } from './kubelet.ts'

/** What a machine did by itself. `cost` is the controller's, from the registration until it was quiet again. */
export type MachineNews =
  | { readonly did: 'boot'; readonly name: string; readonly isHeld: boolean }
  | {
      readonly did: 'join'
      readonly name: string
      readonly registration: Registration
      readonly tookMs: number
      readonly cost: Cost
    }
  | { readonly did: 'stop'; readonly name: string; readonly status: string }

/** The machines behind the servers: a server that is powered on runs a kubelet, any other one is silent. */
export interface Machines {
  /** From now on the machine of this hostname does not start its kubelet until it is released. */
  hold(hostname: string): void
  release(hostname: string): void
  /** When the signal came and the last step is done. @throws whatever stopped the machines before */
  readonly ended: Promise<void>
}

export interface MachinesOptions {
  /** The servers as they are now. */
  readonly servers: () => readonly Server[]
  /** A client of any user. */
  readonly clientOf: (user: string) => Promise<Kube>
  readonly meter: Meter
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onNews: (news: MachineNews) => void
}

const POLL_MS = 100
/** A real kubelet is Ready some 0.3 s after its registration. */
const READY_AFTER_MS = 300

interface Machine {
  readonly name: string
  readonly serverId: string
  isRunning: boolean
}

interface Context extends MachinesOptions {
  readonly machines: Map<string, Machine>
  readonly held: Set<string>
}

/** Runs the machines, one step after the other, until the signal comes. */
export function startMachines(options: MachinesOptions): Machines {
  const { clock, signal } = options
  const context: Context = { ...options, machines: new Map(), held: new Set() }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await step(context)
      await clock.sleep(POLL_MS, signal).catch(() => {})
    }
  }

  return {
    hold: hostname => void context.held.add(hostname),
    release: hostname => void context.held.delete(hostname),
    ended: run(),
  }
}

async function step(context: Context): Promise<void> {
  const { machines, held, signal } = context
  const servers = context.servers()
  for (const { id, hostname, status } of servers) {
    if (status !== 'powered-on' || signal.aborted) continue
    const machine = machines.get(id) ?? boot(context, id, hostname)
    if (!machine.isRunning && !held.has(hostname)) await unlessGone(() => start(context, machine))
  }
  for (const machine of machines.values()) {
    const { status } = servers.find(({ id }) => id === machine.serverId) ?? { status: 'gone' }
    if (machine.isRunning && status !== 'powered-on') await unlessGone(() => stop(context, machine, status))
  }
}

/** Whoever looks around may delete a node at any time. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  }
}

function boot({ machines, held, onNews }: Context, serverId: string, hostname: string): Machine {
  const machine: Machine = { name: hostname.toLowerCase(), serverId, isRunning: false }
  machines.set(serverId, machine)
  onNews({ did: 'boot', name: machine.name, isHeld: held.has(hostname) })
  return machine
}

async function start({ clientOf, clock, meter, onNews }: Context, machine: Machine): Promise<void> {
  const { name, serverId } = machine
  machine.isRunning = true
  const kubelet = await clientOf(`system:node:${name}`)
  const [before, start] = [meter.total(), clock.now()]
  const registration = await register(kubelet, { name, machineID: serverId })
  const tookMs = clock.now() - start
  await meter.settle()
  onNews({ did: 'join', name, registration, tookMs, cost: meter.since(before) })
  await clock.sleep(READY_AFTER_MS)
  await reportReady(kubelet, name)
  await followReadiness(await clientOf('admin'), name, true)
}

async function stop({ clientOf, onNews }: Context, machine: Machine, status: string): Promise<void> {
  machine.isRunning = false
  onNews({ did: 'stop', name: machine.name, status })
  await followReadiness(await clientOf('admin'), machine.name, false)
}
