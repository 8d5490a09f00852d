import { runCli } from '../../functions/cli.ts'
import { type Clock, systemClock } from '../../shared/clock.ts'
import type { CheckResult } from '../../shared/doctor/contract.ts'
import type { Environment } from '../support/world.ts'

export interface Diagnosed {
  readonly code: number
  readonly out: string
  readonly err: string
  /** By code. */
  readonly checks: ReadonlyMap<string, CheckResult>
}

/** `doctor` as it is typed. */
export async function diagnose(
  environment: Environment,
  flags: readonly string[] = [],
  clock: Clock = systemClock,
): Promise<Diagnosed> {
  const { code, out, err } = await runCommand(['doctor', '--output', 'json', ...flags], environment, clock)
  const { checks = [] } = (out.startsWith('{') ? JSON.parse(out) : {}) as { checks?: CheckResult[] }
  return { code, out, err, checks: new Map(checks.map(check => [check.code, check])) }
}

/** Any command, with what it printed. */
export async function runCommand(
  argv: readonly string[],
  env: Environment,
  clock: Clock = systemClock,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const code = await runCli(argv, {
    out: text => void (out += text),
    err: text => void (err += text),
    env,
    readFile: async () => '',
    clock,
    stop: new AbortController().signal,
  })
  return { code, out, err }
}
