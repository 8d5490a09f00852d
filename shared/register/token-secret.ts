import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { MANAGED_LABEL, toOwnLabels } from '../kubernetes/labels.ts'
import { NAME, NAMESPACE } from '../kubernetes/names.ts'
import { applyObject, find, toPath } from './apply.ts'
import type { KubeObject } from './manifests.ts'

/** A token of the service account that does not expire: a Secret that kube-controller-manager fills. */
export interface TokenSecret {
  readonly name: string
  readonly token: string
  /** PEM of the cluster's authority, where the Secret holds it. */
  readonly ca?: string | undefined
}

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

const TYPE = 'kubernetes.io/service-account-token'
/** Secrets of ours are numbered by rotation: `…-token`, then `…-token-2` and so on. */
const NAMES = new RegExp(`^${NAME}-token(?:-(\\d+))?$`)
const POLL_MS = 500
/** The controller fills a Secret within a second; a cluster without it never does. */
const PATIENCE_MS = 30_000

/** Our token Secrets that have a token, oldest rotation first. */
export async function listTokenSecrets(kube: Kube): Promise<TokenSecret[]> {
  const { body } = await kube.request<{ items: Secret[] }>({
    path: `/api/v1/namespaces/${NAMESPACE}/secrets`,
    query: { labelSelector: `${MANAGED_LABEL}=${NAME}` },
  })
  return body.items
    .filter(({ metadata }) => NAMES.test(metadata.name))
    .sort((a, b) => toNumber(a.metadata.name) - toNumber(b.metadata.name))
    .flatMap(secret => toTokenSecret(secret) ?? [])
}

const toNumber = (name: string): number => Number(NAMES.exec(name)?.[1] ?? 1)

/** The name after the newest one; the first name when there is none. */
export function toNextName(secrets: readonly TokenSecret[]): string {
  const newest = secrets.at(-1)
  return newest ? `${NAME}-token-${toNumber(newest.name) + 1}` : `${NAME}-token`
}

/**
 * Makes a token Secret and waits for its token.
 *
 * @throws CcmError KUBE_TIMEOUT when nobody fills it
 */
export async function createTokenSecret(kube: Kube, clock: Clock, name: string): Promise<TokenSecret> {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: TYPE,
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: toOwnLabels('credentials'),
      annotations: { 'kubernetes.io/service-account.name': NAME },
    },
  }
  await applyObject(kube, secret, false)
  const giveUpAt = clock.now() + PATIENCE_MS
  for (;;) {
    const filled = toTokenSecret(await find<Secret>(kube, toPath(secret)))
    if (filled) return filled
    if (clock.now() >= giveUpAt) {
      const message = `Secret ${NAMESPACE}/${name} has no token yet: kube-controller-manager fills it`
      throw new CcmError('KUBE_TIMEOUT', message)
    }
    await clock.sleep(POLL_MS)
  }
}

/** @throws CcmError KUBE_* */
export async function deleteTokenSecret(kube: Kube, name: string): Promise<void> {
  await kube.request({
    method: 'DELETE',
    path: toPath({ kind: 'Secret', metadata: { name, namespace: NAMESPACE } }),
  })
}

function toTokenSecret(secret: Secret | undefined): TokenSecret | undefined {
  const token = secret?.data?.['token']
  if (!secret || !token) return undefined
  const ca = secret.data?.['ca.crt']
  return { name: secret.metadata.name, token: fromBase64(token), ca: ca && fromBase64(ca) }
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString()
