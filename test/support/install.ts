import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import type { Kube } from '../../shared/kubernetes/client.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const RBAC = new URL('../../infra/rbac.yaml', import.meta.url)
const PLURALS: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
}

/** Gives the controller's user the shipped role, and nothing else. */
export async function installRole(admin: Kube): Promise<void> {
  const documents = parseAllDocuments(await readFile(RBAC, 'utf8'))
  for (const document of documents) await apply(admin, document.toJS() as Manifest)
}

async function apply(admin: Kube, body: Manifest): Promise<void> {
  const { apiVersion, kind, metadata } = body
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const namespace = metadata.namespace ? `/namespaces/${metadata.namespace}` : ''
  const path = `${root}${namespace}/${PLURALS[kind]}/${metadata.name}`
  await admin.request({
    method: 'PATCH',
    path,
    patch: 'apply',
    query: { fieldManager: 'test', force: true },
    body,
  })
}
