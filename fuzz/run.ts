import * as fc from 'fast-check'
import { type Failure, type Target, type TargetReport, Violation } from './contract.ts'

export interface RunOptions {
  readonly runs: number
  readonly seed: number
  /** Time on a processor that one input may cost; unlimited by default. */
  readonly limitCpuMs?: number
}

/** Smaller inputs that are tried after a failure. */
const MAX_SHRINKS = 500
/** As much of a counterexample as is shown. */
const MAX_SHOWN = 2000

/** A target of any input, ready to be run. */
export interface Runnable {
  readonly name: string
  readonly run: (options: RunOptions) => Promise<TargetReport>
}

export const define = <Input>(target: Target<Input>): Runnable => ({
  name: target.name,
  run: options => runTarget(target, options),
})

/** Tries a target with so many inputs; the first failure is shrunk and ends it. */
export async function runTarget<Input>(target: Target<Input>, options: RunOptions): Promise<TargetReport> {
  const outcomes = new Map<string, number>()
  let inputs = 0
  let shrinks = -1
  const property = fc.asyncProperty(target.inputs, async input => {
    if (shrinks >= 0 && ++shrinks > MAX_SHRINKS) return
    try {
      const before = process.cpuUsage()
      const outcome = await target.attempt(input)
      checkCost(process.cpuUsage(before), options)
      if (shrinks >= 0) return
      inputs += 1
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    } catch (error) {
      shrinks = Math.max(shrinks, 0)
      throw error
    }
  })
  const numRuns = Math.max(1, Math.ceil(options.runs * (target.share ?? 1)))
  const details = await fc.check(property, { numRuns, seed: options.seed, endOnFailure: false })
  return { name: target.name, inputs, outcomes, failure: details.failed ? toFailure(details) : undefined }
}

function checkCost({ user, system }: NodeJS.CpuUsage, { limitCpuMs }: RunOptions): void {
  const ms = (user + system) / 1000
  if (limitCpuMs !== undefined && ms > limitCpuMs)
    throw new Violation(`took ${Math.round(ms)} ms of a processor`)
}

function toFailure<Input>(details: fc.RunDetails<[Input]>): Failure {
  const { seed, counterexamplePath, counterexample, errorInstance } = details
  const error = errorInstance instanceof Error ? errorInstance : new Error(String(errorInstance))
  return {
    seed,
    path: counterexamplePath ?? '',
    why: `${error.name}: ${error.message}`.slice(0, MAX_SHOWN),
    counterexample: fc.stringify(counterexample).slice(0, MAX_SHOWN),
  }
}
