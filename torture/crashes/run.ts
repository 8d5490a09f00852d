import type { Fate } from '../world/contract.ts'
import { createRandom } from '../world/random.ts'
import { COMMAND_SCENARIOS } from './command-scenarios.ts'
import type { Kill, Mode, Scenario, Telling } from './contract.ts'
import { NODE_SCENARIOS } from './node-scenarios.ts'
import { type Played, play } from './play.ts'
import { SERVICE_SCENARIOS } from './service-scenarios.ts'

export const SCENARIOS: readonly Scenario[] = [...NODE_SCENARIOS, ...SERVICE_SCENARIOS, ...COMMAND_SCENARIOS]
export const FATES: readonly Fate[] = ['killed before', 'killed after', 'not answered']

export interface CrashOptions {
  /** All by default. */
  readonly scenarios?: readonly Scenario[]
  readonly mode: Mode
  /** Of latencies and names; with `two` the order in which they get to what they do hangs on it. */
  readonly seeds: readonly number[]
  /** One in so many crash points; all by default. */
  readonly share?: number
  /** After one in so many crash points, a second kill in the recovery; none by default. */
  readonly pairs?: number
}

/** A scenario under one mode and seed. */
export interface CrashRow {
  readonly scenario: string
  readonly mode: Mode
  readonly seed: number
  /** Side effects of the undisturbed telling, by process. */
  readonly effects: readonly number[]
  /** Effects times fates. */
  readonly points: number
  /** Crash points that were told, and those of them with a second kill. */
  readonly told: number
  readonly pairs: number
  /** Tellings whose kill never came: what is done hangs on what was asked before. */
  readonly missed: number
  readonly failures: readonly CrashFailure[]
}

export interface CrashFailure {
  readonly telling: Telling
  /** What it was about to do. */
  readonly effect: string
  readonly faults: readonly string[]
}

/** Tells each scenario undisturbed, and once for every effect and fate; a row as soon as it is there. */
export async function* runCrashes(options: CrashOptions): AsyncGenerator<CrashRow> {
  for (const scenario of options.scenarios ?? SCENARIOS)
    for (const seed of options.seeds) yield await runScenario(scenario, seed, options)
}

/** Tells what a failure tells how to repeat. @throws Error for a scenario that is not known */
export function repeat(telling: Telling): Promise<Played> {
  const scenario = SCENARIOS.find(({ name }) => name === telling.scenario)
  if (!scenario) throw new Error(`there is no scenario ${telling.scenario}`)
  return play(scenario, telling)
}

async function runScenario(
  scenario: Scenario,
  seed: number,
  { mode, share = 1, pairs = 0 }: CrashOptions,
): Promise<CrashRow> {
  const random = createRandom(seed)
  const failures: CrashFailure[] = []
  const counts = { told: 0, pairs: 0, missed: 0 }

  async function tell(kills: readonly Kill[]): Promise<Played> {
    const played = await play(scenario, { seed, mode, kills })
    if (!played.isStruck) counts.missed += 1
    if (played.faults.length > 0) failures.push(toFailure(scenario, { mode, seed, kills }, played))
    return played
  }

  const undisturbed = await tell([])
  failures.push(...missingEffects(scenario, { mode, seed, kills: [] }, undisturbed))
  const all = toKills(undisturbed)
  for (const [index, kill] of all.entries()) {
    if (index % share !== 0) continue
    counts.told += 1
    const played = await tell([kill])
    const second = pairs > 0 && index % pairs === 0 ? drawSecond(played, kill, random) : undefined
    if (!second) continue
    counts.pairs += 1
    await tell([kill, second])
  }
  const effects = undisturbed.effects.map(({ length }) => length)
  return { scenario: scenario.name, mode, seed, effects, points: all.length, ...counts, failures }
}

/** Fate by fate, so that a share of them holds some of each. */
const toKills = ({ effects }: Played): readonly Kill[] =>
  FATES.flatMap(fate =>
    effects.flatMap(({ length }, who) => Array.from({ length }, (_, at) => ({ who, at, fate }))),
  )

/** Any effect of those that came after the first kill, of whoever it was. */
function drawSecond(
  { effects }: Played,
  first: Kill,
  random: ReturnType<typeof createRandom>,
): Kill | undefined {
  const isOwn = first.fate === 'not answered'
  const after = effects.flatMap(({ length }, who) =>
    Array.from({ length }, (_, at) => ({ who, at })).filter(({ at }) =>
      who === first.who ? isOwn && at > first.at : true,
    ),
  )
  return after.length === 0 ? undefined : { ...random.pick(after), fate: random.pick(FATES) }
}

function missingEffects(
  { name, passes }: Scenario,
  telling: Omit<Telling, 'scenario'>,
  { effects }: Played,
): readonly CrashFailure[] {
  const names = effects.flat().map(effect => effect.name)
  return passes
    .filter(pattern => !names.some(text => pattern.test(text)))
    .map(pattern => ({
      telling: { scenario: name, ...telling },
      effect: '',
      faults: [`${pattern} is not among its effects`],
    }))
}

function toFailure(
  { name }: Scenario,
  telling: Omit<Telling, 'scenario'>,
  { effects, faults }: Played,
): CrashFailure {
  const [kill] = telling.kills.slice(-1)
  const effect = kill ? (effects[kill.who]?.[kill.at]?.name ?? '') : ''
  return { telling: { scenario: name, ...telling }, effect, faults }
}
