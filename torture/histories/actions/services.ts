import { ASSIGNED_IPS, FINALIZER } from '../../../shared/kubernetes/names.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import type { Picks } from '../picks.ts'
import { type Stage, toKey } from '../stage.ts'

/** Who is a user of the cluster. */
export const USER = 'admin'

/** Few, so that names come again while an address still rests for them. */
const NAMES = [
  { namespace: 'default', name: 'web' },
  { namespace: 'default', name: 'api' },
  { namespace: 'team-a', name: 'web' },
  { namespace: 'default', name: 'db' },
  { namespace: 'team-a', name: 'api' },
  { namespace: 'team-a', name: 'mail' },
] as const
export const NAMESPACES = ['default', 'team-a'] as const

export interface ServiceName {
  readonly namespace: string
  readonly name: string
}

/** What a manifest says beside the usual. */
export interface Wish {
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly spec?: Readonly<Record<string, unknown>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly finalizers?: readonly string[] | undefined
}

export const toManifest = (
  { namespace, name }: ServiceName,
  { annotations, spec, labels, finalizers }: Wish = {},
): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    namespace,
    name,
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
    labels: { app: name, ...labels },
  },
  spec: {
    type: 'LoadBalancer',
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }],
    selector: { app: name },
    ...spec,
  },
})

export const toCollection = (namespace: string): string => `/api/v1/namespaces/${namespace}/services`
export const toPath = ({ metadata: { namespace = '', name } }: KubeService): string =>
  `${toCollection(namespace)}/${name}`

/** A name that no Service has. */
export function pickFreeName(stage: Stage, picks: Picks): ServiceName | undefined {
  const taken = new Set(stage.services().map(toKey))
  return picks.of(NAMES.filter(({ namespace, name }) => !taken.has(`${namespace}/${name}`)))
}

export function createService(stage: Stage, name: ServiceName, wish: Wish, what: string): void {
  const request = {
    method: 'POST',
    path: toCollection(name.namespace),
    body: toManifest(name, wish),
  } as const
  stage.send(USER, request, `create ${name.namespace}/${name.name}${what}`)
}

/** With a merge patch, of a Service chosen from those that are as asked for. */
export function patchService(
  stage: Stage,
  picks: Picks,
  isWanted: (service: KubeService) => boolean,
  toPatch: (service: KubeService) => { readonly patch: object; readonly what: string },
): boolean {
  const service = picks.of(stage.services().filter(isWanted))
  if (!service) return false
  const { patch, what } = toPatch(service)
  const request = { method: 'PATCH', path: toPath(service), patch: 'merge', body: patch } as const
  stage.send(USER, request, `${toKey(service)}: ${what}`)
  return true
}

export const annotate = (annotations: Readonly<Record<string, string | null>>): object => ({
  metadata: { annotations },
})

export const annotationOf = ({ metadata }: KubeService, key: string): string | undefined =>
  metadata.annotations?.[key]
export const isBalancer = ({ spec }: KubeService): boolean => spec?.type === 'LoadBalancer'
export const isStaying = ({ metadata }: KubeService): boolean => metadata.deletionTimestamp === undefined
export const isLiveBalancer = (service: KubeService): boolean => isBalancer(service) && isStaying(service)
export const isHeld = ({ metadata }: KubeService): boolean =>
  metadata.finalizers?.includes(FINALIZER) ?? false
export const addressesOf = (service: KubeService): string[] =>
  (annotationOf(service, ASSIGNED_IPS) ?? '').split(',').filter(Boolean)
