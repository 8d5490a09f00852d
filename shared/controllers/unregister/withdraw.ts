import { CcmError, hasCode } from '../../errors.ts'
import { mapLimit } from '../map-limit.ts'
import {
  type Change,
  type Failure,
  PHASES,
  type Phase,
  type Step,
  type WithdrawCall,
  type WithdrawParts,
  type WithdrawReport,
} from './contract.ts'
import { expectAnswer, isComplete, type Look, look, toError } from './look.ts'
import { toNotes } from './notes.ts'

/** What a host had sent before it lost its rights is stored within this time, or never; announcers act within it. */
const PAUSE_MS = 1_000
/** The first takes everything away; what comes back after that many is put back by somebody. */
const ROUNDS = 6
const PARALLEL = 8
/** While one of these is left, a host puts back whatever else is taken away. */
const FIRST: readonly Phase[] = ['webhooks', 'rights']
/** What follows needs their success: without claims and inventory nobody knows that Services live on a pool. */
const BARRIERS: readonly Phase[] = [...FIRST, 'pools']
/** Asking again changes nothing. */
const PERMANENT: readonly string[] = ['KUBE_FORBIDDEN', 'KUBE_INVALID']

/** Of a step that was tried in the last round. */
interface StepFailure extends Failure {
  readonly phase: Phase
}

/**
 * Takes everything of ours out of a cluster, until a look finds nothing, or what is left does not go. It may be broken off
 * between any two writes and run again: what is to be done is read from the cluster each time. Nothing is written after
 * a look that was not complete.
 *
 * @throws CcmError KUBE_* when the cluster does not answer at all
 */
export async function withdraw(parts: WithdrawParts, call: WithdrawCall): Promise<WithdrawReport> {
  const first = await look(parts, call)
  expectAnswer(first)
  if (!call.confirm || !isComplete(first))
    return toReport(first, first.plan.steps.map(toChange), first.view.failures)
  const changes: Change[] = []
  for (let round = 1, seen = first, failures: readonly StepFailure[] = []; ; round++) {
    const { steps } = seen.plan
    const isOver = steps.length === 0 || round > ROUNDS || call.signal?.aborted
    if (isOver || (round > 1 && isHopeless(failures, steps))) {
      const left = steps.map(step => toLeft(step, failures))
      return toReport(first, toUnique(changes), left)
    }
    failures = await carryOut(parts, steps, changes, call)
    await parts.clock.sleep(PAUSE_MS, call.signal).catch(() => undefined)
    seen = await look(parts, call)
    if (!isComplete(seen)) {
      const tried = failures.map(({ name, code, message }) => ({ name, code, message }))
      return toReport(first, toUnique(changes), [...seen.view.failures, ...tried])
    }
  }
}

/**
 * A look at whether nothing of ours is in the cluster, as `withdraw` left it.
 *
 * @throws CcmError CCM_HOST_AT_WORK when something is, KUBE_* when that cannot be seen
 */
export async function expectWithdrawn(parts: WithdrawParts, call: WithdrawCall): Promise<void> {
  const { plan, view } = await look(parts, call)
  const [unread] = view.failures
  if (unread) throw toError(unread)
  const found = plan.steps.map(toName)
  if (found.length === 0) return
  throw new CcmError('CCM_HOST_AT_WORK', `${found.slice(0, 5).join(', ')} came back into the cluster`)
}

/** Phase by phase; what fails stops nothing of its own phase, and the phases after it where they depend on it. */
async function carryOut(
  parts: WithdrawParts,
  steps: readonly Step[],
  changes: Change[],
  call: WithdrawCall,
): Promise<readonly StepFailure[]> {
  const failures: StepFailure[] = []
  for (const phase of PHASES) {
    const due = steps.filter(step => step.phase === phase)
    const results = await mapLimit(due, PARALLEL, step => tryStep(parts, step, call))
    changes.push(...due.filter((_, index) => results[index] === undefined).map(toChange))
    failures.push(...results.filter(result => result !== undefined))
    if (BARRIERS.includes(phase) && failures.some(failure => failure.phase === phase)) return failures
  }
  return failures
}

async function tryStep(
  { kube, tell }: WithdrawParts,
  step: Step,
  { signal }: WithdrawCall,
): Promise<StepFailure | undefined> {
  const { phase } = step
  const name = toName(step)
  try {
    signal?.throwIfAborted()
    await kube.request({ ...step.request, signal })
    tell(`${name}: ${step.action}, because ${step.why}`)
    return undefined
  } catch (error) {
    if (signal?.aborted)
      return { name, phase, code: 'CCM_DEADLINE', message: 'told to end before it was done' }
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    if (!hasCode(error)) throw error
    tell(`${name}: ${error.message}`)
    return { name, phase, code: error.code, message: error.message }
  }
}

/** Whatever is left was refused for good, or waits for what was. */
const isHopeless = (failures: readonly StepFailure[], steps: readonly Step[]): boolean =>
  failures.some(({ code }) => PERMANENT.includes(code)) &&
  steps.every(step => {
    const failure = failures.find(({ name }) => name === toName(step))
    return failure ? PERMANENT.includes(failure.code) : !FIRST.includes(step.phase)
  })

/** Why an object is still there after the last round. */
function toLeft(step: Step, failures: readonly StepFailure[]): Failure {
  const name = toName(step)
  const failure = failures.find(other => other.name === name)
  if (failure) return { name, code: failure.code, message: failure.message }
  const barrier = failures.find(
    ({ phase }) => BARRIERS.includes(phase) && PHASES.indexOf(phase) < PHASES.indexOf(step.phase),
  )
  if (barrier) return { name, code: 'CCM_DEADLINE', message: `not begun while ${barrier.name} is there` }
  return {
    name,
    code: 'CCM_HOST_AT_WORK',
    message: `it is there again after it was taken away (${step.why})`,
  }
}

const toName = ({ kind, name }: Step): string => `${kind} ${name}`

/** What took two rounds is told once. */
const toUnique = (changes: readonly Change[]): readonly Change[] => [
  ...new Map(changes.map(change => [JSON.stringify(change), change])).values(),
]

const toChange = ({ kind, name, action, detail, why }: Step): Change => ({ kind, name, action, detail, why })

const toReport = (
  { view, plan }: Look,
  changes: readonly Change[],
  failures: readonly Failure[],
): WithdrawReport => ({
  changes,
  failures,
  kept: plan.kept,
  blocks: view.blocks,
  notes: toNotes(view, plan),
})
