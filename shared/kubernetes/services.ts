import type { Kube } from './client.ts'
import { listAll } from './lists.ts'
import type { MergePatch } from './nodes.ts'
import { toSegment } from './path.ts'
import { pickFrom } from './shape.ts'
import type { KubeService, ObjectMeta } from './types.ts'

const LIST = '/api/v1/services'

const pathOf = ({ namespace = '', name }: Pick<ObjectMeta, 'namespace' | 'name'>): string =>
  `/api/v1/namespaces/${toSegment(namespace)}/services/${toSegment(name)}`

/** Every Service of which `isOfInterest` is true (of all namespaces, or of one), cut down to what is read of it. */
export async function listServices(
  kube: Kube,
  isOfInterest: (service: KubeService) => boolean,
  options: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<KubeService[]> {
  const { namespace, signal } = options
  const path = namespace === undefined ? LIST : `/api/v1/namespaces/${toSegment(namespace)}/services`
  const kept = await listAll<KubeService, KubeService | undefined>(kube, {
    path,
    keep: service => (isOfInterest(service) ? toEssentials(service) : undefined),
    signal,
  })
  return kept.filter(service => service !== undefined)
}

/** @throws CcmError KUBE_NOT_FOUND */
export async function getService(
  kube: Kube,
  key: { readonly namespace: string; readonly name: string },
  signal?: AbortSignal,
): Promise<KubeService> {
  const { body } = await kube.request<KubeService>({ path: pathOf(key), signal })
  return pickFrom(pathOf(key), body, toEssentials)
}

/**
 * The Service as it is stored afterwards.
 *
 * @throws CcmError KUBE_CONFLICT when uid or resourceVersion in the patch are no longer the Service's
 */
export async function patchService(
  kube: Kube,
  { metadata }: KubeService,
  body: MergePatch,
  options: { readonly subresource?: 'status' | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<KubeService> {
  const path = options.subresource ? `${pathOf(metadata)}/${options.subresource}` : pathOf(metadata)
  const answer = await kube.request<KubeService>({
    method: 'PATCH',
    path,
    patch: 'merge',
    body,
    signal: options.signal,
  })
  return pickFrom(path, answer.body, toEssentials)
}

/** Managed fields, ports and selectors are most of a Service, and nothing of them is read. */
function toEssentials({ metadata, spec = {}, status }: KubeService): KubeService {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp } = metadata
  const { annotations, finalizers } = metadata
  const { type, loadBalancerClass, loadBalancerIP, ipFamilies, ipFamilyPolicy, clusterIP, clusterIPs } = spec
  return withoutUndefined({
    metadata: withoutUndefined({
      name,
      namespace,
      uid,
      resourceVersion,
      creationTimestamp,
      deletionTimestamp,
      annotations,
      finalizers,
    }),
    spec: withoutUndefined({
      type,
      loadBalancerClass,
      loadBalancerIP,
      ipFamilies,
      ipFamilyPolicy,
      clusterIP,
      clusterIPs,
    }),
    status,
  })
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> }

const withoutUndefined = <T extends object>(object: T): Given<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Given<T>
