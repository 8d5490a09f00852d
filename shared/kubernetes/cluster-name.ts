import { CcmError } from '../errors.ts'
import type { Kube } from './client.ts'
import { NAMESPACE } from './names.ts'
import type { ObjectMeta } from './types.ts'

/**
 * The name by which the cloud knows this cluster: the UID of the namespace kube-system. Read anew for each piece of work:
 * with the name of another cluster, blocks that are in use there would seem to be ours and unused.
 *
 * @throws CcmError KUBE_*
 */
export async function readClusterName(kube: Kube, signal?: AbortSignal): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}`
  const { body } = await kube.request<{ readonly metadata?: ObjectMeta }>({ path, signal })
  const uid = body.metadata?.uid
  if (!uid) throw new CcmError('KUBE_SERVER_ERROR', `${path}: the answer has no metadata.uid`)
  return uid
}
