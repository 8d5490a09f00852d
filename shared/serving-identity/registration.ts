import { CcmError, hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { NAME, SERVICE_ACCOUNT_USER } from '../kubernetes/names.ts'
import type { Log } from '../log.ts'
import { find, toPath } from '../register/apply.ts'
import { type KubeObject, readWebhooks, type WebhookTarget } from '../register/manifests.ts'
import { isKept } from './is-kept.ts'

export interface RegistrationOptions {
  readonly kube: Kube
  /** What the API server is to be told now. @throws CcmError */
  readonly target: () => Promise<WebhookTarget>
  readonly log: Log
}

/** Keeps the webhook configuration as `register` would apply it. */
export interface Registration {
  /** Compares, and writes what is not so. @throws CcmError KUBE_*, CCM_REGISTRATION_FORBIDDEN */
  keep(): Promise<void>
}

interface Whoami {
  readonly status?: { readonly userInfo?: { readonly username?: string } }
}

export function createRegistration({ kube, target, log }: RegistrationOptions): Registration {
  let user: string | undefined

  async function keep(): Promise<void> {
    user ??= await askUser(kube)
    for (const object of await readWebhooks(await target(), user ?? SERVICE_ACCOUNT_USER)) {
      const stored = await find(kube, toPath(object))
      if (stored && isKept(stored, object)) continue
      await write(kube, object)
      const why = stored ? 'it was not as it has to be' : 'there was none'
      log.info({ name: object.metadata.name, why }, 'webhook registered')
    }
  }

  return {
    keep: () =>
      keep().catch((error: unknown) => {
        if (!hasCode(error, 'KUBE_FORBIDDEN')) throw error
        const message = `the webhook cannot be registered: ${error.message}`
        throw new CcmError('CCM_REGISTRATION_FORBIDDEN', message, { cause: error })
      }),
  }
}

/** As whom we act, whose own changes must not ring. Any account may ask that; undefined when nobody answers it. */
async function askUser(kube: Kube): Promise<string | undefined> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  try {
    return (await kube.request<Whoami>({ method: 'POST', path, body })).body.status?.userInfo?.username
  } catch (error) {
    if (hasCode(error, 'KUBE_FORBIDDEN', 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

/**
 * Fields that others set beside ours stay, as with `register`. Where the two exclude each other (somebody's URL beside
 * our Service), the API server refuses that, and our list takes the place of theirs.
 */
async function write(kube: Kube, object: KubeObject): Promise<void> {
  const request = { method: 'PATCH', path: toPath(object) } as const
  try {
    const query = { fieldManager: NAME, force: true }
    await kube.request({ ...request, patch: 'apply', query, body: object })
  } catch (error) {
    if (!hasCode(error, 'KUBE_INVALID')) throw error
    const body = { webhooks: object['webhooks'] }
    await kube.request({ ...request, patch: 'merge', query: { fieldManager: NAME }, body })
  }
}
