import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Tracing } from '../span.ts'
import { readTelemetry } from './settings.ts'

export interface TelemetryOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly clock: Clock
  /** Whether the process may be frozen when it has answered: then nothing of it may be under way, and no socket open. */
  readonly mayFreeze?: boolean
}

/**
 * Where spans go, as the environment says; undefined where it says nothing, and then nothing of OpenTelemetry is loaded.
 * Settings that cannot be followed cost the spans and a warning, not the work: they are often given to whole clusters.
 */
export async function openTracing(options: TelemetryOptions): Promise<Tracing | undefined> {
  const { env, log } = options
  const reading = readTelemetry(env)
  if (reading.state === 'off') return undefined
  if (reading.state === 'unusable') {
    const { code, message, action } = new CcmError('TELEMETRY_UNUSABLE', reading.problems.join('; '))
    log.warn({ code, problems: message, action }, 'no spans are exported')
    return undefined
  }
  const { createTracing } = await import('./otlp.ts')
  return createTracing({ ...options, ...reading.settings })
}
