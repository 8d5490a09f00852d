import * as fc from 'fast-check'
import { ACTIONS } from './actions/all.ts'
import { drawPlan, type Plan, toPlans } from './plan.ts'
import { tellHistory } from './tell.ts'

/** A history that goes wrong, with as few steps as could be found. */
export interface Shrunk {
  readonly plan: Plan
  readonly violations: readonly string[]
}

/** `2b at 12.345 ip-blocks …` → `2b`: a smaller history has to go wrong in the same way. */
const toKind = (violation: string): string => violation.split(' ', 1)[0] ?? ''

/** Looks for the smallest history that goes wrong as that of the seed does. @returns undefined when that one does not */
export async function shrinkHistory(seed: number, limitMs: number): Promise<Shrunk | undefined> {
  const first = await tellHistory(seed)
  const kinds = new Set(first.violations.map(toKind))
  if (kinds.size === 0) return undefined
  let best: Shrunk = { plan: drawPlan(ACTIONS, seed), violations: first.violations }
  const goesRight = fc.asyncProperty(toPlans(ACTIONS), async plan => {
    const { violations } = await tellHistory(seed, { plan })
    const same = violations.filter(violation => kinds.has(toKind(violation)))
    if (same.length === 0) return true
    best = { plan, violations: same }
    return false
  })
  await fc.check(goesRight, { seed, numRuns: 1, interruptAfterTimeLimit: limitMs })
  return best
}
