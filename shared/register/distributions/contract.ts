import type { WebhookAdmission } from '../admission-configuration.ts'
import type { AuditPolicy } from '../audit-policy.ts'

export const DISTRIBUTION_NAMES = ['kubeadm', 'k3s', 'rke2', 'talos'] as const
export type DistributionName = (typeof DISTRIBUTION_NAMES)[number]

/** Names of the files that an API server reads, within their folder. */
export const FILES = {
  policy: 'audit-policy.yaml',
  audit: 'audit-webhook.yaml',
  admission: 'admission-control.yaml',
  users: 'admission-webhook.yaml',
  token: 'webhook-token',
} as const
export type FileName = keyof typeof FILES

/** What a distribution is told of the API server's files. */
export interface ApiServerParts {
  /** Folder of the files on a control plane machine, absolute. */
  readonly path: string
  /** Texts of the files that the API server reads. */
  readonly texts: ReadonlyMap<FileName, string>
  readonly policy: AuditPolicy
  /** Our part of the admission configuration; undefined without --bearer. */
  readonly webhookAdmission: WebhookAdmission | undefined
}

/** What is written for a distribution, and what a person does with it. */
export interface DistributionFiles {
  /** Whether the API server's files stand beside, in a folder to be copied. */
  readonly copiesFolder: boolean
  /** Further files: a value is written as YAML. */
  readonly files: readonly { readonly name: string; readonly content: unknown }[]
  readonly steps: readonly string[]
}

/** One way to run an API server. Pure. */
export interface Distribution {
  /** Where its control plane machines keep our files. */
  readonly path: string
  /** Whether the admission configuration in use is never empty, and must be merged. */
  readonly hasAdmissionConfiguration?: string
  /** Why --merge-admission has nothing to merge here. */
  readonly mergesAdmissionItself?: string
  toFiles(parts: ApiServerParts): DistributionFiles
}

/** Flags by name, without dashes. */
export function toFlagPairs({ path, texts }: ApiServerParts): [name: string, value: string][] {
  return [
    ['audit-policy-file', `${path}/${FILES.policy}`],
    ['audit-webhook-config-file', `${path}/${FILES.audit}`],
    ['audit-webhook-batch-max-wait', '1s'],
    ...(texts.has('admission')
      ? [['admission-control-config-file', `${path}/${FILES.admission}`] satisfies [string, string]]
      : []),
  ]
}

/** Commands that put the folder where it is read; root alone reads it, for the token in it. */
export const toCopySteps = (folder: string, path: string): string[] => [
  `sudo install -d -m 0700 -o root -g root ${path}`,
  `sudo install -m 0600 -o root -g root ${folder}/* ${path}/`,
]
