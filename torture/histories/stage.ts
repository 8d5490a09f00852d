import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import type { UserRequest, World } from '../world/contract.ts'
import type { ActiveFaults } from './active-faults.ts'
import { type Agenda, createAgenda } from './agenda.ts'
import type { PlanSettings } from './plan.ts'
import type { Supervisor } from './supervisor.ts'
import type { Watch } from './watch.ts'

/** What the actions of a history work on. */
export interface Stage {
  readonly world: World
  readonly settings: PlanSettings
  readonly agenda: Agenda
  readonly supervisor: Supervisor
  readonly faults: ActiveFaults
  readonly watch: Watch
  /** Machines that may be nodes, in the order in which they were ordered. */
  readonly machines: Machine[]
  /** Services as somebody saved them. */
  readonly backups: KubeService[]
  /** Undone when the faults end. */
  readonly repairs: (() => void)[]
  /** Writes a line of the story. */
  tell(line: string): void
  /** Sends a request and goes on; what is answered becomes a line of the story. */
  send(user: string, request: UserRequest, what: string): void
  /** Services that users made, by namespace and name. */
  services(): readonly KubeService[]
  nodes(): readonly KubeObject[]
  /** Blocks with this cluster's tag. */
  blocks(): readonly IpBlock[]
  /** Goes on beside everything else. */
  during(work: () => Promise<void>): void
  /** Whether a call comes from a controller. */
  isController(from: string): boolean
  /** Requests of controllers to a side so far. */
  requests(side: 'cluster' | 'cloud'): number
  /** Resolves when everything that was begun has ended. */
  answered(): Promise<void>
}

/** A machine as its kubelet would describe it. */
export interface Machine {
  readonly hostname: string
  /** Changes when it is set up anew. */
  machineID: string
  serverId: string
}

export interface StageParts {
  readonly world: World
  readonly settings: PlanSettings
  readonly supervisor: Supervisor
  readonly faults: ActiveFaults
  readonly watch: Watch
  readonly story: (line: string) => void
}

const MS_PER_SECOND = 1000
const PLACES = 10
const REFUSED = 400

export function createStage({ world, settings, supervisor, faults, story, watch }: StageParts): Stage {
  const start = world.clock.now()
  const open = new Set<Promise<void>>()
  const requests = { cluster: 0, cloud: 0 }
  const isController = (from: string): boolean => world.processes.some(({ name }) => name === from)
  world.history.onEntry(entry => {
    if (entry.kind !== 'request' || !isController(entry.by)) return
    if (entry.call.to === 'cluster' || entry.call.to === 'cloud') requests[entry.call.to] += 1
  })

  const tell = (line: string): void =>
    story(`${((world.clock.now() - start) / MS_PER_SECOND).toFixed(3).padStart(PLACES)}  ${line}`)

  function during(work: () => Promise<void>): void {
    const begun = work().finally(() => open.delete(begun))
    open.add(begun)
  }

  function send(user: string, request: UserRequest, what: string): void {
    tell(what)
    during(async () => {
      const { status, body } = await world.request(user, request)
      tell(`  ${status} ${what}${status < REFUSED ? '' : `: ${toMessage(body)}`}`)
    })
  }

  return {
    world,
    settings,
    agenda: createAgenda(world),
    supervisor,
    faults,
    watch,
    machines: [],
    backups: [],
    repairs: [],
    tell,
    send,
    services: () =>
      world.cluster.store
        .list<KubeService>('services')
        .filter(({ metadata }) => metadata.name !== 'kubernetes')
        .toSorted((one, other) => (toKey(one) < toKey(other) ? -1 : 1)),
    nodes: () => world.cluster.store.list('nodes'),
    blocks: () =>
      world.cloud.backend
        .ipBlocks()
        .filter(({ tags = [] }) =>
          tags.some(({ name, value }) => name === 'cluster' && value === world.clusterUid),
        ),
    during,
    isController,
    requests: side => requests[side],
    answered: async () => {
      while (open.size > 0) await Promise.all(open)
    },
  }
}

const MOST_CHARACTERS = 200

const toMessage = ({ message }: KubeObject): string =>
  typeof message === 'string' ? message.slice(0, MOST_CHARACTERS) : ''

export const toKey = ({ metadata: { namespace, name } }: KubeService): string => `${namespace}/${name}`
