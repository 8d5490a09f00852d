import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { type Child, startChild } from '../scenarios/_child.ts'
import type { TestCluster } from '../support/cluster.ts'
import type { PodSpec, Toleration } from './_chart.ts'

/** A part of a node's taints or of what is done about them. */
export interface NodeTaint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

const NAMESPACE = 'kube-system'
const ACCOUNT = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`

/**
 * Starts the program of a Pod as a kubelet does: the environment and arguments of its container and nothing else, its
 * Secrets as files. The token of the service account comes by a kubeconfig, because the path of the real one is not ours.
 *
 * @param changed variables that stand for what this machine has in another place
 */
export async function startPod(
  t: Test,
  { cluster, admin }: { readonly cluster: TestCluster; readonly admin: Kube },
  pod: PodSpec & { readonly serviceAccountName?: string },
  changed: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const folder = await mountVolumes(t, admin, pod)
  const [{ args, env }] = pod.containers
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, await toKubeconfig(admin, cluster, pod.serviceAccountName ?? 'default'))
  const environment = Object.fromEntries(
    env.map(({ name, value }) => [name, value.startsWith('/') ? join(folder, value) : value]),
  )
  return startChild(t, args, { ...environment, KUBECONFIG: kubeconfig, ...changed })
}

/** Writes the files of a Pod's Secrets below a folder, each where it is mounted. */
async function mountVolumes(t: Test, admin: Kube, pod: PodSpec): Promise<string> {
  const folder = t.testdir()
  for (const { name, mountPath } of pod.containers[0].volumeMounts) {
    const { secret } = pod.volumes.find(volume => volume.name === name) ?? {}
    if (!secret) throw new Error(`there is no volume ${name}`)
    const path = `/api/v1/namespaces/${NAMESPACE}/secrets/${secret.secretName}`
    const { body } = await admin.request<{ data: Record<string, string> }>({ path })
    await mkdir(join(folder, mountPath), { recursive: true })
    for (const item of secret.items) {
      const text = body.data[item.key]
      if (text === undefined) throw new Error(`the Secret ${secret.secretName} has no key ${item.key}`)
      await writeFile(join(folder, mountPath, item.path), Buffer.from(text, 'base64'))
    }
  }
  return folder
}

/** With a token that the API server itself has signed for the service account. */
async function toKubeconfig(admin: Kube, cluster: TestCluster, account: string): Promise<string> {
  const { body } = await admin.request<{ status: { token: string } }>({
    method: 'POST',
    path: `${ACCOUNT}/${account}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  })
  return cluster
    .kubeconfig(account)
    .replace(/token: .*/, stringify({ token: body.status.token }, { lineWidth: 0 }).trim())
}

/** Taints on which a pod with these tolerations does not start, as the scheduler compares them. */
export const findObstacles = (
  taints: readonly NodeTaint[],
  tolerations: readonly Toleration[],
): readonly NodeTaint[] =>
  taints.filter(
    taint => taint.effect !== 'PreferNoSchedule' && !tolerations.some(one => isTolerated(taint, one)),
  )

function isTolerated(taint: NodeTaint, { key, operator = 'Equal', value = '', effect }: Toleration): boolean {
  if (effect !== undefined && effect !== taint.effect) return false
  if (key === undefined) return operator === 'Exists'
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))
}
