import { systemClock } from './clock.ts'
import { SETTINGS, type SettingName, type Sources, toFileFlag } from './config.ts'
import { CcmError } from './errors.ts'
import { readTextFile } from './read-file.ts'
import { isArn, readSecretArn, SECRET_ARN_FORMS } from './secret-arn.ts'
import { createSecretCache, type ReadSecret } from './secret-cache.ts'

/** The one place where the process's environment, and the files and secrets that settings name, are read. */
export interface SourceInputs {
  /** By flag name without dashes: flags of settings, `<secret>-file` flags and `cloud-config`. */
  readonly flags?: Readonly<Record<string, string | undefined>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly readFile?: (path: string) => Promise<string>
  /** Secrets whose ARN stands in the place of a file. */
  readonly readSecret?: ReadSecret
  /** What was wrong with the command line. */
  readonly problems?: readonly string[]
}

/** Flag and variable that name the secret file, upstream's `cloud-sa.json`. */
export const SECRET_FILE_FLAG = 'cloud-config'
export const SECRET_FILE_ENV = 'PNAP_CLOUD_CONFIG'

/** The process's own environment, file system and secrets of AWS; these are kept for the whole process. */
export const processInputs = {
  env: process.env,
  readFile: (path: string): Promise<string> => readTextFile(path),
  readSecret: createSecretCache({
    clock: systemClock,
    async fetchSecret(arn) {
      const { fetchSecret } = await import('./secret-request.ts')
      return fetchSecret(arn, { env: process.env, now: Date.now })
    },
  }),
} as const satisfies SourceInputs

/** The effects, and what is found while they are used. */
interface Reading {
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => Promise<string>
  readonly readSecret: ReadSecret
  /** True when secrets of AWS are to be looked at anew. */
  readonly refused: boolean
  readonly problems: string[]
  readonly notices: string[]
  readonly failures: CcmError[]
}

/**
 * Flags, environment, files and secrets as values for `readConfig`. Never throws: what cannot be read is a problem that
 * `readConfig` reports with all others. Problems name flags, variables and fields, never what they hold.
 *
 * @param refused true when credentials have just been refused: secrets that AWS keeps are looked at anew
 */
export async function readSources(inputs: SourceInputs = {}, refused = false): Promise<Sources> {
  const { flags = {}, env, readFile, readSecret } = { ...processInputs, ...inputs }
  const problems = [...(inputs.problems ?? [])]
  const notices: string[] = []
  const failures: CcmError[] = []
  const reading: Reading = { flags, env, readFile, readSecret, refused, problems, notices, failures }
  // At once: each secret of AWS is a way there and back.
  const [file, secrets] = await Promise.all([readSecretFile(reading), readSecrets(reading)])
  return { flags, env: { ...env, ...secrets }, file, problems, notices, unavailable: toOne(failures) }
}

/** The first one with the messages of all. */
function toOne([first, ...others]: readonly CcmError[]): CcmError | undefined {
  if (!first || others.length === 0) return first
  const message = [first, ...others].map(error => error.message).join('; ')
  return new CcmError(first.code, message, { fields: first.fields, cause: first.cause })
}

async function readSecretFile(reading: Reading): Promise<Readonly<Record<string, unknown>>> {
  const flag = reading.flags[SECRET_FILE_FLAG]
  const path = flag ?? reading.env[SECRET_FILE_ENV]
  if (!path) return {}
  const where = flag === undefined ? SECRET_FILE_ENV : `--${SECRET_FILE_FLAG}`
  const text = await readText(path, where, reading)
  return text === undefined ? {} : parseSecretFile(text, where, reading.problems)
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
  const fields = parseJson(text) ?? (await parseYaml(text, where, problems))
  if (fields === undefined) return {}
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    problems.push(`${where}: the file holds no fields such as clientID`)
    return {}
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 'null'))
}

/** Spares a function that starts the other parser; undefined for what is not quite JSON, such as upstream's template. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'string' ? value : (context?.source ?? value),
    )
  } catch {
    return undefined
  }
}

/** All fields together have some 10 KiB; of what is nested without end the parser makes 1,000 times its length in memory. */
const MOST_YAML = 128 * 1024

