import { parseAddress } from '../ip-address.ts'
import type { KubeService } from '../kubernetes/types.ts'
import type { Announcer, PoolEntry, PoolKind } from './contract.ts'
import { type Annotations, toFields, withoutAssigned, withoutMark } from './fields.ts'
import { POOL_NAME, sortEntries, WAITING_POOL } from './pool-entries.ts'
import {
  annotationOf,
  readAddressRequest,
  readAnnotation,
  readLoadBalancerIP,
  readNamedAddresses,
  saysExactly,
  toHostCidr,
} from './requests.ts'

/** Wins over spec.loadBalancerIP and over GROUP; no blanks allowed. https://purelb.io/docs/reference/annotations/ */
const ADDRESSES = 'purelb.io/addresses'
/** Pool to take an address from; `default` without it. */
const GROUP = 'purelb.io/service-group'
/**
 * Since 0.15 PureLB gives a Service for which this is "true" an address of every range, and a range of ours is one
 * address: of the group in ALLOCATED_FROM where it has an address already, of GROUP otherwise. Without it, what the
 * group says counts: `multiPool` in GROUP, be it not the one that is drawn from. isMultiPoolService and
 * IncrementalMultiPool in its internal/allocator.
 */
const MULTI_POOL = 'purelb.io/multi-pool'
const ONE_ADDRESS = 'false'
/** PureLB's own note, which it believes; newer sources go by the addresses in the status. */
const ALLOCATED_FROM = 'purelb.io/allocated-from'
/** In no group of ours: PureLB gives nothing to a Service that asks for it. */
const NEVER = '0.0.0.0'
const KEYS = { annotations: [ADDRESSES], placeholder: NEVER }
/** Since 0.17 PureLB reads ServiceGroups from where it is installed only; this is where its manifests put it. */
const NAMESPACE = 'purelb-system'

const KIND: PoolKind = {
  apiVersion: 'purelb.io/v2',
  kind: 'ServiceGroup',
  path: `/apis/purelb.io/v2/namespaces/${NAMESPACE}/servicegroups`,
  crd: 'servicegroups.purelb.io',
}

export const pureLB: Announcer = {
  name: 'purelb',
  statusIsOurs: false,
  keepsAddressAfterTypeChange: false,
  readRequest: (service, assigned) => readAddressRequest(service, assigned, KEYS),
  readNamed: service => readNamedAddresses(service, KEYS),
  resolvesNames: false,
  servedElsewhere,
  drawsFromOurs,
  toServing: (service, addresses) =>
    servedElsewhere(service)
      ? {}
      : toFields(service, {
          [MULTI_POOL]: ONE_ADDRESS,
          ...withoutMark(service, GROUP, WAITING_POOL),
          ...(isSaid(service, addresses) ? {} : { [ADDRESSES]: addresses.join(',') }),
        }),
  // Also in place of the name of our own group: PureLB would take any address of it, another Service's too.
  // Another group stays: it has no effect on who asks for an address, and is followed by who does not.
  toWaiting: service =>
    toFields(service, {
      ...(servedElsewhere(service) ? {} : { [GROUP]: WAITING_POOL }),
      ...(servedElsewhere(service) && !hasAddress(service) ? {} : { [MULTI_POOL]: ONE_ADDRESS }),
      ...toRefused(service),
    }),
  toCleared: (service, assigned) =>
    toFields(service, {
      ...withoutMark(service, GROUP, WAITING_POOL),
      ...withoutOneAddress(service, assigned),
      ...withoutRefusal(service),
      ...withoutAssigned(service, ADDRESSES, assigned),
    }),
  poolKinds: [KIND],
  toPools: entries =>
    entries.length === 0 ? [] : [{ kind: KIND, name: POOL_NAME, spec: { remote: toRemote(entries) } }],
}

