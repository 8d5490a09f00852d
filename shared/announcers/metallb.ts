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

/** https://metallb.io/usage/#requesting-specific-ips; an error beside spec.loadBalancerIP, even when equal. */
const ADDRESSES = 'metallb.io/loadBalancerIPs'
const OLD_ADDRESSES = 'metallb.universe.tf/loadBalancerIPs'
/** An error beside addresses of another pool. */
const POOL = 'metallb.io/address-pool'
const OLD_POOL = 'metallb.universe.tf/address-pool'
/** MetalLB reads an old key only where the new one is absent. */
const KEYS = { annotations: [ADDRESSES, OLD_ADDRESSES] }

/** @param namespace where MetalLB is installed: it reads pools from there only */
export function newMetalLB(namespace: string): Announcer {
  const kind: PoolKind = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    path: `/apis/metallb.io/v1beta1/namespaces/${namespace}/ipaddresspools`,
    crd: 'ipaddresspools.metallb.io',
  }
  return {
    name: 'metallb',
    statusIsOurs: false,
    keepsAddressAfterTypeChange: false,
    readRequest: (service, assigned) => readAddressRequest(service, assigned, KEYS),
    readNamed: service => readNamedAddresses(service, KEYS),
    resolvesNames: false,
    servedElsewhere,
    drawsFromOurs,
    toServing: (service, addresses) =>
      servedElsewhere(service) ? {} : toFields(service, toServingAnnotations(service, addresses)),
    // Also in place of the name of our own pool: without addresses MetalLB would take any of it, another Service's too.
    toWaiting: service => (servedElsewhere(service) ? {} : toFields(service, { [POOL]: WAITING_POOL })),
    toCleared: (service, assigned) =>
      toFields(service, {
        ...withoutMark(service, POOL, WAITING_POOL),
        ...withoutAssigned(service, ADDRESSES, assigned),
      }),
    poolKinds: [kind],
    toPools: entries => (entries.length === 0 ? [] : [{ kind, name: POOL_NAME, spec: toSpec(entries) }]),
  }
}

function servedElsewhere(service: KubeService): string | undefined {
  const key = [POOL, OLD_POOL].find(name => annotationOf(service, name) !== undefined)
  const pool = key === undefined ? undefined : annotationOf(service, key)
  return pool && pool !== WAITING_POOL && pool !== POOL_NAME ? `${key}: ${pool}` : undefined
}

/** An empty annotation hides the old key as well; the old name comes back to life once the mark before it is gone. */
function drawsFromOurs(service: KubeService): boolean {
  const named = [POOL, OLD_POOL].map(key => annotationOf(service, key))
  const pool = named.find(name => name !== undefined && name !== WAITING_POOL)
  const texts = [readAnnotation(service, KEYS.annotations).text, readLoadBalancerIP(service).text]
  return pool === POOL_NAME && texts.every(text => text === '')
}

/**
 * The field is its user's and is never overwritten. MetalLB would follow it to any address of our pool, be it claimed
 * for another Service: where the field names an address that was not chosen, it is kept from serving anything.
 */
function toServingAnnotations(service: KubeService, addresses: readonly string[]): Annotations {
  const asksForAnother = readLoadBalancerIP(service).addresses.some(address => !addresses.includes(address))
  return asksForAnother
    ? { [POOL]: WAITING_POOL }
    : { ...withoutMark(service, POOL, WAITING_POOL), ...toAddressAnnotations(service, addresses) }
}

function toAddressAnnotations(service: KubeService, addresses: readonly string[]): Annotations {
  if (readLoadBalancerIP(service).text) return { [ADDRESSES]: null, [OLD_ADDRESSES]: null }
  const isSaid = saysExactly(readAnnotation(service, KEYS.annotations), addresses)
  return isSaid ? {} : { [ADDRESSES]: addresses.join(',') }
}

/**
 * One pool for all: both addresses of a dual-stack Service must be in one. It is never empty: a pool without addresses
 * makes MetalLB ignore every later change of its configuration.
 */
const toSpec = (entries: readonly PoolEntry[]) => ({
  addresses: sortEntries(entries).map(({ address }) => toHostCidr(address)),
  autoAssign: false,
})
