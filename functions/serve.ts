import { createApp } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, readConfig, type SettingName, type Sources } from '../shared/config.ts'
import { createLog, type Log } from '../shared/log.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import type { CliIo } from './command.ts'
import { logSecrets, webhookTokens } from './function-host.ts'
import { type Serving, type ServingParts, startServing } from './serving.ts'
import { readTlsFiles, type TlsPaths } from './tls.ts'

const REQUIRED = [...CLOUD_SETTINGS, 'tlsCert', 'tlsKey'] as const

/** `serve`: runs until it is told to end, and then ends in peace. @returns exit code 0 */
export async function runServe(inputs: SourceInputs, io: CliIo): Promise<number> {
  const serving = await startFromSettings(inputs, io)
  await new Promise<void>(resolve => {
    if (io.stop.aborted) resolve()
    io.stop.addEventListener('abort', () => resolve(), { once: true })
  })
  await serving.close()
  return 0
}

/**
 * Starts `serve` with everything that settings and files say.
 *
 * @throws CcmError CCM_CONFIG_INVALID, KUBE_CONFIG_INVALID
 */
export async function startFromSettings(inputs: SourceInputs, io: CliIo): Promise<Serving> {
  const { clock } = io
  const sources = await readSources(inputs)
  const { config, notices } = readConfig(sources, toRequired(sources))
  const paths = toTlsPaths(config)
  const files = await readTlsFiles(paths, io.readFile)
  const rotating = createRotating(inputs, config)
  const log = await openLog(config, rotating.secrets, io)
  for (const notice of notices) log.warn({ notice }, 'a setting has no effect')
  const app = await createApp({ config, readSources: rotating.read, clock, log })
  return startServing({
    app,
    log,
    clock,
    random: Math.random,
    tokens: rotating.tokens,
    refreshes: [async () => void (await rotating.read())],
    tls: { paths, files, readFile: io.readFile },
    ...toLimits(config),
  })
}

const toTlsPaths = ({ tlsCert = '', tlsKey = '', tlsClientCa }: Config): TlsPaths => ({
  cert: tlsCert,
  key: tlsKey,
  clientCa: tlsClientCa,
})

const toLimits = (
  config: Config,
): Pick<ServingParts, 'listen' | 'resyncIntervalMs' | 'maxBodyBytes' | 'shutdownGraceMs'> => ({
  listen: config.listen,
  resyncIntervalMs: config.resyncInterval,
  maxBodyBytes: config.maxBodyBytes,
  shutdownGraceMs: config.shutdownGrace,
})

/** A server that demands client certificates may do without a token. */
function toRequired({ flags, env }: Sources): readonly SettingName[] {
  const hasClientCa = flags?.['tls-client-ca'] || env?.['PNAP_TLS_CLIENT_CA']
  return hasClientCa ? REQUIRED : [...REQUIRED, 'webhookToken']
}

interface Rotating {
  /** Reads everything again. @throws CcmError CCM_CONFIG_INVALID, and what was read before stays in use */
  readonly read: () => Promise<Sources>
  readonly tokens: () => readonly string[]
  /** Secrets of now and before. */
  readonly secrets: () => readonly string[]
}

/** Secrets in files are replaced while the server runs. */
function createRotating(inputs: SourceInputs, first: Config): Rotating {
  const secrets = new Set(logSecrets(first))
  let tokens = webhookTokens(first)
  return {
    async read() {
      const sources = await readSources(inputs)
      const { config } = readConfig(sources, toRequired(sources))
      for (const secret of logSecrets(config)) secrets.add(secret)
      tokens = webhookTokens(config)
      return sources
    },
    tokens: () => tokens,
    secrets: () => [...secrets],
  }
}

const openLog = (config: Config, secrets: () => readonly string[], io: CliIo): Promise<Log> =>
  createLog({ level: config.logLevel, secrets, write: io.err })
