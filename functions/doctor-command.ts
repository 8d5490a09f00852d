import type { CommandLine } from '../shared/command-line.ts'
import { CHECKS } from '../shared/doctor/checks.ts'
import { createFacts } from '../shared/doctor/facts.ts'
import { hasFailed, toDoctorJson } from '../shared/doctor/report.ts'
import { runChecks } from '../shared/doctor/run.ts'
import { SERVICE_ACCOUNT_USER } from '../shared/kubernetes/names.ts'
import { duration } from '../shared/setting-parsers.ts'
import type { SourceInputs } from '../shared/sources.ts'
import { type CliIo, readOutput, readTimeout, refuseInterrupted, refuseProblems } from './command.ts'
import { openParts } from './doctor-parts.ts'
import { toDoctorText } from './terminal/doctor-text.ts'
import { toOutLook } from './terminal/look.ts'

export interface DoctorCommand {
  readonly output: 'text' | 'json'
  /** Whom the handlers act as. */
  readonly user: string
  /** For one check. */
  readonly timeoutMs: number
}

const TIMEOUT = '20s'
const parseTimeout = duration('1s', '10m')

/** The flags of `doctor`. @throws CcmError CCM_USAGE that names every problem */
export function toDoctorCommand({ flags, problems }: CommandLine): DoctorCommand {
  const { user = SERVICE_ACCOUNT_USER, timeout = TIMEOUT } = flags
  const found = [...problems]
  const output = readOutput({ flags }, found)
  const timeoutMs = readTimeout(timeout, parseTimeout, found)
  refuseProblems(found)
  return { output, user, timeoutMs }
}

/**
 * `doctor` with the real parts. Wrong settings are a finding, and no reason to end.
 *
 * @returns exit code 0: nothing fails; 1: something does, or what has to be known is not
 */
export async function runDoctor(command: DoctorCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, io.stop])
  const { parts, close } = await openParts(command, inputs, io, signal)
  try {
    const { timeoutMs, output } = command
    const results = await runChecks(CHECKS, createFacts(parts), {
      clock: io.clock,
      timeoutMs,
      signal: io.stop,
      tell: (running, done) =>
        io.progress?.say(`${done} of ${CHECKS.length} checks are done: waiting for ${running.join(', ')}`),
    })
    refuseInterrupted(io)
    io.out(output === 'json' ? toDoctorJson(results) : toDoctorText(results, toOutLook(io)))
    return hasFailed(results) ? 1 : 0
  } finally {
    ending.abort()
    close()
  }
}
