import type { Kube } from '../../shared/kubernetes/client.ts'
import type { TestCluster } from '../support/cluster.ts'

export interface Program {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
}

/** The container of the Go program's own Deployment, as its releases ship it. */
export const GO_PROGRAM: Program = {
  name: 'phoenixnap-ccm',
  image: 'ghcr.io/phoenixnap/cloud-provider-phoenixnap:v1.0.0',
  command: [
    './cloud-provider-phoenixnap',
    '--cloud-provider=phoenixnap',
    '--leader-elect=false',
    '--authentication-skip-lookup=true',
    '--cloud-config=/etc/cloud-sa/cloud-sa.json',
  ],
}

/** A Deployment of ours, from a registry of one's own. */
export const OUR_PROGRAM: Program = {
  name: 'our-handlers',
  image: 'registry.example/cloud-provider-phoenixnap:v1',
  command: ['/usr/local/bin/cloud-provider-phoenixnap', 'serve'],
}

export const KUBE_VIP: Program = {
  name: 'kube-vip',
  image: 'ghcr.io/kube-vip/kube-vip:v1.2.3',
  command: ['/kube-vip', 'manager'],
  env: [{ name: 'svc_enable', value: 'true' }],
}

/**
 * Runs a program as far as the API tells: a Deployment on a real API server (where no kubelet takes it up), a Pod on the
 * simulator, which serves no Deployments.
 *
 * @returns a function that takes it away again
 */
export async function startProgram(
  cluster: TestCluster,
  admin: Kube,
  { name, image, command = [], env = [] }: Program,
): Promise<() => Promise<void>> {
  const spec = { containers: [{ name, image, command, env }] }
  const metadata = { name, namespace: 'kube-system' }
  const [path, body] =
    cluster.kind === 'simulator'
      ? ['/api/v1/namespaces/kube-system/pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec }]
      : [
          '/apis/apps/v1/namespaces/kube-system/deployments',
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata,
            spec: {
              replicas: 1,
              selector: { matchLabels: { app: name } },
              template: { metadata: { labels: { app: name } }, spec },
            },
          },
        ]
  await admin.request({ method: 'POST', path, body })
  return async () => {
    await admin.request({ method: 'DELETE', path: `${path}/${name}`, query: { gracePeriodSeconds: 0 } })
  }
}
