import type { CommandLine } from '../shared/command-line.ts'
import { createApp } from '../shared/compose.ts'
import { CLOUD_SETTINGS, readConfig } from '../shared/config.ts'
import { createLog } from '../shared/log.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import type { Status } from '../shared/status/contract.ts'
import { openTracing } from '../shared/telemetry/open.ts'
import {
  asksForLog,
  type CliIo,
  type Output,
  readOutput,
  refuseInterrupted,
  refuseProblems,
  toJson,
} from './command.ts'
import { logSecrets } from './live-settings.ts'
import { inLook, lookAtStatus } from './status-look.ts'
import { toStatusText } from './status-text.ts'
import { toOutLook } from './terminal/look.ts'

export interface StatusCommand {
  readonly output: Output
}

/** As long as one pass may take. */
const LOOK_MS = 300_000

/** The flags of `status`. @throws CcmError CCM_USAGE that names every problem */
export function toStatusCommand({ flags, problems }: CommandLine): StatusCommand {
  const found = [...problems]
  const output = readOutput({ flags }, found)
  refuseProblems(found)
  return { output }
}

/**
 * `status` with the real parts.
 *
 * @returns exit code 0: all is well; 1: it cannot be found out; 2: something waits or is held back
 * @throws CcmError CCM_CONFIG_INVALID, KUBE_*
 */
export async function runStatus({ output }: StatusCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const { clock } = io
  const sources = await readSources(inputs)
  const { config } = readConfig(sources, CLOUD_SETTINGS)
  const secrets = logSecrets(config)
  // What clients log on their way is told by what is shown, unless somebody asked how they come to it.
  const level = asksForLog(sources) ? config.logLevel : 'error'
  const log = await createLog({ level, secrets: () => secrets, write: io.err })
  const app = await createApp({ config, readSources: () => readSources(inputs), clock, log })
  const tracing = await openTracing({ env: sources.env ?? {}, log, clock })
  const call = { deadline: clock.now() + LOOK_MS, signal: io.stop }
  try {
    const status = await inLook(tracing, () => lookAtStatus(app, call))
    refuseInterrupted(io)
    io.out(output === 'json' ? toJson(status) : toStatusText(status, toOutLook(io)))
    return EXITS[status.verdict]
  } finally {
    app.close()
    await tracing?.close()
  }
}

const EXITS = { well: 0, unknown: 1, attention: 2 } as const satisfies Record<Status['verdict'], number>
