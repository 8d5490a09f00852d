import ipaddr from 'ipaddr.js'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { hasCode } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import {
  ASSIGNED_IPS,
  FINALIZER,
  IP_BLOCKS_LEASE,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  NAME,
  NAMESPACE,
  RESYNC_LEASE,
  WAITING,
} from '../../shared/kubernetes/names.ts'
import type { IPAddress, KubeService, Lease } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'

/** A Service of a test by `name` (in `default`) or `namespace/name`. */
export type ServiceName = string

/** What a user writes into a manifest beside name, type and port. */
export interface ServiceWish {
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  /** Laid over the spec of a load balancer with one port; undefined takes a field out. */
  readonly spec?: Readonly<Record<string, unknown>>
}

export interface ServiceManifest extends KubeService {
  readonly apiVersion: 'v1'
  readonly kind: 'Service'
}

export const KUBE_VIP_IPS = 'kube-vip.io/loadbalancerIPs'
export const KUBE_VIP_IGNORE = 'kube-vip.io/ignore'
/** Namespaces beside `default` in which tests make Services. */
export const NAMESPACES = ['team-a', 'team-b'] as const
export const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`
const INVENTORY = `/api/v1/namespaces/${NAMESPACE}/configmaps/${NAME}`
const WEBHOOK = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`
/** Annotation of the Lease: the purchase under way, as JSON. */
const PURCHASE = 'phoenixnap.com/purchase'
const PARALLEL = 16

export function splitName(name: ServiceName): { namespace: string; name: string } {
  const [first = '', second] = name.split('/')
  return second === undefined ? { namespace: 'default', name: first } : { namespace: first, name: second }
}

/** The name by which tests call it. */
export const nameOf = ({ metadata: { namespace, name } }: KubeService): ServiceName =>
  namespace === undefined || namespace === 'default' ? name : `${namespace}/${name}`

export function pathOf(service: ServiceName): string {
  const { namespace, name } = splitName(service)
  return `/api/v1/namespaces/${namespace}/services/${name}`
}

/** `kubectl create service loadbalancer NAME --tcp=80`, and whatever else is wished for. */
export function createManifest(service: ServiceName, wish: ServiceWish = {}): ServiceManifest {
  const { namespace, name } = splitName(service)
  const spec = {
    type: 'LoadBalancer',
    ports: [{ name: '80', port: 80, protocol: 'TCP', targetPort: 80 }],
    selector: { app: name },
    ...wish.spec,
  }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace,
      name,
      labels: { app: name },
      ...(wish.annotations ? { annotations: wish.annotations } : {}),
      ...(wish.finalizers ? { finalizers: wish.finalizers } : {}),
    },
    spec,
  }
}

const annotation = (service: KubeService | undefined, key: string): string | undefined =>
  service?.metadata.annotations?.[key]

const toList = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

/** Addresses that we chose, by our own annotation. */
export const assignedTo = (service: KubeService | undefined): string[] =>
  toList(annotation(service, ASSIGNED_IPS))
/** Addresses that kube-vip would serve now: its annotation wins over the field. */
export const announcedFor = (service: KubeService | undefined): string[] =>
  isIgnored(service) ? [] : toList(annotation(service, KUBE_VIP_IPS) ?? service?.spec?.loadBalancerIP)
export const isWaiting = (service: KubeService | undefined): boolean =>
  annotation(service, WAITING) !== undefined
export const isIgnored = (service: KubeService | undefined): boolean =>
  annotation(service, KUBE_VIP_IGNORE) === 'true'
export const isHeld = (service: KubeService | undefined): boolean =>
  service?.metadata.finalizers?.includes(FINALIZER) ?? false
export const ingressOf = (service: KubeService | undefined): string[] =>
  service?.status?.loadBalancer?.ingress?.flatMap(({ ip }) => (ip ? [ip] : [])) ?? []
/** Addresses at which a client would look for it: announced or, where nobody announces, in the status that we write. */
export function publishedFor(service: KubeService): string[] {
  const announced = announcedFor(service)
  return announced.length > 0 || isIgnored(service) || !isHeld(service) ? announced : ingressOf(service)
}

/** Every Service of the cluster but the API server's own. */
export async function listServices(admin: Kube): Promise<KubeService[]> {
  const { body } = await admin.request<{ items: KubeService[] }>({ path: '/api/v1/services' })
  return body.items.filter(({ metadata }) => metadata.name !== 'kubernetes')
}

