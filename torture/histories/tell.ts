import type { World } from '../world/contract.ts'
import { ACTIONS } from './actions/all.ts'
import { beginWeather } from './actions/fault-actions.ts'
import { orderMachine } from './actions/nodes.ts'
import { createActiveFaults } from './active-faults.ts'
import { CARRIED_OUT, type Coverage, count } from './coverage.ts'
import { fingerprint, openWorld } from './open-world.ts'
import { createPicks } from './picks.ts'
import { drawPlan, type Plan, type PlanSettings, type Step } from './plan.ts'
import {
  countWrites,
  endFaults,
  findLeft,
  removeAll,
  restLong,
  untilQuiet,
  type WriteCount,
} from './settle.ts'
import { createStage, type Stage } from './stage.ts'
import { createSupervisor } from './supervisor.ts'
import { watch } from './watch.ts'

/** How one history went. */
export interface Outcome {
  readonly seed: number
  /** Steps that were carried out; the others had nothing to do anything with. */
  readonly steps: number
  readonly skipped: number
  /** Each in words; empty where everything held. */
  readonly violations: readonly string[]
  readonly coverage: Coverage
  /** Calls that something struck. */
  readonly faults: number
  /** Of everybody, to everything. */
  readonly requests: number
  readonly virtualMs: number
  /** Over everything that happened, where it was asked for. */
  readonly fingerprint: string | undefined
}

export interface TellOptions {
  /** Instead of the plan that the seed stands for. */
  readonly plan?: Plan
  /** Hears the story, line by line. */
  readonly story?: (line: string) => void
  readonly fingerprint?: boolean
  /** Sees the world before its first step. */
  readonly onWorld?: (world: World) => void
}

const ACTION_BY_NAME = new Map(ACTIONS.map(action => [action.name, action]))
const MACHINES = 3
/** One history in so many ends with a long rest. */
const LONG_RESTS = 8

/** Tells the history of a seed: steps and faults, then the end of all faults, then rest. The same seed tells the same. */
export async function tellHistory(seed: number, options: TellOptions = {}): Promise<Outcome> {
  const plan = options.plan ?? drawPlan(ACTIONS, seed)
  const world = await openWorld(seed, plan.settings)
  options.onWorld?.(world)
  const digest = options.fingerprint ? fingerprint(world) : undefined
  const coverage: Coverage = {}
  const stage = openStage(world, plan.settings, coverage, options.story ?? (() => {}))
  const telling = await tell(stage, seed, plan, coverage)
  return {
    seed,
    ...telling,
    faults: stage.faults.hits,
    requests: telling.requests,
    fingerprint: digest?.(),
  }
}

type Telling = Pick<Outcome, 'steps' | 'skipped' | 'violations' | 'coverage' | 'requests' | 'virtualMs'>

async function tell(stage: Stage, seed: number, plan: Plan, coverage: Coverage): Promise<Telling> {
  const { world } = stage
  const start = world.clock.now()
  const writes = countWrites(stage)
  let requests = 0
  world.history.onEntry(({ kind }) => {
    if (kind === 'request') requests += 1
  })
  let steps = 0
  await world.run(() => begin(stage))
  for (const step of plan.steps) if (await world.run(() => take(stage, step, coverage))) steps += 1
  const problems = await end(stage, { plan, writes, isLong: seed % LONG_RESTS === 0 })
  for (const process of world.processes) process.kill()
  return {
    steps,
    skipped: plan.steps.length - steps,
    violations: [...stage.watch.found(), ...problems],
    coverage,
    requests,
    virtualMs: world.clock.now() - start,
  }
}

function openStage(
  world: World,
  settings: PlanSettings,
  coverage: Coverage,
  story: (line: string) => void,
): Stage {
  const supervisor = createSupervisor(world, settings.hosts, line => stage.tell(line))
  const faults = createActiveFaults((action, fault) => count(coverage, action, fault))
  const parts = { world, settings, supervisor, faults, watch: watch(world), story }
  const stage: Stage = createStage(parts)
  return stage
}

/** Machines are there, and a first pass has seen them before the weather sets in. */
async function begin(stage: Stage): Promise<void> {
  stage.tell(JSON.stringify(stage.settings))
  for (let index = 0; index < MACHINES; index++) orderMachine(stage, `node-${index}`)
  await stage.agenda.elapse(stage.settings.latencyMs * 100)
  beginWeather(stage)
}

async function take(
  stage: Stage,
  { action: name, picks, waitMs }: Step,
  coverage: Coverage,
): Promise<boolean> {
  const action = ACTION_BY_NAME.get(name)
  if (!action) throw new Error(`there is no action "${name}"`)
  stage.faults.look()
  const isDone = action.carryOut(stage, createPicks(picks))
  if (isDone) stage.faults.note(name)
  await elapse(stage, waitMs)
  stage.faults.look()
  if (isDone) count(coverage, name, CARRIED_OUT)
  return isDone
}

const LOOK_MS = 10_000

/** Who has died meanwhile is started again in between. */
async function elapse(stage: Stage, ms: number): Promise<void> {
  for (let left = ms; left >= 0; left -= LOOK_MS) {
    stage.supervisor.look()
    await stage.agenda.elapse(Math.min(left, LOOK_MS))
  }
}

interface Ending {
  readonly plan: Plan
  readonly writes: WriteCount
  readonly isLong: boolean
}

async function end(stage: Stage, { plan, writes, isLong }: Ending): Promise<string[]> {
  await stage.world.run(() => endFaults(stage))
  const come = (): Promise<boolean> => stage.world.run(() => untilQuiet(stage, writes))
  const problems = await rest(stage, writes, come)
  if (problems.length > 0) return problems
  const isRemoved = plan.end === 'removed'
  if (isRemoved) await stage.world.run(() => removeAll(stage))
  return [
    ...(isRemoved ? await rest(stage, writes, come) : []),
    ...(isLong ? await rest(stage, writes, () => restLong(stage, writes)) : []),
    ...(isRemoved ? findLeft(stage) : []),
  ]
}

/** @param come waits for it, and says whether it came */
async function rest(stage: Stage, writes: WriteCount, come: () => Promise<boolean>): Promise<string[]> {
  const isQuiet = await come()
  stage.tell(isQuiet ? 'it has come to rest' : 'it does not come to rest')
  return isQuiet ? [...stage.watch.atRest()] : [`no rest; writes: ${writes.last().join(', ')}`]
}