async function parseYaml(text: string, where: string, problems: string[]): Promise<unknown> {
  if (text.length > MOST_YAML) {
    problems.push(`${where}: the file is neither JSON nor YAML of at most ${MOST_YAML / 1024} KiB`)
    return undefined
  }
  const { parseDocument } = await import('yaml')
  try {
    // The parser's messages show the line they stumbled over, which may be the one with the secret.
    const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, logLevel: 'silent' })
    const error = document.errors[0]
    if (!error) return document.toJS()
    const line = text.slice(0, error.pos[0]).split('\n').length
    problems.push(`${where}: the file is neither JSON nor YAML (line ${line})`)
  } catch {
    // Aliases of nothing, or of too much, and what is nested too deep are found only when the values are made.
    problems.push(`${where}: the file is neither JSON nor YAML that can be read`)
  }
  return undefined
}

/** Secrets given as files, by their variable: `--<flag>-file` over `<NAME>_FILE`; the variable itself lies between. */
async function readSecrets(reading: Reading): Promise<Record<string, string>> {
  const found = await Promise.all(
    (Object.keys(SETTINGS) as SettingName[]).map(async name => {
      const flag = toFileFlag(name)
      if (flag === undefined) return []
      const variable = SETTINGS[name].env
      const path = reading.flags[flag]
      const text = path
        ? await readText(path, `--${flag}`, reading)
        : await readFromVariable(variable, reading)
      return text === undefined ? [] : toSecrets(variable, text, reading)
    }),
  )
  return Object.fromEntries(found.flat())
}

/** The webhook token's may hold the one before on a second line: both are put in place in one step. */
function toSecrets(
  variable: string,
  text: string,
  { env, problems }: Reading,
): readonly (readonly [variable: string, text: string])[] {
  const [token = '', previous, ...more] = text.split(/\s*\n/)
  if (variable !== SETTINGS.webhookToken.env || previous === undefined) return [[variable, text]]
  if (more.length > 0)
    problems.push(`${variable}: expected a token, and at most the one before on a second line`)
  const before = SETTINGS.webhookTokenPrevious.env
  return env[before]
    ? [[variable, token]]
    : [
        [variable, token],
        [before, previous],
      ]
}

async function readFromVariable(variable: string, reading: Reading): Promise<string | undefined> {
  const path = reading.env[`${variable}_FILE`]
  if (!path) return undefined
  if (reading.env[variable]) {
    reading.problems.push(`${variable} and ${variable}_FILE exclude each other`)
    return undefined
  }
  return readText(path, `${variable}_FILE`, reading)
}

/** The trimmed text of a file or secret: editors and `kubectl create secret --from-file` leave a newline at its end. */
async function readText(path: string, where: string, reading: Reading): Promise<string | undefined> {
  const read = isArn(path)
    ? await readFromAws(path, where, reading)
    : await readFromFile(path, where, reading)
  const text = read?.trim()
  if (text !== '') return text
  reading.problems.push(`${where}: the ${isArn(path) ? 'secret' : 'file'} is empty`)
  return undefined
}

async function readFromFile(path: string, where: string, reading: Reading): Promise<string | undefined> {
  try {
    return await reading.readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'not readable'
    reading.problems.push(`${where}: the file cannot be read (${code})`)
    return undefined
  }
}

/** Webhook callers read messages too: they name neither the ARN nor what AWS said of it. */
async function readFromAws(place: string, where: string, reading: Reading): Promise<string | undefined> {
  const arn = readSecretArn(place)
  if (!arn) {
    reading.problems.push(`${where}: expected a file or ${SECRET_ARN_FORMS}`)
    return undefined
  }
  try {
    const { text, failure } = await reading.readSecret(arn, reading.refused)
    if (failure) reading.notices.push(`${where}: ${failure.message}; the last known secret stays in use`)
    return text
  } catch (cause) {
    const { code, message, fields } =
      cause instanceof CcmError ? cause : new CcmError('SECRET_UNREACHABLE', 'the secret cannot be read')
    reading.failures.push(new CcmError(code, `${where}: ${message}`, { fields, cause }))
    return undefined
  }
}
