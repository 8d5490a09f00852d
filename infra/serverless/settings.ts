import { CLOUD_SETTINGS, readConfig, SETTINGS } from '../../shared/config.ts'
import { CcmError } from '../../shared/errors.ts'
import { readTelemetry } from '../../shared/telemetry/settings.ts'

/** What may come from a secret, so that nothing can be said of a half that is not here. */
const IN_HALVES: readonly string[] = CLOUD_SETTINGS.map(name => SETTINGS[name].env)

/**
 * What the functions would say of their settings when they start, and nobody would hear.
 *
 * @param env variables that functions are given; secrets are not looked up
 */
export function findSettingProblems(env: Readonly<Record<string, string>>): readonly string[] {
  const doubled = Object.keys(env).filter(name => env[name] && env[`${name}_FILE`])
  return [
    ...doubled.map(name => `${name} and ${name}_FILE exclude each other`),
    ...readTelemetryProblems(env),
    ...readProblems(Object.fromEntries(Object.entries(env).filter(([name]) => !IN_HALVES.includes(name)))),
  ]
}

function readTelemetryProblems(env: Readonly<Record<string, string>>): readonly string[] {
  const reading = readTelemetry(env)
  return reading.state === 'unusable' ? reading.problems : []
}

function readProblems(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig({ env })
    return []
  } catch (error) {
    const problems = error instanceof CcmError ? error.fields['problems'] : undefined
    if (!Array.isArray(problems)) throw error
    return problems.map(String)
  }
}
