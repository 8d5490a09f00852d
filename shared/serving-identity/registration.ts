import { CcmError, hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { NAME, SERVICE_ACCOUNT_USER } from '../kubernetes/names.ts'
import { readSelf } from '../kubernetes/self.ts'
import type { Log } from '../log.ts'
import { toPath } from '../register/apply.ts'
import { type KubeObject, readWebhooks, type WebhookTarget } from '../register/manifests.ts'
import { isOfAnother, type Place, REGISTERED, readStored, type Stored, toClaim, toPlace } from './claim.ts'
import { isKept } from './is-kept.ts'
import { followTrust, isSameTrust, NO_TRUST } from './trusted.ts'

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

export function createRegistration({ kube, target, log }: RegistrationOptions): Registration {
  let user: string | undefined
  let trust = NO_TRUST
  let told: string | undefined
  let hasRegistered = false
  const wanted = new Set<string>()

  const toObjects = (place: WebhookTarget): Promise<KubeObject[]> =>
    readWebhooks(place, user ?? SERVICE_ACCOUNT_USER)

  async function keep(): Promise<void> {
    user ??= await askUser(kube)
    const given = await target()
    const place = toPlace(given.url)
    wanted.add(place.target)
    for (const { kind, metadata } of await toObjects(given)) {
      const { object, now } = await read(kube, toPath({ kind, metadata }))
      const stored = object && readStored(object)
      if (stored && isOfAnother(stored, wanted, hasRegistered, now)) tellLeft(stored)
      else await put({ ...given, ca: toTrusted(given.ca, stored, place, now) }, object, now)
    }
    hasRegistered = true
  }

  /** What is trusted already is not written again because it is written in another way. */
  function toTrusted(
    ca: string | undefined,
    stored: Stored | undefined,
    place: Place,
    now: number,
  ): string | undefined {
    const before = stored?.place?.host === place.host ? fromBase64(stored.caBundle) : ''
    const followed = followTrust(trust, ca, before, now)
    trust = followed.memory
    return followed.ca !== undefined && isSameTrust(followed.ca, before) ? before : followed.ca
  }

  async function put(place: WebhookTarget, object: KubeObject | undefined, now: number): Promise<void> {
    told = undefined
    for (const one of await toObjects(place)) {
      if (object && readStored(object).claimedAt !== undefined && isKept(object, one)) continue
      const annotations = { [REGISTERED]: toClaim(toPlace(place.url), now) }
      await write(kube, { ...one, metadata: { ...one.metadata, annotations } })
      const why = object ? 'it was not as it has to be' : 'there was none'
      log.info({ name: one.metadata.name, why }, 'webhook registered')
    }
  }

  function tellLeft({ place }: Stored): void {
    if (told !== place?.host)
      log.warn(
        { registered: place?.host },
        'another host has registered its webhook, which is left for an hour',
      )
    told = place?.host
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

const fromBase64 = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString()

/** What is stored, and the API server's own time. */
async function read(
  kube: Kube,
  path: string,
): Promise<{ readonly object: KubeObject | undefined; readonly now: number }> {
  try {
    const { body, date } = await kube.request<KubeObject>({ path })
    return { object: body, now: date }
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    return { object: undefined, now: (await kube.request({ path: '/version' })).date }
  }
}

/** As whom we act, whose own changes must not ring. Any account may ask that; undefined when nobody answers it. */
async function askUser(kube: Kube): Promise<string | undefined> {
  try {
    return (await readSelf(kube)) || undefined
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
    const { annotations, labels } = object.metadata
    const body = { metadata: { annotations, labels }, webhooks: object['webhooks'] }
    await kube.request({ ...request, patch: 'merge', query: { fieldManager: NAME }, body })
  }
}
