import type { Status } from './contract.ts'
import { toCount } from './words.ts'

type Told = Omit<Status, 'verdict' | 'reasons'>

export interface Verdict {
  readonly verdict: Status['verdict']
  readonly reasons: readonly string[]
}

/** Failures by which a whole side is not known; those of single objects are called so by their name. */
const SIDES: readonly string[] = ['servers', 'services', 'blocks', 'BMC']

/** Whether somebody should look, and why: the most urgent first. */
export function judge(told: Told): Verdict {
  const unknown = toUnknown(told)
  const reasons = [...unknown, ...toUrgent(told), ...toWaiting(told)]
  if (unknown.length > 0) return { verdict: 'unknown', reasons }
  return { verdict: reasons.length > 0 ? 'attention' : 'well', reasons }
}

function toUnknown({ bmc, failures }: Told): readonly string[] {
  const { failure } = bmc
  const isTold = (code: string): boolean => code === failure?.code
  const sides = failures.filter(({ name, code }) => SIDES.includes(name) && !isTold(code))
  return [
    ...(failure ? [`BMC ${BMC_WORDS[bmc.state]}: ${failure.code}: ${failure.message}`] : []),
    ...sides.map(({ name, code, message }) => `${name} could not be read: ${code}: ${message}`),
  ]
}

const BMC_WORDS = {
  answers: 'answers',
  limited: 'asked to be left alone',
  unreachable: 'does not answer',
  failing: 'fails',
} as const satisfies Record<Told['bmc']['state'], string>

function toUrgent({ goProgram, pass, failures }: Told): readonly string[] {
  const single = failures.filter(({ name }) => !SIDES.includes(name)).length
  return [
    ...(goProgram.state === 'running' ? [goProgram.what] : []),
    ...(pass.isLate ? [toLate(pass)] : []),
    ...(single > 0 ? [`${toCount(single, 'object')} could not be worked on`] : []),
  ]
}

const toLate = ({ completedAt }: Told['pass']): string =>
  completedAt === undefined
    ? 'no pass was ever completed in this cluster'
    : 'the last complete pass is older than three intervals'

function toWaiting({ nodes, services, addresses, held }: Told): readonly string[] {
  const { waiting, missing } = nodes.counts
  const troubled = services.rows.filter(({ state, problems }) => state === 'served' && problems.length > 0)
  const doubted = addresses.blocks.filter(({ doubt, state }) => doubt !== undefined || state === 'failed')
  const rows: readonly (readonly [count: number, noun: string, one: string, many: string])[] = [
    [waiting, 'node', 'waits to be initialised', 'wait to be initialised'],
    [missing, 'node', 'has no server any more', 'have no server any more'],
    [services.counts.waiting, 'Service', 'waits for an address', 'wait for addresses'],
    [
      troubled.length,
      'Service',
      'asks for something that it cannot have',
      'ask for something that they cannot have',
    ],
    [doubted.length, 'block', 'is in trouble', 'are in trouble'],
    [held.length, 'decision', 'is held back', 'are held back'],
  ]
  return rows.flatMap(([count, noun, one, many]) =>
    count > 0 ? [`${toCount(count, noun)} ${count === 1 ? one : many}`] : [],
  )
}
