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
  toServing: (service, addresses) =>
    servedElsewhere(service)
      ? {}
      : toFields(service, {
          ...withoutMark(service, GROUP, WAITING_POOL),
          ...(isSaid(service, addresses) ? {} : { [ADDRESSES]: addresses.join(',') }),
        }),
  // Also in place of the name of our own group: PureLB would take any address of it, another Service's too.
  // Another group stays: it has no effect on who asks for an address, and is followed by who does not.
  toWaiting: service =>
    toFields(service, {
      ...(servedElsewhere(service) ? {} : { [GROUP]: WAITING_POOL }),
      ...toRefused(service),
    }),
  toCleared: (service, assigned) =>
    toFields(service, {
      ...withoutMark(service, GROUP, WAITING_POOL),
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
