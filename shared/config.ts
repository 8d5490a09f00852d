import { CcmError } from './errors.ts'
import { HOST_SETTINGS } from './host-settings.ts'
import { type LogLevel, toLogLevel } from './log.ts'
import { PROVIDER_SETTINGS, type Setting } from './settings.ts'

/** Every setting by its name in code. */
export const SETTINGS = { ...PROVIDER_SETTINGS, ...HOST_SETTINGS } as const
export type SettingName = keyof typeof SETTINGS

/** The whole configuration; a setting that nobody gave and that has no default is undefined. */
export type Config = {
  readonly [Name in Exclude<SettingName, 'tokenUrl'>]: (typeof SETTINGS)[Name]['fallback'] extends string
    ? ReturnType<(typeof SETTINGS)[Name]['parse']>
    : ReturnType<(typeof SETTINGS)[Name]['parse']> | undefined
} & {
  /** Its default follows from the base URL. */
  readonly tokenUrl: string
}

/** Settings without which nothing can be asked of BMC. */
export const CLOUD_SETTINGS = ['clientID', 'clientSecret'] as const satisfies readonly SettingName[]

/** Where settings are looked for, as values: nothing is read from outside here. */
export interface Sources {
  /** By flag name without dashes, as `resync-interval`. */
  readonly flags?: Readonly<Record<string, string | undefined>>
  /** The environment; also texts of `<NAME>_FILE` files under `<NAME>`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The parsed secret file. */
  readonly file?: Readonly<Record<string, unknown>>
  /** What went wrong while the sources were read; told together with what is wrong in them. */
  readonly problems?: readonly string[]
  /** Why a secret that AWS keeps could not be had: nothing can be said of the settings that it would have held. */
  readonly unavailable?: CcmError | undefined
  /** What stops nothing and an operator should know all the same. */
  readonly notices?: readonly string[]
}

export interface ConfigResult {
  readonly config: Config
  /** What an operator should know and that stops nothing; no values. */
  readonly notices: readonly string[]
}

const OFFICIAL_BASE_URL = 'https://api.phoenixnap.com'
const OFFICIAL_AUTH_URL = 'https://auth.phoenixnap.com'
const TOKEN_PATH = '/auth/realms/BMC/protocol/openid-connect/token'

/** Flag of a setting: `PNAP_RESYNC_INTERVAL` is `--resync-interval`; undefined for secrets (they show in `ps`). */
export function toFlag(name: SettingName): string | undefined {
  const setting: Setting<unknown> = SETTINGS[name]
  return setting.secret ? undefined : toWords(setting.env)
}

/** Flag that names a file with the secret: `--webhook-token-file`. */
export function toFileFlag(name: SettingName): string | undefined {
  const setting: Setting<unknown> = SETTINGS[name]
  return setting.secret ? `${toWords(setting.env)}-file` : undefined
}

/** Values of the secret settings, for redaction. */
export const secretValues = (config: Config): readonly string[] =>
  (Object.keys(SETTINGS) as SettingName[])
    .filter(name => (SETTINGS[name] as Setting<unknown>).secret)
    .flatMap(name => (typeof config[name] === 'string' ? [config[name]] : []))

const toWords = (env: string): string =>
  env
    .replace(/^PNAP_/, '')
    .toLowerCase()
    .replaceAll('_', '-')

/**
 * The configuration from its sources.
 *
 * @param required settings that this command cannot do without
 * @throws CcmError CCM_CONFIG_INVALID whose message names every problem at once and no value; SECRET_* when a secret
 *   could not be had
 */
export function readConfig(sources: Sources, required: readonly SettingName[] = []): ConfigResult {
  const problems = [...(sources.problems ?? [])]
  const entries = (Object.keys(SETTINGS) as SettingName[]).map(name => {
    const before = problems.length
    const value = readSetting(name, sources, problems)
    const isAbsent = value === undefined && problems.length === before
    if (isAbsent && required.includes(name) && !sources.unavailable) problems.push(missing(name))
    return [name, value] as const
  })
  const config = Object.fromEntries(entries) as Config
  if (sources.unavailable) throw unavailable(sources.unavailable, problems)
  problems.push(...contradictions(config, required), ...logContradictions(config, sources))
  if (problems.length > 0) {
    throw new CcmError('CCM_CONFIG_INVALID', `settings: ${problems.join('; ')}`, { fields: { problems } })
  }
  return {
    config: {
      ...config,
      tokenUrl: config.tokenUrl ?? defaultTokenUrl(config.baseUrl),
      logLevel: toLevel(config),
    },
    notices: notices(sources),
  }
}

/** The same error with what else is wrong: it is mended in one go. */
function unavailable(error: CcmError, problems: readonly string[]): CcmError {
  const message = `settings: ${[error.message, ...problems].join('; ')}`
  return new CcmError(error.code, message, { fields: { ...error.fields, problems }, cause: error })
}