function servedElsewhere(service: KubeService): string | undefined {
  const group = annotationOf(service, GROUP)
  return group && group !== WAITING_POOL && group !== POOL_NAME ? `${GROUP}: ${group}` : undefined
}

function drawsFromOurs(service: KubeService, isOurs: (address: string) => boolean): boolean {
  const namesNone = annotationOf(service, ADDRESSES) === undefined && readLoadBalancerIP(service).text === ''
  if (namesNone && annotationOf(service, GROUP) === POOL_NAME) return true
  const multiPool = annotationOf(service, MULTI_POOL)
  if (multiPool === ONE_ADDRESS) return false
  if (isFromOurs(service) || addressesOf(service).some(isOurs)) return true
  const mayBeOurs =
    annotationOf(service, GROUP) === POOL_NAME || pureLB.readNamed(service).addresses.some(isOurs)
  return multiPool === 'true' && mayBeOurs
}

/** PureLB notes several groups with commas between them. */
const isFromOurs = (service: KubeService): boolean =>
  (annotationOf(service, ALLOCATED_FROM) ?? '').split(',').some(name => name.trim() === POOL_NAME)

const hasAddress = (service: KubeService): boolean => isFromOurs(service) || addressesOf(service).length > 0

const addressesOf = ({ status }: KubeService): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => parseAddress(ip ?? '')?.text ?? [])

/** PureLB takes no address out of the status: as long as one is there, it would be what more are drawn by. */
function withoutOneAddress(service: KubeService, assigned: readonly string[]): Annotations {
  const wasOurs = assigned.length > 0 || annotationOf(service, GROUP) === WAITING_POOL
  const isHeld = service.spec?.type === 'LoadBalancer' && hasAddress(service)
  return wasOurs && !isHeld ? withoutMark(service, MULTI_POOL, ONE_ADDRESS) : {}
}

/**
 * Who asks for an address gets it whatever the group is. A blank makes PureLB refuse the annotation and leaves the
 * user's wish readable; the field is hidden by an annotation.
 */
function toRefused(service: KubeService): Annotations {
  const text = annotationOf(service, ADDRESSES) ?? ''
  if (text !== '') return text === NEVER || /\s/.test(text) ? {} : { [ADDRESSES]: ` ${text}` }
  return readLoadBalancerIP(service).text === '' ? {} : { [ADDRESSES]: NEVER }
}

function withoutRefusal(service: KubeService): Annotations {
  const text = annotationOf(service, ADDRESSES) ?? ''
  const isBlankOurs = annotationOf(service, GROUP) === WAITING_POOL && text.startsWith(' ')
  return isBlankOurs ? { [ADDRESSES]: text.slice(1) } : withoutMark(service, ADDRESSES, NEVER)
}

function isSaid(service: KubeService, addresses: readonly string[]): boolean {
  const isAnnotated = annotationOf(service, ADDRESSES) !== undefined
  const written = isAnnotated ? readAnnotation(service, KEYS.annotations) : readLoadBalancerIP(service)
  return !/\s/.test(written.text) && saysExactly(written, addresses)
}

/**
 * `remote` announces an address on a node's interface where that interface has its subnet, and otherwise on the dummy
 * interface of every node; `local` does only the former, so that the addresses of a second block would never be heard of.
 */
function toRemote(entries: readonly PoolEntry[]) {
  const toRanges = (family: string) =>
    sortEntries(entries)
      .filter(entry => entry.family === family)
      .map(({ address }) => toRange(toHostCidr(address)))
  const [v4pools, v6pools] = [toRanges('IPv4'), toRanges('IPv6')]
  return { ...(v4pools.length > 0 ? { v4pools } : {}), ...(v6pools.length > 0 ? { v6pools } : {}) }
}

/** @param cidr of one address; the aggregation is its prefix length with the slash */
const toRange = (cidr: string) => ({ pool: cidr, subnet: cidr, aggregation: cidr.slice(cidr.indexOf('/')) })
