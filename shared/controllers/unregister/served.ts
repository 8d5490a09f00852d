import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'

const GROUP = /^(\/apis\/[^/]+\/[^/]+)\/.*?([^/]+)$/

/**
 * Whether the API server has a collection at all. It asks for rights first, so that one which nobody installed is
 * forbidden to whoever has no rights on everything; what is served may be read by all who have an account.
 *
 * @param path of the collection, as `/apis/cilium.io/v2/ciliumloadbalancerippools`
 */
export async function isServed(kube: Kube, path: string, signal?: AbortSignal): Promise<boolean> {
  const [, group, resource] = GROUP.exec(path) ?? []
  // The core group is always served.
  if (group === undefined) return true
  try {
    const { body } = await kube.request<{ resources?: readonly { name: string }[] }>({ path: group, signal })
    return body.resources?.some(({ name }) => name === resource) ?? true
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return false
    if (!hasCode(error)) throw error
    // Not known: then the refusal counts.
    return true
  }
}
