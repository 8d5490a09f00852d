import { ANNOUNCER_NAMES, getAnnouncer } from '../../announcers/announcers.ts'
import type { PoolEntry } from '../../announcers/contract.ts'
import { WAITING_POOL } from '../../announcers/pool-entries.ts'
import { readLoadBalancerIP } from '../../announcers/requests.ts'
import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { liesIn } from '../../ip-address.ts'
import { ASSIGNED_IPS, CLEANUP_FINALIZER, FINALIZER, WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { isSameService } from '../address/address-index.ts'
import type { AddressBook } from '../address/contract.ts'
import { readHistory, statusAddresses } from '../service/history.ts'
import type { Step } from './contract.ts'
import { toEntry } from './plan-pools.ts'

/** Pools and marks are told apart by their names, so that nobody has to say which announcer was in use. */
const ANNOUNCERS = ANNOUNCER_NAMES.map(name => getAnnouncer(name, { metallbNamespace: '' }))
const OURS = 'phoenixnap.com/'

/** What addresses are judged by. */
export interface Holdings {
  readonly book: AddressBook
  /** Of blocks of this cluster, as far as they are known. */
  readonly cidrs: readonly string[]
  /** Services for each of which a block was bought. */
  readonly dedicated: readonly ServiceRef[]
}

type Annotations = Readonly<Record<string, string | null>>

/** What becomes of one Service; undefined where nothing of ours is on it. */
export function planService(service: KubeService, holdings: Holdings, release: boolean): Step | undefined {
  const { deletionTimestamp } = service.metadata
  if (deletionTimestamp !== undefined) return planDeleting(service, holdings, release)
  const isBalancer = service.spec?.type === 'LoadBalancer'
  // One of another type is served no longer, whatever is still written on it.
  if (release || (!isBalancer && isTouched(service))) return planRelease(service, holdings, release)
  return isTouched(service) ? planKeep(service, holdings) : undefined
}

/** Addresses that a Service has and that it keeps. */
export function listKept(service: KubeService, holdings: Holdings): PoolEntry[] {
  const { metadata, spec } = service
  if (metadata.deletionTimestamp !== undefined || spec?.type !== 'LoadBalancer') return []
  const ref = { namespace: metadata.namespace ?? '', name: metadata.name }
  const addresses = listHeld(service, holdings)
  return addresses.map(address => toEntry(address, ref))
}

/** Addresses on a Service that came from us: chosen, claimed for it, or in it and in a block of ours. */
function listHeld(service: KubeService, { book, cidrs }: Holdings): readonly string[] {
  const { namespace, name } = service.metadata
  const claimed = book.claims
    .filter(
      ({ service: ref, state }) => ref.name === name && ref.namespace === namespace && state === 'active',
    )
    .map(({ address }) => address)
  const own = [...claimed, ...readHistory(service).assigned]
  const said = listSaid(service).filter(address => cidrs.some(cidr => liesIn(address, cidr)))
  return [...new Set([...own, ...said])]
}

/** Every address that stands somewhere on a Service. */
const listSaid = (service: KubeService): readonly string[] => [
  ...statusAddresses(service),
  ...ANNOUNCERS.flatMap(announcer => announcer.readNamed(service).addresses),
]

function isTouched({ metadata: { annotations = {}, finalizers = [] } }: KubeService): boolean {
  const { [ASSIGNED_IPS]: _, ...others } = annotations
  const marks = Object.entries(others).filter(
    ([key, value]) => key === WAITING || key === KUBE_VIP_MARK || value === WAITING_POOL,
  )
  return finalizers.includes(FINALIZER) || marks.length > 0
}

const KUBE_VIP_MARK = `${OURS}kube-vip-ignore`

/** Its addresses are those of the account: what was served goes on being served. */
function planKeep(service: KubeService, holdings: Holdings): Step | undefined {
  const addresses = listHeld(service, holdings)
  const isWaiting = service.metadata.annotations?.[WAITING] !== undefined
  const annotations = keepChanges(service, { ...withoutMarks(service, []), [WAITING]: null })
  const finalizers = withoutFinalizers(service, addresses.length > 0)
  if (!annotations && !finalizers) return undefined
  const why = isWaiting
    ? 'it waits for an address that nobody would bring; its announcer may serve it otherwise'
    : `it keeps ${addresses.join(', ') || 'what it has'}`
  return toStep(service, isWaiting ? 'change' : 'keep', { annotations, finalizers }, why)
}

/** Its addresses are on their way to somebody else: nothing on it may name them any more. */
function planRelease(service: KubeService, holdings: Holdings, release: boolean): Step | undefined {
  const held = listHeld(service, holdings)
  if (held.length === 0 && !isTouched(service)) return undefined
  const annotations = keepChanges(service, {
    ...withoutMarks(service, held),
    ...(release ? withoutRequests(service, held) : {}),
    [WAITING]: null,
    [ASSIGNED_IPS]: null,
  })
  const finalizers = withoutFinalizers(service, true)
  const isPinned = release && readLoadBalancerIP(service).addresses.some(address => held.includes(address))
  const spec = isPinned ? { loadBalancerIP: null } : undefined
  const why = release
    ? `${held.join(', ') || 'what it waits for'} is given back`
    : 'it is no load balancer any more'
  if (annotations || finalizers || spec) {
    return toStep(service, 'release', { annotations, finalizers, spec }, why)
  }
  return release ? planStatus(service, held, why) : undefined
}

/** Announcers clear the status by themselves, but not all and not always. */
function planStatus(service: KubeService, held: readonly string[], why: string): Step | undefined {
  if (!statusAddresses(service).some(address => held.includes(address))) return undefined
  const ingress = (service.status?.loadBalancer?.ingress ?? []).filter(
    entry =>
      !statusAddresses({ ...service, status: { loadBalancer: { ingress: [entry] } } }).some(ip =>
        held.includes(ip),
      ),
  )
  return toStep(service, 'release', { status: { loadBalancer: { ingress } } }, why)
}

/**
 * Nobody would ever let it go. With the finalizer of the Go program alone it is left to that program, which gives its block
 * back: it was handed back, or never ours. Unless all blocks are given back from here.
 */
function planDeleting(service: KubeService, holdings: Holdings, release: boolean): Step | undefined {
  if (isLeft(service, holdings) && !(release && isKnown(service, holdings))) return undefined
  const left = withoutFinalizers(service, true)
  return left && toStep(service, 'release', { finalizers: left }, 'it is being deleted')
}

/** Whether nothing says that this deletion is ours to finish. */
const isLeft = (
  { metadata: { namespace = '', name, finalizers } }: KubeService,
  { book }: Holdings,
): boolean =>
  !finalizers?.includes(FINALIZER) &&
  // An active claim says nothing: a Service that was handed back still has it.
  !book.claims.some(
    ({ service, state }) =>
      state !== 'active' && state !== 'unconfirmed' && isSameService(service, { namespace, name }),
  )

/** Services in deletion that are left to the Go program, as `default/web`. */
export const listLeft = (services: readonly KubeService[], holdings: Holdings): readonly string[] =>
  services
    .filter(
      ({ metadata: { deletionTimestamp, finalizers } }) =>
        deletionTimestamp !== undefined && finalizers?.includes(CLEANUP_FINALIZER),
    )
    .filter(service => isLeft(service, holdings) && isKnown(service, holdings))
    .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)

