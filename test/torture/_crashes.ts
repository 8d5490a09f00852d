import type { Test } from 'tap'
import type { Scenario } from '../../torture/crashes/contract.ts'
import { type CrashOptions, runCrashes } from '../../torture/crashes/run.ts'
import { toFailureText } from '../../torture/crashes/table.ts'

/** Each scenario a test, with what was told of it in its name. */
export async function crash(
  t: Test,
  scenarios: readonly Scenario[],
  options: Omit<CrashOptions, 'scenarios'>,
): Promise<void> {
  for await (const row of runCrashes({ ...options, scenarios })) {
    const { scenario, mode, seed, points, told, pairs, failures } = row
    const what = `${scenario}, ${mode} at a time, seed ${seed}: ${told} of ${points} crash points, ${pairs} second kills`
    t.strictSame(failures.map(toFailureText), [], what)
    t.ok(told > 0, 'some were told')
  }
}
