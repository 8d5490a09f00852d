import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { KubernetesSimulator } from '../kubernetes/server.ts'

/** Where audit events go. */
export type AuditSink = Exclude<Parameters<KubernetesSimulator['setAudit']>[0], undefined>

/** The kubeconfig of an audit webhook, as far as an API server needs it here. */
interface AuditKubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string } },
  ]
  readonly users: readonly [{ readonly user: { readonly tokenFile: string } }]
}

/** Reads what `register --apiserver-dir` wrote, as an API server does with `--audit-policy-file` and `--audit-webhook-config-file`. */
export async function readAuditFiles(folder: string): Promise<AuditSink> {
  const read = async (name: string): Promise<unknown> => parse(await readFile(join(folder, name), 'utf8'))
  const policy = await read('audit-policy.yaml')
  const { clusters, users } = (await read('audit-webhook.yaml')) as AuditKubeconfig
  const { server, 'certificate-authority-data': ca = '' } = clusters[0].cluster
  const token = (await readFile(users[0].user.tokenFile, 'utf8')).trim()
  return { url: server, token, ca: Buffer.from(ca, 'base64').toString(), policy }
}
