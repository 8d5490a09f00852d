import { dirname, resolve } from 'node:path'
import { isNativeError } from 'node:util/types'
import {
  type AdmissionConfiguration,
  type AdmissionPlugin,
  findPlugin,
  isAdmissionConfiguration,
  isConfiguration,
  isWebhookUsers,
  WEBHOOK_PLUGIN,
  type WebhookAdmission,
  type WebhookUsers,
} from './admission-configuration.ts'
import { readIfThere } from './files.ts'

/** The admission configuration in use, with what it names. */
export interface AdmissionInUse {
  readonly inUse?: AdmissionConfiguration | undefined
  readonly users?: WebhookUsers | undefined
  /** Where those users are read from. */
  readonly usersFile?: string | undefined
}

export async function readAdmission(path: string | undefined, problems: string[]): Promise<AdmissionInUse> {
  if (path === undefined) return {}
  const inUse = await readWhole(path, problems)
  const usersFile = findPlugin(inUse)?.configuration?.kubeConfigFile
  if (usersFile === undefined) return { inUse }
  return {
    inUse,
    usersFile,
    users: await readYaml<WebhookUsers>(usersFile, 'Config', problems, isWebhookUsers),
  }
}

/** Files of plugins are taken in: their names are relative to a file that will not be read any more. */
async function readWhole(path: string, problems: string[]): Promise<AdmissionConfiguration | undefined> {
  const inUse = await readYaml<AdmissionConfiguration>(
    path,
    'AdmissionConfiguration',
    problems,
    isAdmissionConfiguration,
  )
  if (!inUse?.plugins) return inUse
  const plugins: AdmissionPlugin[] = []
  for (const { path: file, ...plugin } of inUse.plugins) {
    const isElsewhere = file !== undefined && plugin.configuration === undefined
    const kind = plugin.name === WEBHOOK_PLUGIN ? 'WebhookAdmissionConfiguration' : undefined
    const configuration = isElsewhere
      ? await readYaml<WebhookAdmission>(resolve(dirname(path), file), kind, problems, isConfiguration)
      : plugin.configuration
    plugins.push({ ...plugin, ...(configuration && { configuration }) })
  }
  return { ...inUse, plugins }
}

/** @param kind undefined takes any. @param isSound what is read of it is of the right types. @returns undefined, and a problem, for a file that is not there or no such object */
export async function readYaml<T>(
  path: string,
  kind: string | undefined,
  problems: string[],
  isSound: (value: Readonly<Record<string, unknown>>) => boolean = () => true,
): Promise<T | undefined> {
  const { parse } = await import('yaml')
  const text = await readIfThere(path)
  if (text === undefined) {
    problems.push(`${path} is not there: it is needed here as the API server has it`)
    return undefined
  }
  try {
    const value: unknown = parse(text, { logLevel: 'error', prettyErrors: false })
    const isObject = typeof value === 'object' && value !== null && 'kind' in value
    const isKind = isObject && (kind === undefined || value.kind === kind)
    if (isKind && isSound({ ...value })) return value as T
    problems.push(`${path} is no ${kind ?? 'configuration of a plugin'}`)
  } catch (error) {
    problems.push(`${path} is no YAML (${isNativeError(error) ? error.name : 'not understood'})`)
  }
  return undefined
}
