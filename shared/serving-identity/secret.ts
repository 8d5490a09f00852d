import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { MANAGED_LABEL, toOwnLabels } from '../kubernetes/labels.ts'
import { NAME } from '../kubernetes/names.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'
import type { NamespacedName } from '../setting-parsers.ts'
import type { SecretData } from './state.ts'

interface Secret {
  readonly metadata: ObjectMeta
  readonly immutable?: boolean | undefined
  readonly data?: Readonly<Record<string, string>> | undefined
}

/** The Secret as it was read; without `secret` it does not exist. */
export interface StoredSecret {
  readonly secret: Secret | undefined
  /** Decoded. */
  readonly data: SecretData
  /** The API server's own time of this reading, in milliseconds since 1970: clocks of hosts may be months ahead. */
  readonly now: number
}

/** @throws CcmError KUBE_* */
export async function readSecret(
  kube: Kube,
  { namespace, name }: NamespacedName,
  signal?: AbortSignal,
): Promise<StoredSecret> {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`
  try {
    const { body, date } = await kube.request<Secret>({ path, signal })
    return { secret: body, data: decode(body), now: date }
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    const { date } = await kube.request({ path: '/version', signal })
    return { secret: undefined, data: {}, now: date }
  }
}

/**
 * Stores changed keys (undefined removes one) as long as nobody else has changed the Secret since it was read. What
 * others keep in it stays.
 *
 * @throws CcmError KUBE_CONFLICT, KUBE_ALREADY_EXISTS or KUBE_NOT_FOUND when somebody else was quicker
 */
export async function writeSecret(
  kube: Kube,
  { namespace, name }: NamespacedName,
  { secret, data }: StoredSecret,
  change: SecretData,
  signal?: AbortSignal,
): Promise<SecretData> {
  const path = `/api/v1/namespaces/${namespace}/secrets`
  const encoded = { ...secret?.data, ...toBase64(change) }
  for (const [key, value] of Object.entries(change)) if (value === undefined) delete encoded[key]
  if (!secret) {
    const metadata = { name, namespace, labels: LABELS }
    const body = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data: encoded }
    await kube.request({ method: 'POST', path, body, query: { fieldManager: NAME }, signal })
  } else {
    // An update, not a patch: it carries the resourceVersion that was read.
    const body = { ...secret, metadata: toLabelled(secret.metadata), data: encoded }
    await kube.request({
      method: 'PUT',
      path: `${path}/${name}`,
      body,
      query: { fieldManager: NAME },
      signal,
    })
  }
  return { ...data, ...change }
}

const LABELS = toOwnLabels('credentials')

/** A Secret that an operator made stays the operator's. */
const toLabelled = (metadata: ObjectMeta): ObjectMeta =>
  metadata.labels?.[MANAGED_LABEL] === NAME
    ? { ...metadata, labels: { ...metadata.labels, ...LABELS } }
    : metadata

const decode = (secret: Secret): SecretData =>
  Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )

const toBase64 = (data: SecretData): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, Buffer.from(value).toString('base64')]],
    ),
  )
