import type { Violation } from '../invariants/contract.ts'
import { type Watch, watchWorld } from '../invariants/of-world.ts'
import type { InvariantId } from '../invariants/table.ts'
import type { Effect, Process, World } from '../world/contract.ts'
import { createWorld } from '../world/world.ts'
import type { Kill, Scenario, Telling } from './contract.ts'
import { type Crew, createCrew } from './stage.ts'

export interface Played {
  /** Side effects of each process, in the order of their numbers. */
  readonly effects: readonly (readonly Effect[])[]
  /** What is wrong at the end, or was wrong on the way. */
  readonly faults: readonly string[]
  /** Whether every kill that was meant for somebody has come. */
  readonly isStruck: boolean
}

/** What holds for a cluster that we leave, too. */
const ALWAYS: readonly InvariantId[] = ['3b', '5a', '5b', '5c', '5d', '6a', '7']

/** Tells a scenario once, from an empty world to one that is at rest, and looks at what became of it. */
export async function play(
  scenario: Scenario,
  { seed, mode, kills }: Omit<Telling, 'scenario'>,
): Promise<Played> {
  const world = await createWorld({ ...scenario.options, seed })
  const watch = watchWorld(world)
  scenario.leave?.(world)
  if (!scenario.isFirstLook) await prepare(world, scenario)
  const crew = createCrew(world, { mode, kills, name: 'handler' })
  const faults: string[] = []
  try {
    await scenario.tell(crew)
    faults.push(...scenario.verify(world))
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error))
  }
  const effects = crew.processes.map(process => [...process.effects])
  const isStruck = kills.every(kill => hasCome(crew.processes, kill))
  faults.push(...(await findViolations(scenario, crew, watch)).map(toText))
  await crew.stop()
  return { effects, faults: [...new Set(faults)], isStruck }
}

/** By a process of its own, which ends before anything can go wrong. */
async function prepare(world: World, scenario: Scenario): Promise<void> {
  const keeper = createCrew(world, { mode: 'one', kills: [], name: 'keeper' })
  await keeper.work()
  await scenario.prepare?.(keeper)
  await keeper.stop()
}

/** On the way, at rest, and when another pass has nothing to do. */
async function findViolations(
  { isWayOut }: Scenario,
  crew: Crew,
  { checker, violations }: Watch,
): Promise<readonly Violation[]> {
  if (isWayOut) return violations.filter(({ invariant }) => ALWAYS.includes(invariant))
  const atRest = checker.atRest()
  checker.rest()
  await crew.work()
  return [...violations, ...atRest]
}

const toText = ({ invariant, object, what }: Violation): string => `${invariant} ${object}: ${what}`

const hasCome = (processes: readonly Process[], { who, at }: Kill): boolean =>
  (processes[who]?.effects.length ?? 0) > at
