import { type Config, readConfig, type SettingName, type Sources, secretValues } from '../shared/config.ts'
import { type Log, secretForms } from '../shared/log.ts'
import { admissionPathSecret } from '../shared/webhook-secret.ts'

/** Settings, kept until they are read again, and the secrets among them as they are now. */
export interface LiveSettings {
  /** As they were read last. @throws CcmError CCM_CONFIG_INVALID, SECRET_* */
  config(required: readonly SettingName[]): Promise<Config>
  /** The environment as it was read last, for what is no setting of ours. @throws CcmError SECRET_* */
  env(): Promise<NonNullable<Sources['env']>>
  /**
   * Reads them again and takes the secrets into use.
   *
   * @param refused true when credentials have just been refused
   * @throws CcmError CCM_CONFIG_INVALID, SECRET_*; what was read before stays in use
   */
  read(refused?: boolean): Promise<Sources>
  /** Webhook tokens of now. */
  tokens(): readonly string[]
  /** What must not be in a log line: secrets of now and before. */
  secrets(): readonly string[]
}

/** @param readNow is not asked again once it answered, unless something was missing that AWS keeps */
export function createLiveSettings(readNow: (refused: boolean) => Promise<Sources>): LiveSettings {
  let kept: Promise<Sources> | undefined
  let tokens: readonly string[] = []
  let secrets: readonly string[] = []

  function take(config: Config): Config {
    tokens = webhookTokens(config)
    const now = logSecrets(config)
    if (now.some(secret => !secrets.includes(secret))) secrets = [...new Set([...secrets, ...now])]
    return config
  }

  async function first(): Promise<Sources> {
    kept ??= readNow(false)
    const sources = await kept.catch((error: unknown) => {
      kept = undefined
      throw error
    })
    if (sources.unavailable) kept = undefined
    return sources
  }

  return {
    config: async required => take(readConfig(await first(), required).config),
    env: async () => (await first()).env ?? {},
    async read(refused = false) {
      const sources = await readNow(refused)
      take(readConfig(sources).config)
      kept = Promise.resolve(sources)
      return sources
    },
    tokens: () => tokens,
    secrets: () => secrets,
  }
}

/** Every value that must not be in a log line: the secret settings, encoded or not, and what is derived from them. */
export const logSecrets = (config: Config): readonly string[] => [
  ...secretValues(config).flatMap(secretForms),
  ...webhookTokens(config).map(admissionPathSecret),
]

export const webhookTokens = (config: Config): readonly string[] =>
  [config.webhookToken, config.webhookTokenPrevious].filter(token => token !== undefined)

/** Tells each notice once as long as it lasts: that a secret cannot be read again, for example. */
export function createNoticeLog(log: Pick<Log, 'warn'>): (sources: Sources) => void {
  let told: readonly string[] = []
  return ({ notices = [] }) => {
    for (const notice of notices) {
      if (!told.includes(notice)) log.warn({ notice }, 'settings cannot be read again')
    }
    told = notices
  }
}