function readSetting(name: SettingName, sources: Sources, problems: string[]): unknown {
  const setting: Setting<unknown> = SETTINGS[name]
  const given = find(name, setting, sources)
  if (given && given.text === undefined) {
    problems.push(`${given.where}: expected a text or a number`)
    return undefined
  }
  const text = given?.text ?? setting.fallback
  if (text === undefined) return undefined
  try {
    return setting.parse(text)
  } catch (error) {
    problems.push(
      `${given?.where ?? setting.env}: ${error instanceof Error ? error.message : 'not understood'}`,
    )
    return undefined
  }
}

interface Found {
  readonly text: string | undefined
  readonly where: string
}

function find(name: SettingName, setting: Setting<unknown>, sources: Sources): Found | undefined {
  const flag = toFlag(name)
  const fromFlag = flag === undefined ? undefined : sources.flags?.[flag]
  if (fromFlag !== undefined) return { text: fromFlag, where: `--${flag}` }
  const fromEnv = sources.env?.[setting.env]
  // An empty variable is how a manifest leaves an optional setting out.
  if (fromEnv !== undefined && fromEnv !== '') return { text: fromEnv.trim(), where: setting.env }
  const fromFile = setting.field === undefined ? undefined : sources.file?.[setting.field]
  if (fromFile === undefined || fromFile === null || fromFile === '') return undefined
  return { text: toText(fromFile), where: `${setting.field} in the secret file` }
}

/** Fields of a secret file are scalars; anything else is no text that a setting could hold. */
function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim()
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function missing(name: SettingName): string {
  const setting: Setting<unknown> = SETTINGS[name]
  const places = [
    setting.env,
    toFlag(name) && `--${toFlag(name)}`,
    toFileFlag(name) && `--${toFileFlag(name)}`,
    setting.field && `${setting.field} in the secret file`,
  ].filter(Boolean)
  return `${setting.env} is missing (give ${places.join(' or ')})`
}

function contradictions(config: Config, required: readonly SettingName[]): string[] {
  const together = [['tlsCert', 'tlsKey'], CLOUD_SETTINGS] as const
  const alone = together.flatMap(([one, other]) =>
    // Where both are required, the missing one has been named already.
    required.includes(one) || (config[one] === undefined) === (config[other] === undefined)
      ? []
      : [`${SETTINGS[one].env} and ${SETTINGS[other].env} must be given together`],
  )
  return [...alone, ...webhookContradictions(config), ...statusContradictions(config)]
}

function webhookContradictions(config: Config): string[] {
  const { webhookService, webhookUrl, servingSecret, tlsCert, tlsKey } = config
  const [service, address] = [SETTINGS.webhookService.env, SETTINGS.webhookUrl.env]
  if (webhookService && webhookUrl) return [`${service} and ${address} exclude each other`]
  if (!servingSecret || tlsCert || tlsKey || webhookService || webhookUrl) return []
  return [
    `${SETTINGS.servingSecret.env} needs ${service} or ${address} (the certificate is made for its name), or ${SETTINGS.tlsCert.env} and ${SETTINGS.tlsKey.env}`,
  ]
}

/** Its number wins over the default of the level; both may be given where they say the same. */
const toLevel = ({ v, logLevel }: Config): LogLevel => (v === undefined ? logLevel : toLogLevel(v))

function logContradictions(config: Config, sources: Sources): string[] {
  const [level, number] = [find('logLevel', SETTINGS.logLevel, sources), find('v', SETTINGS.v, sources)]
  if (!level || !number || config.v === undefined || config.logLevel === undefined) return []
  return toLevel(config) === config.logLevel
    ? []
    : [`${number.where} and ${level.where} ask for different levels: give one of them`]
}

/** Whoever may look must not be able to call the webhooks. */
const statusContradictions = ({ statusToken, webhookToken, webhookTokenPrevious }: Config): string[] =>
  statusToken !== undefined && [webhookToken, webhookTokenPrevious].includes(statusToken)
    ? [`${SETTINGS.statusToken.env} must be another one than ${SETTINGS.webhookToken.env}`]
    : []

const defaultTokenUrl = (baseUrl: string): string =>
  (baseUrl === OFFICIAL_BASE_URL ? OFFICIAL_AUTH_URL : baseUrl) + TOKEN_PATH

function notices(sources: Sources): string[] {
  const all: Setting<unknown>[] = Object.values(SETTINGS)
  const names = new Set(all.flatMap(({ env }) => [env, `${env}_FILE`]).concat('PNAP_CLOUD_CONFIG'))
  const fields = new Set(all.map(({ field }) => field))
  const unknownEnv = Object.keys(sources.env ?? {}).filter(
    name => name.startsWith('PNAP_') && !names.has(name),
  )
  const unknownFields = Object.keys(sources.file ?? {}).filter(field => !fields.has(field))
  const port = find('apiServerPort', SETTINGS.apiServerPort, sources)
  return [
    ...(sources.notices ?? []),
    ...unknownEnv.map(name => `${name} is no setting and has no effect`),
    ...unknownFields.map(field => `${field} in the secret file is no setting and has no effect`),
    ...(port ? [`${port.where} is accepted for compatibility and has no effect`] : []),
  ]
}
