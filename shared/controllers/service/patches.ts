import { toMapPatch } from '../../kubernetes/json-patch.ts'
import type { JsonPatch, KubeService } from '../../kubernetes/types.ts'
import type { ServiceFields } from './fields.ts'

/**
 * The change as the JSON patch of a Service review. It applies to exactly that object and holds no `test`, which could
 * refuse the user's request. Of the status nothing: the API server ignores it in a review.
 */
export function toReviewPatch(service: KubeService, fields: ServiceFields): JsonPatch {
  const { finalizers, annotations } = fields
  return [
    ...toMapPatch('/metadata/annotations', service.metadata.annotations, annotations),
    ...(finalizers ? [{ op: 'add', path: '/metadata/finalizers', value: finalizers } as const] : []),
  ]
}

export type MergePatch = Readonly<Record<string, unknown>>

/**
 * The change as merge patches of a stored Service, each only for the very object and version that was decided on:
 * `main` for the Service, `status` for its subresource. Absent where there is nothing to write.
 */
export function toMergePatches(
  service: KubeService,
  { finalizers, annotations, ingress }: ServiceFields,
): { readonly main?: MergePatch; readonly status?: MergePatch } {
  const { uid, resourceVersion } = service.metadata
  const metadata = { ...(annotations && { annotations }), ...(finalizers && { finalizers }) }
  return {
    ...(Object.keys(metadata).length > 0 && { main: { metadata: { uid, resourceVersion, ...metadata } } }),
    ...(ingress && {
      status: { metadata: { uid, resourceVersion }, status: { loadBalancer: { ingress } } },
    }),
  }
}
