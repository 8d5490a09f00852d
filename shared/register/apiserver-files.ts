import { join } from 'node:path'
import { CcmError } from '../errors.ts'
import { NAME } from '../kubernetes/names.ts'
import {
  findPlugin,
  toAdmissionConfiguration,
  toHostPort,
  toWebhookUsers,
} from './admission-configuration.ts'
import { type AuditPolicy, findPolicyProblems, mergePolicy } from './audit-policy.ts'
import { toDifference } from './difference.ts'
import { type ApiServerParts, FILES, type FileName, toFlagPairs } from './distributions/contract.ts'
import { DISTRIBUTIONS } from './distributions/distributions.ts'
import { readAdmission, readYaml } from './in-use.ts'
import { readAuditPolicy } from './manifests.ts'
import type { RegisterOptions, WebhookOptions } from './options.ts'

/** Files that an API server is told of by flags, what to do with them, and how merged files differ from those in use. */
export interface ApiServerFiles {
  /** Text by absolute path. */
  readonly files: ReadonlyMap<string, string>
  /** For an API server that is started by hand; empty where a distribution's own steps say it. */
  readonly flags: readonly string[]
  readonly steps: readonly string[]
  /** What will be sent to us because it was accepted. */
  readonly wider: readonly string[]
  readonly differences: readonly { readonly title: string; readonly lines: readonly string[] }[]
}

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
  const toYaml = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })
  const distribution = options.distribution && DISTRIBUTIONS[options.distribution]
  const path = options.apiserverPath ?? distribution?.path ?? folder
  const at = (name: FileName): string => join(path, FILES[name])
  const problems = findDistributionProblems(options, webhook)
  const policy = await planPolicy(options, problems)
  const admission = await readAdmission(options.mergeAdmission, problems)
  if (problems.length > 0) {
    throw new CcmError('CCM_CONFIG_INVALID', problems.join('; '), { fields: { problems } })
  }
  const configuration = toAdmissionConfiguration(at('users'), admission.inUse)
  const users = toWebhookUsers(toHostPort(webhook.url), at('token'), admission.users)
  // A distribution is told only of what is needed: another admission configuration may be in use.
  const hasAdmission = webhook.bearer || !distribution || options.mergeAdmission !== undefined
  const texts = new Map<FileName, string>([
    ['policy', toYaml(policy.merged)],
    ['audit', toYaml(toAuditKubeconfig(webhook, at('token')))],
    ['token', `${token}\n`],
  ])
  if (hasAdmission) texts.set('admission', toYaml(configuration)).set('users', toYaml(users))
  const differences = [
    { title: options.mergePolicy, before: policy.inUse, after: policy.merged },
    { title: options.mergeAdmission, before: admission.inUse, after: configuration },
    { title: admission.usersFile, before: admission.users, after: users },
  ].flatMap(({ title, before, after }) =>
    title && before ? [{ title, lines: toDifference(toYaml(before), toYaml(after)) }] : [],
  )
  const webhookAdmission = hasAdmission ? findPlugin(configuration)?.configuration : undefined
  const parts: ApiServerParts = { path, texts, policy: policy.merged, webhookAdmission }
  const rest = { differences, wider: policy.wider }
  if (!distribution) return { ...rest, files: toFiles(folder, texts), flags: toFlags(parts), steps: [] }
  const { files, steps, copiesFolder } = distribution.toFiles(parts)
  const own = join(folder, options.distribution ?? '')
  const written = files.map(({ name, content }) => [join(own, name), toYaml(content)] as const)
  return {
    ...rest,
    files: new Map([...(copiesFolder ? toFiles(join(own, NAME), texts) : []), ...written]),
    flags: [],
    steps: [`In ${own}:`, ...steps],
  }
}

const toFiles = (folder: string, texts: ReadonlyMap<FileName, string>): Map<string, string> =>
  new Map(Array.from(texts, ([name, text]) => [join(folder, FILES[name]), text] as const))

const toFlags = (parts: ApiServerParts): string[] =>
  toFlagPairs(parts).map(([name, value]) => `--${name}=${value}`)

/** What would take something out of use unseen. */
function findDistributionProblems(
  { distribution, mergeAdmission }: RegisterOptions,
  { bearer }: WebhookOptions,
): string[] {
  if (distribution === undefined) return []
  const { hasAdmissionConfiguration: inUse, mergesAdmissionItself: why } = DISTRIBUTIONS[distribution]
  if (why !== undefined && mergeAdmission !== undefined) return [`--merge-admission: ${why}`]
  if (inUse === undefined || mergeAdmission !== undefined || !bearer) return []
  return [
    `--bearer: ${distribution} has an admission configuration in use: give --merge-admission a copy of ${inUse}`,
  ]
}

function toAuditKubeconfig({ url, ca }: WebhookOptions, tokenFile: string): unknown {
  const trust = ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: NAME, cluster: { server: `${url}/audit`, ...trust } }],
    users: [{ name: NAME, user: { tokenFile } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
    'current-context': NAME,
  }
}

interface PolicyPlan {
  readonly merged: AuditPolicy
  readonly inUse?: AuditPolicy
  readonly wider: readonly string[]
}

async function planPolicy(
  { mergePolicy: path, user, acceptWiderAudit }: RegisterOptions,
  problems: string[],
): Promise<PolicyPlan> {
  const ours = { merged: await readAuditPolicy(user), wider: [] }
  if (path === undefined) return ours
  const inUse = await readYaml<AuditPolicy>(path, 'Policy', problems)
  if (!inUse) return ours
  const found = findPolicyProblems(inUse).map(problem => `${path} ${problem}`)
  problems.push(...found)
  if (found.length > 0) return ours
  const merged = mergePolicy(ours.merged, inUse, acceptWiderAudit)
  problems.push(
    ...merged.problems.map(problem => `${path} would send us more than the names of nodes: ${problem}`),
  )
  return { merged: merged.policy, inUse, wider: merged.wider }
}