export async function findService(admin: Kube, service: ServiceName): Promise<KubeService | undefined> {
  try {
    return (await admin.request<KubeService>({ path: pathOf(service) })).body
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

/** One IPAddress object of ours, as a person reads it. */
export interface AddressView {
  readonly address: string
  /** Of a claim; undefined for a gate. */
  readonly service: ServiceName | undefined
  readonly state: string | undefined
  readonly serviceUid: string | undefined
  readonly blockId: string | undefined
  readonly unusedSince: string | undefined
  readonly why: string | undefined
}

/** All IPAddress objects of ours: claims and gates. */
export const listAddresses = async (admin: Kube): Promise<AddressView[]> =>
  (await listOurs(admin)).map(toAddressView)

export function toAddressView({
  metadata: { name, annotations = {} },
  spec: { parentRef },
}: IPAddress): AddressView {
  const note = (key: string): string | undefined => annotations[`phoenixnap.com/${key}`]
  const { namespace = '', name: parent } = parentRef
  return {
    address: name,
    service:
      parentRef.resource === 'services' ? nameOf({ metadata: { namespace, name: parent } }) : undefined,
    state: note('state'),
    serviceUid: note('service-uid'),
    blockId: note('block-id'),
    unusedSince: note('unused-since'),
    why: note('why'),
  }
}

async function listOurs(admin: Kube): Promise<IPAddress[]> {
  const query = { labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` }
  return (await admin.request<{ items: IPAddress[] }>({ path: ADDRESSES, query })).body.items
}

export const tagOf = ({ tags = [] }: IpBlock, name: string): string | undefined =>
  tags.find(tag => tag.name === name)?.value

/** An address as its IPAddress object is named; what is no address is left as it is. */
export const canonical = (address: string): string =>
  ipaddr.isValid(address) ? ipaddr.parse(address).toString() : address

/** What is no address lies nowhere. */
export function liesIn(address: string, cidr: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const [network, length] = ipaddr.parseCIDR(cidr)
  const parsed = ipaddr.parse(address)
  return parsed.kind() === network.kind() && parsed.match(network, length)
}

/** The address at a place of an IPv4 block: 0 is the network, 1 the gateway, 2 the first that a Service can have. */
export function addressIn(cidr: string, place: number): string {
  const [first, second, third, last] = cidr.split('/')[0]?.split('.').map(Number) ?? []
  return [first, second, third, (last ?? 0) + place].join('.')
}

export interface ServiceEvent {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly source: { readonly component?: string }
}

/** Events about a Service, as `kubectl describe` shows them. */
export async function listEvents(admin: Kube, service: ServiceName): Promise<ServiceEvent[]> {
  const { namespace, name } = splitName(service)
  const { body } = await admin.request<{ items: ServiceEvent[] }>({
    path: `/api/v1/namespaces/${namespace}/events`,
    query: { fieldSelector: `involvedObject.kind=Service,involvedObject.name=${name}` },
  })
  return body.items
}

/**
 * Claims, gates and Leases become older by `ms`: their times are the API server's own, whose clock no test can turn.
 */
export async function ageAddresses(admin: Kube, ms: number): Promise<void> {
  await mapLimit(await listOurs(admin), PARALLEL, async ({ metadata: { name, annotations = {} } }) => {
    const keys = ['phoenixnap.com/since', 'phoenixnap.com/unused-since']
    const aged = keys.flatMap(key => toAged(key, annotations[key], ms))
    const body = { metadata: { annotations: Object.fromEntries(aged) } }
    await ignoreAbsent(admin.request({ method: 'PATCH', path: `${ADDRESSES}/${name}`, patch: 'merge', body }))
  })
  for (const name of [RESYNC_LEASE, IP_BLOCKS_LEASE])
    await ignoreAbsent(ageLease(admin, `${LEASES}/${name}`, ms))
}

/** With the purchase that it remembers. */
async function ageLease(admin: Kube, path: string, ms: number): Promise<void> {
  const { spec, metadata } = (await admin.request<Lease>({ path })).body
  const times = ['acquireTime', 'renewTime'] as const
  const aged = times.flatMap(key => toAged(key, spec?.[key] ?? undefined, ms, toMicroTime))
  const intent = metadata.annotations?.[PURCHASE]?.replace(/(?<="since":")[^"]+/, text =>
    new Date(Date.parse(text) - ms).toISOString(),
  )
  const body = {
    spec: Object.fromEntries(aged),
    ...(intent === undefined ? {} : { metadata: { annotations: { [PURCHASE]: intent } } }),
  }
  await admin.request({ method: 'PATCH', path, patch: 'merge', body })
}

function toAged(
  key: string,
  text: string | undefined,
  ms: number,
  write = toTime,
): readonly (readonly [string, string])[] {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? [] : [[key, write(at - ms)]]
}

const toMicroTime = (at: number): string => new Date(at).toISOString().replace('Z', '000Z')
const toTime = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

/** Removes whatever an earlier test left of Services and of ours, and makes the namespaces. */
export async function clearServices(admin: Kube): Promise<void> {
  await ignoreAbsent(admin.request({ method: 'DELETE', path: WEBHOOK }))
  const services = await listServices(admin)
  await mapLimit(services, PARALLEL, service => removeByForce(admin, nameOf(service)))
  const ours = await listOurs(admin)
  await mapLimit(ours, PARALLEL, ({ metadata: { name } }) =>
    ignoreAbsent(admin.request({ method: 'DELETE', path: `${ADDRESSES}/${name}` })),
  )
  const leases = [RESYNC_LEASE, IP_BLOCKS_LEASE].map(name => `${LEASES}/${name}`)
  for (const path of [INVENTORY, ...leases]) await ignoreAbsent(admin.request({ method: 'DELETE', path }))
  for (const namespace of NAMESPACES) await createNamespace(admin, namespace)
  for (const namespace of ['default', ...NAMESPACES])
    await admin.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/events` })
}

/** As an administrator who takes off every finalizer does it. */
export async function removeByForce(admin: Kube, service: ServiceName): Promise<void> {
  const path = pathOf(service)
  const body = { metadata: { finalizers: null } }
  await ignoreAbsent(admin.request({ method: 'PATCH', path, patch: 'merge', body }))
  await ignoreAbsent(admin.request({ method: 'DELETE', path }))
}

async function createNamespace(admin: Kube, name: string): Promise<void> {
  try {
    await admin.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
  } catch (error) {
    if (!hasCode(error, 'KUBE_ALREADY_EXISTS')) throw error
  }
}

async function ignoreAbsent(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  }
}
