import type { Announcer, AnnouncerFields, PoolEntry } from '../../shared/announcers/contract.ts'
import type { KubeService, LoadBalancerIngress } from '../../shared/kubernetes/types.ts'

export const V4 = '203.0.113.9'
export const OTHER_V4 = '203.0.113.10'
export const V6 = '2001:db8::5'

type Spec = NonNullable<KubeService['spec']>

/** The Service default/web with these annotations. */
export const makeService = (
  annotations: Readonly<Record<string, string>> = {},
  spec: Spec = {},
  ingress: readonly LoadBalancerIngress[] = [],
): KubeService => ({
  metadata: { name: 'web', namespace: 'default', annotations },
  spec: { type: 'LoadBalancer', ...spec },
  status: { loadBalancer: { ingress } },
})

/** The Service as it is once the fields were written. */
export function write(service: KubeService, fields: AnnouncerFields): KubeService {
  const merged = { ...service.metadata.annotations, ...fields.annotations }
  const kept = Object.entries(merged).flatMap(([key, value]) =>
    value === null ? [] : [[key, value] as const],
  )
  return {
    ...service,
    metadata: { ...service.metadata, annotations: Object.fromEntries(kept) },
    ...(fields.ingress ? { status: { loadBalancer: { ingress: fields.ingress } } } : {}),
  }
}

export const entryOf = (address: string, name = 'web', namespace = 'default'): PoolEntry => ({
  address,
  family: address.includes(':') ? 'IPv6' : 'IPv4',
  service: { namespace, name },
})

type Written = Readonly<Record<string, string>>

/** One row of an announcer's table: what is on the Service, and what becomes of its annotations. */
export interface FieldsCase {
  readonly what: string
  readonly given?: Written
  readonly loadBalancerIP?: string
  readonly expected: Readonly<Record<string, string | null>>
}

export const toGiven = ({ given, loadBalancerIP }: FieldsCase): KubeService =>
  makeService(given, loadBalancerIP === undefined ? {} : { loadBalancerIP })

/** What is written, as a table row has it. */
export const annotationsOf = (fields: AnnouncerFields): AnnouncerFields['annotations'] =>
  fields.annotations ?? {}

/** Addresses, or the malformed entries, of a request with its source. */
export const summarise = (
  announcer: Announcer,
  service: KubeService,
  assigned: readonly string[],
): unknown => {
  const request = announcer.readRequest(service, assigned)
  return request && [request.source, ...request.addresses, ...request.malformed.map(entry => `?${entry}`)]
}
