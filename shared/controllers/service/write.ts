import type { Kube } from '../../kubernetes/client.ts'
import { patchService } from '../../kubernetes/services.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { ServiceFields } from './fields.ts'
import { toMergePatches } from './patches.ts'

/**
 * Writes a change of a Service as it was decided on: the status last, so that it never tells an address that the
 * Service does not have yet.
 *
 * @returns the Service as it is stored afterwards; the last version seen where the change let it go
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND
 */
export async function writeService(
  kube: Kube,
  service: KubeService,
  fields: ServiceFields | undefined,
  signal?: AbortSignal,
): Promise<KubeService> {
  if (!fields) return service
  const { main, status } = toMergePatches(service, fields)
  const stored = main ? await patchService(kube, service, main, { signal }) : service
  if (!status) return stored
  const { status: rebased } = main ? toMergePatches(stored, fields) : { status }
  return patchService(kube, stored, rebased ?? status, { subresource: 'status', signal })
}
