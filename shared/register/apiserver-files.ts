import { dirname, join, resolve } from 'node:path'
import { isNativeError } from 'node:util/types'
import { CcmError } from '../errors.ts'
import {
  type AdmissionConfiguration,
  findPlugin,
  toAdmissionConfiguration,
  toHostPort,
  toWebhookUsers,
  type WebhookAdmission,
  type WebhookUsers,
} from './admission-configuration.ts'
import { type AuditPolicy, mergePolicy } from './audit-policy.ts'
import { toDifference } from './difference.ts'
import { readIfThere } from './files.ts'
import { readAuditPolicy } from './manifests.ts'
import type { RegisterOptions, WebhookOptions } from './options.ts'

/** Files that an API server is told of by flags, the flags, and how merged files differ from those in use. */
export interface ApiServerFiles {
  /** Text by absolute path. */
  readonly files: ReadonlyMap<string, string>
  readonly flags: readonly string[]
  readonly differences: readonly { readonly title: string; readonly lines: readonly string[] }[]
}

/** Names within the folder of `--apiserver-dir`. */
const FILES = {
  policy: 'audit-policy.yaml',
  audit: 'audit-webhook.yaml',
  admission: 'admission-control.yaml',
  users: 'admission-webhook.yaml',
  token: 'webhook-token',
} as const

/**
 * What `--apiserver-dir` writes; nothing is written here.
 *
 * @throws CcmError CCM_CONFIG_INVALID when a file in use cannot be merged, naming every reason at once
 */
export async function planApiServerFiles(
  folder: string,
  options: RegisterOptions,
  webhook: WebhookOptions,
  token: string,
): Promise<ApiServerFiles> {
  const { stringify } = await import('yaml')
  const at = (name: keyof typeof FILES): string => join(folder, FILES[name])
  const problems: string[] = []
  const policy = await planPolicy(options, problems)
  const admission = await planAdmission(options, problems)
  if (problems.length > 0) {
    throw new CcmError('CCM_CONFIG_INVALID', problems.join('; '), { fields: { problems } })
  }
  const toYaml = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
  const configuration = toAdmissionConfiguration(at('users'), admission.inUse)
  const users = toWebhookUsers(toHostPort(webhook.url), at('token'), admission.users)
  const files = new Map([
    [at('policy'), toYaml(policy.merged)],
    [at('audit'), toYaml(toAuditKubeconfig(webhook, at('token')))],
    [at('admission'), toYaml(configuration)],
    [at('users'), toYaml(users)],
    [at('token'), `${token}\n`],
  ])
  const differences = [
    { title: options.mergePolicy, before: policy.inUse, after: policy.merged },
    { title: options.mergeAdmission, before: admission.inUse, after: configuration },
    { title: admission.usersFile, before: admission.users, after: users },
  ].flatMap(({ title, before, after }) =>
    title && before ? [{ title, lines: toDifference(toYaml(before), toYaml(after)) }] : [],
  )
  return { files, differences, flags: toFlags(at) }
}

const toFlags = (at: (name: keyof typeof FILES) => string): string[] => [
  `--audit-policy-file=${at('policy')}`,
  `--audit-webhook-config-file=${at('audit')}`,
  '--audit-webhook-batch-max-wait=1s',
  `--admission-control-config-file=${at('admission')}`,
]

function toAuditKubeconfig({ url, ca }: WebhookOptions, tokenFile: string): unknown {
  const trust = ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}
  const name = 'cloud-provider-phoenixnap'
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `${url}/audit`, ...trust } }],
    users: [{ name, user: { tokenFile } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
}

interface PolicyPlan {
  readonly merged: AuditPolicy
  readonly inUse?: AuditPolicy
}

async function planPolicy(
  { mergePolicy: path, user }: RegisterOptions,
  problems: string[],
): Promise<PolicyPlan> {
  const ours = await readAuditPolicy(user)
  if (path === undefined) return { merged: ours }
  const inUse = await readYaml<AuditPolicy>(path, 'Policy', problems)
  if (!inUse) return { merged: ours }
  if (!Array.isArray(inUse.rules)) {
    problems.push(`${path} has no rules`)
    return { merged: ours }
  }
  const merged = mergePolicy(ours, inUse)
  problems.push(
    ...merged.problems.map(problem => `${path} would send us more than the names of nodes: ${problem}`),
  )
  return { merged: merged.policy, inUse }
}

interface AdmissionPlan {
  readonly inUse?: AdmissionConfiguration | undefined
  readonly users?: WebhookUsers | undefined
  /** Where those users are read from. */
  readonly usersFile?: string | undefined
}

async function planAdmission(
  { mergeAdmission: path }: RegisterOptions,
  problems: string[],
): Promise<AdmissionPlan> {
  if (path === undefined) return {}
  const inUse = await readYaml<AdmissionConfiguration>(path, 'AdmissionConfiguration', problems)
  const plugin = findPlugin(inUse)
  const configuration =
    plugin?.configuration ??
    (plugin?.path === undefined
      ? undefined
      : await readYaml<WebhookAdmission>(
          resolve(dirname(path), plugin.path),
          'WebhookAdmissionConfiguration',
          problems,
        ))
  const usersFile = configuration?.kubeConfigFile
  if (usersFile === undefined) return { inUse }
  return { inUse, usersFile, users: await readYaml<WebhookUsers>(usersFile, 'Config', problems) }
}

async function readYaml<T>(path: string, kind: string, problems: string[]): Promise<T | undefined> {
  const { parse } = await import('yaml')
  const text = await readIfThere(path)
  if (text === undefined) {
    problems.push(`${path} is not there: it is needed here as the API server has it`)
    return undefined
  }
  try {
    const value: unknown = parse(text)
    const isKind = typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
    if (isKind) return value as T
    problems.push(`${path} is no ${kind}`)
  } catch (error) {
    problems.push(`${path} is no YAML (${isNativeError(error) ? error.name : 'not understood'})`)
  }
  return undefined
}