/** By its address or its block: other controllers use that finalizer as well. */
const isKnown = (service: KubeService, holdings: Holdings): boolean => {
  const { namespace = '', name } = service.metadata
  return (
    listHeld(service, holdings).length > 0 ||
    holdings.dedicated.some(other => isSameService(other, { namespace, name }))
  )
}

const withoutMarks = (service: KubeService, held: readonly string[]): Annotations =>
  Object.assign(
    {},
    ...ANNOUNCERS.map(announcer => announcer.toCleared(service, held).annotations ?? {}),
  ) as Annotations

/** What asks for our addresses in other words: in a user's annotation, beside others, or under an older key. */
function withoutRequests(service: KubeService, held: readonly string[]): Annotations {
  // The field would hide what stands in an annotation as well, and is judged by itself.
  const { loadBalancerIP: _, ...spec } = service.spec ?? {}
  const requests = ANNOUNCERS.map(announcer => announcer.readRequest({ ...service, spec }, []))
  return Object.fromEntries(
    requests.flatMap(request => {
      const { source = '', addresses = [], malformed = [] } = request ?? {}
      if (!addresses.some(address => held.includes(address))) return []
      const others = [...addresses.filter(address => !held.includes(address)), ...malformed]
      return [[source, others.join(',') || null] as const]
    }),
  )
}

/** @param isOurs the other finalizer as well: a Service that we served is deleted by nobody else */
function withoutFinalizers({ metadata }: KubeService, isOurs: boolean): readonly string[] | undefined {
  const { finalizers = [] } = metadata
  const takesOther = isOurs && (finalizers.includes(FINALIZER) || metadata.deletionTimestamp !== undefined)
  const left = finalizers.filter(
    finalizer => finalizer !== FINALIZER && !(takesOther && finalizer === CLEANUP_FINALIZER),
  )
  return left.length === finalizers.length ? undefined : left
}

function keepChanges({ metadata }: KubeService, wanted: Annotations): Annotations | undefined {
  const changed = Object.entries(wanted).filter(
    ([key, value]) => value !== (metadata.annotations?.[key] ?? null),
  )
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

interface Fields {
  readonly annotations?: Annotations | undefined
  readonly finalizers?: readonly string[] | undefined
  readonly spec?: object | undefined
  readonly status?: object | undefined
}

function toStep(
  { metadata }: KubeService,
  action: Step['action'],
  { annotations, finalizers, spec, status }: Fields,
  why: string,
): Step {
  const { namespace = '', name, uid, resourceVersion } = metadata
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(name)}`
  const changes = { ...(annotations && { annotations }), ...(finalizers && { finalizers }) }
  const rest = { ...(spec && { spec }), ...(status && { status }) }
  return {
    phase: 'services',
    kind: 'Service',
    name: `${namespace}/${name}`,
    action,
    detail: { ...changes, ...rest },
    why,
    request: {
      method: 'PATCH',
      path: status ? `${path}/status` : path,
      patch: 'merge',
      body: { metadata: { uid, resourceVersion, ...changes }, ...rest },
    },
  }
}
