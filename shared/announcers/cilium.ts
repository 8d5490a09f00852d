import type { KubeService } from '../kubernetes/types.ts'
import type { Announcer, PoolEntry, PoolKind, PoolObject } from './contract.ts'
import { type Annotations, toFields, withoutAssigned, withoutMark } from './fields.ts'
import { POOL_NAME, sortEntries } from './pool-entries.ts'
import {
  annotationOf,
  isSameSet,
  readAddressRequest,
  readAnnotation,
  readLoadBalancerIP,
  readNamedAddresses,
  toHostCidr,
} from './requests.ts'

/** Read together with spec.loadBalancerIP, as one set. https://docs.cilium.io/en/stable/network/lb-ipam/#requesting-ips */
const ADDRESSES = 'lbipam.cilium.io/ips'
const OLD_ADDRESSES = 'io.cilium/lb-ipam-ips'
/**
 * A Service that asks for any address is given nothing but that: asking for one that is in no pool keeps Cilium from
 * serving it out of a pool without a selector.
 */
const NEVER = '0.0.0.0'
const KEYS = { annotations: [ADDRESSES, OLD_ADDRESSES], placeholder: NEVER }

const toKind = (version: string): PoolKind => ({
  apiVersion: `cilium.io/${version}`,
  kind: 'CiliumLoadBalancerIPPool',
  path: `/apis/cilium.io/${version}/ciliumloadbalancerippools`,
  crd: 'ciliumloadbalancerippools.cilium.io',
})
const KIND: PoolKind = { ...toKind('v2'), fallback: toKind('v2alpha1') }

export const cilium: Announcer = {
  name: 'cilium',
  statusIsOurs: false,
  keepsAddressAfterTypeChange: false,
  readRequest: (service, assigned) => readAddressRequest(service, assigned, KEYS),
  readNamed: service => readNamedAddresses(service, KEYS),
  resolvesNames: false,
  toServing: (service, addresses) =>
    isSameSet(readEffective(service), addresses)
      ? {}
      : toFields(service, { [ADDRESSES]: addresses.join(',') }),
  toWaiting: service => (readEffective(service).length > 0 ? {} : toFields(service, toMark(service))),
  toCleared: (service, assigned) =>
    toFields(service, {
      ...withoutMarks(service),
      ...withoutAssigned(service, ADDRESSES, assigned),
    }),
  poolKinds: [KIND],
  toPools: entries =>
    sortEntries(entries)
      .map(toPool)
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
}

/** What Cilium takes for a request; it skips what is no address. */
const readEffective = (service: KubeService): readonly string[] => [
  ...readLoadBalancerIP(service).addresses,
  ...readAnnotation(service, KEYS.annotations).addresses,
]

/** What holds no address stays behind the mark, so that its user is told of it. */
function toMark(service: KubeService): Annotations {
  const { source, text } = readAnnotation(service, KEYS.annotations)
  if (text.trim() === '') return { [ADDRESSES]: NEVER }
  return text.startsWith(NEVER) ? {} : { [source]: `${NEVER},${text}` }
}

const withoutMarks = (service: KubeService): Annotations => ({
  ...withoutMark(service, ADDRESSES, NEVER),
  ...Object.fromEntries(
    KEYS.annotations
      .map(key => [key, annotationOf(service, key) ?? ''] as const)
      .filter(([, text]) => text.startsWith(`${NEVER},`))
      .map(([key, text]) => [key, text.slice(NEVER.length + 1)]),
  ),
})

/** One pool an address: without a selector any Service would be given it, and there is no switch against that. */
const toPool = ({ address, service }: PoolEntry): PoolObject => ({
  kind: KIND,
  name: `${POOL_NAME}-${toNamePart(address)}`,
  spec: {
    blocks: [{ cidr: toHostCidr(address) }],
    serviceSelector: {
      matchLabels: {
        'io.kubernetes.service.namespace': service.namespace,
        'io.kubernetes.service.name': service.name,
      },
    },
  },
})

/** As a part of an object's name, which ends in a letter or digit; canonical IPv6 never ends in `::0`, so both differ. */
const toNamePart = (address: string): string => address.replaceAll(/[.:]/g, '-').replace(/-$/, '-0')
