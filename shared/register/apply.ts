import { isDeepStrictEqual } from 'node:util'
import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { NAME } from '../kubernetes/names.ts'
import type { KubeObject } from './manifests.ts'

/** What became of an object; in a dry run, what would become of it. */
export type Applied = 'created' | 'changed' | 'unchanged'

/** Where the kinds that are applied lie. */
const PATHS: Readonly<Record<string, readonly [prefix: string, resource: string]>> = {
  ServiceAccount: ['/api/v1', 'serviceaccounts'],
  Secret: ['/api/v1', 'secrets'],
  ClusterRole: ['/apis/rbac.authorization.k8s.io/v1', 'clusterroles'],
  ClusterRoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'clusterrolebindings'],
  Role: ['/apis/rbac.authorization.k8s.io/v1', 'roles'],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings'],
  MutatingWebhookConfiguration: ['/apis/admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations'],
}

/**
 * Server-side apply as the field manager `cloud-provider-phoenixnap`: fields that others set beside ours stay, ours are
 * taken back from whoever changed them.
 *
 * @throws CcmError KUBE_*
 */
export async function applyObject(kube: Kube, object: KubeObject, dryRun: boolean): Promise<Applied> {
  const path = toPath(object)
  const before = await find(kube, path)
  const { body } = await kube.request<KubeObject>({
    method: 'PATCH',
    path,
    patch: 'apply',
    query: { fieldManager: NAME, force: true, ...(dryRun ? { dryRun: 'All' } : {}) },
    body: object,
  })
  if (!before) return 'created'
  return isDeepStrictEqual(before, body) ? 'unchanged' : 'changed'
}

/** The object at a path; undefined when there is none. @throws CcmError KUBE_* */
export async function find<T = KubeObject>(kube: Kube, path: string): Promise<T | undefined> {
  try {
    return (await kube.request<T>({ path })).body
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

/** Path of an object in the API. */
export function toPath({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  const [prefix = '', resource = ''] = PATHS[kind] ?? []
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  return `${prefix}${namespace}/${resource}/${metadata.name}`
}
