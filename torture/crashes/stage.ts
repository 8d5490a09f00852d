import type { App } from '../../shared/compose.ts'
import type { ReconcileKey, ResyncReport } from '../../shared/controllers/contract.ts'
import type { Process, UserAnswer, UserRequest, World } from '../world/contract.ts'
import type { Kill, Mode, Stage } from './contract.ts'

/** What the cloud takes for a step, and longer than a Lease holds anybody up. */
const ROUND_MS = 61_000
const MAX_ROUNDS = 60
const QUIET_ROUNDS = 2
/** An operator who is told to run a command again does so. */
const MAX_RUNS = 10
const REFUSED = 400
/** The one write of a pass that has nothing to do. */
const LEASES = 'leases'

export interface Crew extends Stage {
  /** Everybody who was ever at work, in the order of their numbers. */
  readonly processes: readonly Process[]
}

export interface CrewOptions {
  readonly mode: Mode
  readonly kills: readonly Kill[]
  /** Of its processes, with their numbers. */
  readonly name: string
}

/** Processes that look after the world, each struck by the kills that are meant for it; a dead one is replaced. */
export function createCrew(world: World, { mode, kills, name }: CrewOptions): Crew {
  const size = mode === 'two' ? 2 : 1
  const processes: Process[] = []
  let present: Process[] = []
  const writes = countWrites(world)
  const look = (): string => `${writes()} ${JSON.stringify(world.cloud.backend.ipBlocks())}`

  function startNext(environment = {}): Process {
    const who = processes.length
    const own = kills.filter(kill => kill.who === who)
    const fate = ({ index }: { index: number }) => own.find(({ at }) => at === index)?.fate
    const process = world.start({ host: 'none', name: `${name}-${who}`, fate, environment })
    processes.push(process)
    return process
  }

  function alive(): readonly Process[] {
    present = present.filter(process => process.isAlive())
    while (present.length < size) present.push(startNext())
    return present
  }

  async function request(wanted: UserRequest, user = 'admin'): Promise<UserAnswer> {
    const crew = alive()
    const others = mode === 'two' ? crew : []
    const answer = await world.run(async () => {
      const [own] = await Promise.all([
        world.request(user, wanted),
        ...others.map(process => process.pass().catch(() => undefined)),
      ])
      return own
    })
    if (answer.status < REFUSED) return answer
    throw new Error(
      `${user} ${wanted.method} ${wanted.path}: ${answer.status} ${JSON.stringify(answer.body)}`,
    )
  }

  /** @returns whether there was nothing to do */
  async function workOnce(): Promise<boolean> {
    const crew = alive()
    const before = look()
    const rings = crew.map(({ rung }) => [...rung])
    const others = crew.map((_, index) => rings.filter((_, other) => other !== index).flat())
    const reports = await world.run(() =>
      Promise.all(crew.map((process, index) => workAndPass(process, others[index] ?? []))),
    )
    await world.advance(ROUND_MS)
    const isComplete = reports.some(report => report?.state === 'complete')
    const isOver = reports.every(report => report && report.changes.length === 0)
    const isQuiet = isComplete && isOver && alive().every(({ rung }) => rung.length === 0)
    return isQuiet && crew.every(process => process.isAlive()) && before === look()
  }

  /** Once may be for a Lease that somebody left behind. */
  async function work(): Promise<void> {
    for (let round = 0, quiet = 0; round < MAX_ROUNDS; round++) {
      quiet = (await workOnce()) ? quiet + 1 : 0
      if (quiet === QUIET_ROUNDS) return
    }
    throw new Error(`nothing settled within ${MAX_ROUNDS} rounds`)
  }

  async function command(run: (app: App) => Promise<boolean>): Promise<void> {
    await stop()
    for (let runs = 0; runs < MAX_RUNS; runs++) {
      const operator = startNext({ KUBE_TOKEN: world.cluster.tokenFor('admin') })
      const isDone = await operator.command(run)
      operator.kill()
      if (isDone) return
      await world.advance(ROUND_MS)
    }
    throw new Error(`a command did not come to its end within ${MAX_RUNS} runs`)
  }

  async function stop(): Promise<void> {
    for (const process of present) {
      if (process.isAlive()) await process.end()
      process.kill()
    }
    present = []
  }

  return { world, processes, request, work, stop, command, timePasses: ms => world.advance(ms) }
}

/** Works on what it heard of itself and on what the others did: both hear of the same changes. */
async function workAndPass(
  process: Process,
  keys: readonly ReconcileKey[],
): Promise<ResyncReport | undefined> {
  await Promise.all([process.work(), ...(keys.length > 0 ? [process.work(keys)] : [])])
  return process.pass().catch(() => undefined)
}

/** Counts what is stored beside Leases. */
function countWrites(world: World): () => number {
  let count = 0
  world.history.onEntry(entry => {
    if (entry.kind === 'stored' && entry.resource !== LEASES) count += 1
  })
  return () => count
}
