import { join } from 'node:path'
import { stringify } from 'yaml'

/** Who calls which server. `ca` is PEM; without it an https server is not verified. */
export interface KubeconfigOptions {
  readonly server: string
  readonly ca?: string | undefined
  readonly user: string
  readonly token?: string | undefined
}

/** A kubeconfig (YAML) with one cluster, one user and one context, named `test`. */
export function toKubeconfig({ server, ca, user, token }: KubeconfigOptions): string {
  const trust = ca
    ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') }
    : { 'insecure-skip-tls-verify': true }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, ...trust } }],
    users: [{ name: user, user: token === undefined ? {} : { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  })
}

/** Files that make an API server send bearer tokens to webhooks, by name; `admission.yaml` is the one to name in the flag. */
export function toAdmissionFiles(
  folder: string,
  tokens: readonly { readonly hostPort: string; readonly token: string }[],
): Record<string, string> {
  const kubeConfigFile = join(folder, 'webhook-users.yaml')
  const plugins = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'].map(name => ({
    name,
    configuration: {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'WebhookAdmissionConfiguration',
      kubeConfigFile,
    },
  }))
  const users = tokens.map(({ hostPort, token }) => ({ name: hostPort, user: { token } }))
  return {
    'admission.yaml': stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins,
    }),
    'webhook-users.yaml': stringify({ apiVersion: 'v1', kind: 'Config', users }),
  }
}
