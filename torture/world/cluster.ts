import { NAME } from '../../shared/kubernetes/names.ts'
import { readAuditPolicy, readRbac, readWebhooks } from '../../shared/register/manifests.ts'
import type { EmbeddedKubernetes } from '../../shared/simulator/kubernetes/server.ts'

/** Whom the controllers act as. */
export const CONTROLLER = 'system:serviceaccount:kube-system:cloud-provider-phoenixnap'
/** Where the API server believes the webhooks to be. */
export const WEBHOOK_URL = 'https://webhooks.simulated'
export const WEBHOOK_TOKEN = 'webhook-token-of-a-world'

/** Namespaces in which announcers have their pools. */
const ANNOUNCERS = ['metallb-system', 'purelb-system']

export interface Installation {
  readonly webhook: boolean
  readonly audit: boolean
}

const manifests = {
  rbac: await readRbac(CONTROLLER),
  webhooks: await readWebhooks({ url: `${WEBHOOK_URL}/admission` }, CONTROLLER),
  policy: await readAuditPolicy(CONTROLLER),
}

/** What `register` applies and writes. */
export function install(cluster: EmbeddedKubernetes, { webhook, audit }: Installation): void {
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: NAME, namespace: 'kube-system' },
  }
  for (const name of ANNOUNCERS)
    cluster.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const objects = [...manifests.rbac, ...(webhook ? manifests.webhooks : [])]
  for (const object of [account, ...objects.filter(({ kind }) => kind !== 'ServiceAccount')])
    cluster.store.create(structuredClone(object) as Record<string, unknown>)
  cluster.setWebhookToken(new URL(WEBHOOK_URL).host, WEBHOOK_TOKEN)
  if (audit) {
    const { policy } = manifests
    cluster.setAudit({ url: `${WEBHOOK_URL}/audit`, token: WEBHOOK_TOKEN, policy })
  }
}
