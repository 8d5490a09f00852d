import { applyPatch, type Operation } from 'rfc6902'
import type { App } from '../../shared/compose.ts'
import type { Controllers, ReconcileKey, ServiceReview } from '../../shared/controllers/contract.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { Api, ApiAnswer } from '../support/api.ts'
import {
  createManifest,
  pathOf,
  type ServiceManifest,
  type ServiceName,
  splitName,
} from '../support/services.ts'

/** What became of a user's request. */
export interface Stored {
  /** HTTP status of the API server. */
  readonly status: number
  /** As it was stored; a Status object where it was refused. */
  readonly service: KubeService
  /** As kubectl shows them. */
  readonly warnings: readonly string[]
}

/** How users' requests come to the cluster. */
export interface Way {
  create(manifest: ServiceManifest): Promise<Stored>
  /** A merge patch. */
  change(service: ServiceName, change: object): Promise<Stored>
  /** PUT of a whole manifest, as `kubectl replace`. */
  replace(manifest: ServiceManifest): Promise<Stored>
  remove(service: ServiceName): Promise<Stored>
}

const collectionOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/services`
const BACKOFF_TRIES = 5
const CONFLICT = 409

const toManifestPath = ({ metadata: { namespace = 'default', name } }: KubeService): string =>
  pathOf(`${namespace}/${name}`)

/** Straight to the API server, with whatever webhook is registered there. */
export function sendPlainly(api: Api): Way {
  return {
    create: async manifest => {
      const path = collectionOf(manifest.metadata.namespace ?? 'default')
      return toStored(await api.call({ method: 'POST', path, body: manifest }))
    },
    change: async (service, body) =>
      toStored(await api.call({ method: 'PATCH', path: pathOf(service), patch: 'merge', body })),
    replace: async manifest =>
      toStored(await api.call({ method: 'PUT', path: toManifestPath(manifest), body: manifest })),
    remove: async service => toStored(await api.call({ method: 'DELETE', path: pathOf(service) })),
  }
}

function toStored({ status, headers, body }: ApiAnswer): Stored {
  const given = headers['warning'] ?? []
  const warnings = (typeof given === 'string' ? [given] : given).flatMap(text =>
    [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, warning = '']) =>
      warning.replaceAll('\\"', '"'),
    ),
  )
  return { status, service: body as unknown as KubeService, warnings }
}

/**
 * Each request is reviewed by the controllers in this process before it is sent, as the API server has it done by a
 * webhook; what is rung for is handed to `ring`. For clusters in which no webhook is registered.
 */
export function sendReviewed(
  api: Api,
  { controllers, clock }: Pick<App, 'clock'> & { readonly controllers: Controllers },
  ring: (keys: readonly ReconcileKey[]) => void,
): Way {
  const plain = sendPlainly(api)

  async function review(
    operation: ServiceReview['operation'],
    service: KubeService | undefined,
    old: KubeService | undefined,
  ): Promise<{ patched: KubeService | undefined; warnings: readonly string[] }> {
    const { namespace = 'default', name = '' } = (service ?? old)?.metadata ?? {}
    const admission = await controllers.admitService(
      { operation, name, namespace, service, old, dryRun: false },
      { deadline: clock.now() + 10_000 },
    )
    ring(admission.ring)
    return { patched: service && patchCopy(service, admission.patch ?? []), warnings: admission.warnings }
  }

  /** The API server repeats the review for as long as somebody else was quicker. */
  async function update(
    service: ServiceName,
    toNew: (old: KubeService) => KubeService,
    tries = BACKOFF_TRIES,
  ): Promise<Stored> {
    const { body: found } = await api.call({ method: 'GET', path: pathOf(service) })
    const old = found as unknown as KubeService
    const next = toNew(old)
    const { patched, warnings } = await review('UPDATE', next, old)
    const body = {
      ...patched,
      metadata: { ...patched?.metadata, resourceVersion: old.metadata.resourceVersion },
    }
    const stored = toStored(await api.call({ method: 'PUT', path: pathOf(service), body }))
    if (stored.status === CONFLICT && tries > 1) return update(service, toNew, tries - 1)
    return { ...stored, warnings }
  }

  return {
    create: async manifest => {
      const { patched, warnings } = await review('CREATE', manifest, undefined)
      return { ...(await plain.create({ ...manifest, ...patched })), warnings }
    },
    change: (service, change) =>
      update(service, old => mergeInto(structuredClone(old), change) as KubeService),
    replace: manifest => {
      const { namespace = 'default', name } = manifest.metadata
      // In the review of a replacement there are no fields but those of the manifest.
      return update(`${namespace}/${name}`, () => structuredClone(manifest))
    },
    remove: async service => {
      const { body } = await api.call({ method: 'GET', path: pathOf(service) })
      await review('DELETE', undefined, body as unknown as KubeService)
      return plain.remove(service)
    },
  }
}

/** @throws Error for a patch that does not apply: the API server would refuse the user's request for it */
function patchCopy(service: KubeService, patch: readonly unknown[]): KubeService {
  const copy = structuredClone(service)
  const problems = applyPatch(copy, patch as Operation[]).filter(Boolean)
  if (problems.length > 0) throw new Error(`the patch does not apply: ${problems.join('; ')}`)
  return copy
}

/** RFC 7386. */
function mergeInto(target: unknown, change: unknown): unknown {
  if (!isObject(change)) return change
  const result: Record<string, unknown> = isObject(target) ? target : {}
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key]
    else result[key] = mergeInto(result[key], value)
  }
  return result
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A review of a Service that is never stored, as when a quota or another webhook refuses it. */
export const toRefusedReview = (service: ServiceName, dryRun = false): ServiceReview => {
  const { namespace, name } = splitName(service)
  const manifest = createManifest(service)
  return { operation: 'CREATE', namespace, name, service: manifest, old: undefined, dryRun }
}
