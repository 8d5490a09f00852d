import { readFile as readFromDisk } from 'node:fs/promises'
import { SETTINGS, type SettingName, type Sources, toFileFlag } from './config.ts'

/** The one place where the process's environment and the files that settings name are read. */
export interface SourceInputs {
  /** By flag name without dashes: flags of settings, `<secret>-file` flags and `cloud-config`. */
  readonly flags?: Readonly<Record<string, string | undefined>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly readFile?: (path: string) => Promise<string>
  /** What was wrong with the command line. */
  readonly problems?: readonly string[]
}

/** Flag and variable that name the secret file, upstream's `cloud-sa.json`. */
export const SECRET_FILE_FLAG = 'cloud-config'
export const SECRET_FILE_ENV = 'PNAP_CLOUD_CONFIG'

/** The process's own environment and file system. */
export const processInputs = {
  env: process.env,
  readFile: (path: string): Promise<string> => readFromDisk(path, 'utf8'),
} as const satisfies SourceInputs

type ReadFile = (path: string) => Promise<string>

/**
 * Flags, environment and files as values for `readConfig`. Never throws: what cannot be read is a problem that
 * `readConfig` reports with all others. Problems name flags, variables and fields, never what they hold.
 */
export async function readSources(inputs: SourceInputs = {}): Promise<Sources> {
  const { flags = {}, env, readFile } = { ...processInputs, ...inputs }
  const problems = [...(inputs.problems ?? [])]
  const file = await readSecretFile(flags, env, readFile, problems)
  const secrets = await readSecrets(flags, env, readFile, problems)
  return { flags, env: { ...env, ...secrets }, file, problems }
}

async function readSecretFile(
  flags: NonNullable<SourceInputs['flags']>,
  env: NonNullable<SourceInputs['env']>,
  readFile: ReadFile,
  problems: string[],
): Promise<Readonly<Record<string, unknown>>> {
  const flag = flags[SECRET_FILE_FLAG]
  const path = flag ?? env[SECRET_FILE_ENV]
  if (!path) return {}
  const where = flag === undefined ? SECRET_FILE_ENV : `--${SECRET_FILE_FLAG}`
  const text = await readText(path, where, readFile, problems)
  return text === undefined ? {} : parseSecretFile(text, where, problems)
}

/**
 * Fields of a secret file in JSON, also with the trailing comma of upstream's template, or in YAML. All scalars are
 * kept as the texts they are written as: a client ID of digits is no number.
 */
async function parseSecretFile(
  text: string,
  where: string,
  problems: string[],
): Promise<Readonly<Record<string, unknown>>> {
  const { parseDocument } = await import('yaml')
  // The parser's messages show the line they stumbled over, which may be the one with the secret.
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, logLevel: 'silent' })
  const error = document.errors[0]
  if (error) {
    const line = text.slice(0, error.pos[0]).split('\n').length
    problems.push(`${where}: the file is neither JSON nor YAML (line ${line})`)
    return {}
  }
  const fields: unknown = document.toJS()
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    problems.push(`${where}: the file holds no fields such as clientID`)
    return {}
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 'null'))
}

/** Secrets given as files, by their variable: `--<flag>-file` over `<NAME>_FILE`; the variable itself lies between. */
async function readSecrets(
  flags: NonNullable<SourceInputs['flags']>,
  env: NonNullable<SourceInputs['env']>,
  readFile: ReadFile,
  problems: string[],
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const flag = toFileFlag(name)
    if (flag === undefined) continue
    const variable = SETTINGS[name].env
    const text = flags[flag]
      ? await readText(flags[flag], `--${flag}`, readFile, problems)
      : await readFromVariable(variable, env, readFile, problems)
    if (text !== undefined) found[variable] = text
  }
  return found
}

async function readFromVariable(
  variable: string,
  env: NonNullable<SourceInputs['env']>,
  readFile: ReadFile,
  problems: string[],
): Promise<string | undefined> {
  const path = env[`${variable}_FILE`]
  if (!path) return undefined
  if (env[variable]) {
    problems.push(`${variable} and ${variable}_FILE exclude each other`)
    return undefined
  }
  return readText(path, `${variable}_FILE`, readFile, problems)
}

/** The trimmed text of a file: editors and `kubectl create secret --from-file` leave a newline at its end. */
async function readText(
  path: string,
  where: string,
  readFile: ReadFile,
  problems: string[],
): Promise<string | undefined> {
  try {
    const text = (await readFile(path)).trim()
    if (text !== '') return text
    problems.push(`${where}: the file is empty`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'not readable'
    problems.push(`${where}: the file cannot be read (${code})`)
  }
  return undefined
}
