import { generateKeyPairSync } from 'node:crypto'
import { basename, join } from 'node:path'
import { stringify } from 'yaml'
import type { Certificates } from '../../shared/simulator/certificates.ts'
import { AUDIT_LOG_POLICY, AUDIT_LOGS } from './audit-log.ts'
import { toAdmissionFiles, toKubeconfig } from './kubeconfigs.ts'
import { ADMIN, CONTROLLER, type TokenAuthority, toGroups } from './users.ts'

/** Options of the API server that take a restart to change. */
export interface ApiServerOptions {
  /** Policy and webhook kubeconfig, both YAML; batches are sent after 1 s. */
  readonly audit?: { readonly policy: string; readonly kubeconfig: string } | undefined
  /** Bearer tokens that the API server sends to webhooks, by `host:port` (or `*`). */
  readonly webhookTokens?: readonly { readonly hostPort: string; readonly token: string }[] | undefined
  /** Further flags, as `register` prints them. */
  readonly flags?: readonly string[] | undefined
}

/** Keys, certificates and users, by file name. */
export function toBaseFiles(certificates: Certificates, tokens: TokenAuthority): Record<string, string> {
  // Elliptic, not RSA: made in no time.
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  })
  const known = [ADMIN, CONTROLLER].map(user => {
    const groups = toGroups(user).join(',')
    return `${tokens.tokenFor(user)},${user},${user},"${groups}"\n`
  })
  return {
    'sa.key': pair.privateKey,
    'sa.pub': pair.publicKey,
    'tls.crt': certificates.cert,
    'tls.key': certificates.key,
    'ca.crt': certificates.ca,
    'tokens.csv': known.join(''),
    'token-webhook.yaml': toKubeconfig({ server: tokens.url, ca: certificates.ca, user: 'kube-apiserver' }),
  }
}

/** @param folder holds the data */
export function toEtcdFlags(folder: string, port: number, peerPort: number): string[] {
  const client = `http://127.0.0.1:${port}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data end with the test.
    '--unsafe-no-fsync',
  ]
}

/** @param folder holds the files of `toBaseFiles` */
export function toApiServerFlags(folder: string, etcdPort: number, port: number): string[] {
  const file = (name: string): string => join(folder, name)
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    `--tls-cert-file=${file('tls.crt')}`,
    `--tls-private-key-file=${file('tls.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${file('sa.key')}`,
    `--service-account-key-file=${file('sa.pub')}`,
    '--authorization-mode=Node,RBAC',
    `--token-auth-file=${file('tokens.csv')}`,
    `--authentication-token-webhook-config-file=${file('token-webhook.yaml')}`,
    '--authentication-token-webhook-version=v1',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--enable-admission-plugins=NodeRestriction',
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged',
  ]
}

/** Flags for the given options, and the files (by name) that these flags expect in `folder`. */
export function toOptionFiles(
  folder: string,
  options: ApiServerOptions,
): { flags: string[]; files: Record<string, string> } {
  const { audit, webhookTokens = [], flags = [] } = options
  const log = toAuditLog(folder, options)
  const auditFlags = [
    `--audit-policy-file=${join(folder, 'audit-policy.yaml')}`,
    `--audit-webhook-config-file=${join(folder, 'audit-webhook.yaml')}`,
    '--audit-webhook-batch-max-wait=1s',
    '--audit-webhook-initial-backoff=1s',
  ]
  return {
    flags: [
      ...(audit ? auditFlags : log.flags),
      ...(webhookTokens.length > 0
        ? [`--admission-control-config-file=${join(folder, 'admission.yaml')}`]
        : []),
      ...flags,
    ],
    files: {
      ...(audit ? { 'audit-policy.yaml': audit.policy, 'audit-webhook.yaml': audit.kubeconfig } : log.files),
      ...(webhookTokens.length > 0 ? toAdmissionFiles(folder, webhookTokens) : {}),
    },
  }
}

/**
 * A log of what the controller asks for, where a folder for it is named. One policy rules all audit backends: an API
 * server whose events a test listens to keeps none.
 */
function toAuditLog(
  folder: string,
  { flags = [] }: ApiServerOptions,
): { flags: readonly string[]; files: Readonly<Record<string, string>> } {
  const logs = process.env[AUDIT_LOGS]
  if (!logs || flags.some(flag => flag.startsWith('--audit-'))) return { flags: [], files: {} }
  const policy = 'audit-log-policy.yaml'
  return {
    flags: [
      `--audit-policy-file=${join(folder, policy)}`,
      `--audit-log-path=${join(logs, `${basename(folder)}.log`)}`,
    ],
    files: { [policy]: stringify(AUDIT_LOG_POLICY) },
  }
}
