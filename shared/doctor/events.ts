import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import type { KubeService } from '../kubernetes/types.ts'

interface Event {
  readonly type?: string
  readonly message?: string
  readonly lastTimestamp?: string | null
  readonly involvedObject?: { readonly kind?: string; readonly name?: string }
}

/** What the Service was last warned of; undefined where nothing is there, or we may not see it. */
export async function readLastWarning(
  kube: Kube,
  { metadata: { namespace = '', name } }: KubeService,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { body } = await kube.request<{ readonly items?: readonly Event[] }>({
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
      signal,
    })
    const warnings = (body.items ?? []).filter(
      ({ type, involvedObject }) =>
        type === 'Warning' && involvedObject?.kind === 'Service' && involvedObject.name === name,
    )
    const [last] = warnings.toSorted((one, other) => toText(other).localeCompare(toText(one)))
    return last?.message
  } catch (error) {
    if (hasCode(error)) return undefined
    throw error
  }
}

const toText = ({ lastTimestamp }: Event): string => lastTimestamp ?? ''
