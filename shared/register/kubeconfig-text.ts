import { NAME } from '../kubernetes/names.ts'

export const KUBECONFIG_FORMATS = ['yaml', 'env'] as const
export type KubeconfigFormat = (typeof KUBECONFIG_FORMATS)[number]

/** What a host outside the cluster needs to be the service account. */
export interface ClusterAccess {
  readonly server: string
  /** PEM of the API server's authority; without it the host trusts those of its machine. */
  readonly ca: string | undefined
  readonly token: string
}

/** As a kubeconfig, or as lines of an environment file. */
export async function toKubeconfigText(access: ClusterAccess, format: KubeconfigFormat): Promise<string> {
  const authority = access.ca && Buffer.from(access.ca).toString('base64')
  if (format === 'env') {
    const lines = [
      `KUBE_API_SERVER=${access.server}`,
      ...(authority ? [`KUBE_CA_DATA=${authority}`] : []),
      `KUBE_TOKEN=${access.token}`,
    ]
    return `${lines.join('\n')}\n`
  }
  const trust = authority ? { 'certificate-authority-data': authority } : {}
  const { stringify } = await import('yaml')
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: NAME, cluster: { server: access.server, ...trust } }],
      users: [{ name: NAME, user: { token: access.token } }],
      contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
      'current-context': NAME,
    },
    { lineWidth: 0 },
  )
}
