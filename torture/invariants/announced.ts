import { parseAddress } from '../../shared/ip-address.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { ingressOf } from '../../test/support/services.ts'

/**
 * What an announcer is told to serve, as it reads Services and pools itself; written after what each announcer
 * documents, and not after our own code that writes for it.
 */
export interface Announced {
  /** Canonical addresses that it serves the Service with. */
  readonly served: readonly string[]
  /** Canonical addresses of which it may take any for the Service. */
  readonly offered: readonly string[]
}

/** Objects of a kind that is written in plural, as `ipaddresspools`. */
export type ListPools = (resource: string) => readonly KubeObject[]

/** What is read of pools of all kinds. */
interface PoolSpec {
  readonly addresses?: readonly string[]
  readonly autoAssign?: boolean
  readonly blocks?: readonly { readonly cidr?: string }[]
  readonly serviceSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly remote?: Readonly<Partial<Record<'v4pools' | 'v6pools', readonly { readonly pool: string }[]>>> & {
    readonly multiPool?: boolean
  }
}

/** Class that an announcer serves beside none and those that it is set up for. */
const OWN_CLASSES: Readonly<Record<string, readonly string[]>> = {
  'kube-vip': ['kube-vip.io/kube-vip-class'],
  purelb: ['purelb.io/purelb', 'purelb.io/purelbv2'],
  cilium: ['io.cilium/bgp-control-plane', 'io.cilium/l2-announcer'],
}

const NONE: Announced = { served: [], offered: [] }

/** @param classes that the announcer is set up for */
export function toAnnounced(
  announcer: string,
  service: KubeService,
  listPools: ListPools,
  classes: readonly string[] = [],
): Announced {
  const { type, loadBalancerClass } = service.spec ?? {}
  const served = [...classes, ...(OWN_CLASSES[announcer] ?? [])]
  if (type !== 'LoadBalancer') return NONE
  if (loadBalancerClass !== undefined && !served.includes(loadBalancerClass)) return NONE
  return READERS[announcer]?.(service, listPools) ?? NONE
}

type Reader = (service: KubeService, listPools: ListPools) => Announced

const READERS: Readonly<Record<string, Reader>> = {
  'kube-vip': service =>
    annotationOf(service, 'kube-vip.io/ignore') === 'true'
      ? NONE
      : serve(toList(annotationOf(service, 'kube-vip.io/loadbalancerIPs') ?? fieldOf(service))),
  direct: service => serve(ingressOf(service).flatMap(toList)),
  metallb: readMetalLB,
  cilium: readCilium,
  purelb: readPureLB,
}

/** Beside the field the annotation is an error; all addresses have to be in one pool. */
function readMetalLB(service: KubeService, listPools: ListPools): Announced {
  const annotated = either(service, 'metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs')
  const wanted = toList(annotated || fieldOf(service))
  if (annotated && fieldOf(service)) return NONE
  const name = either(service, 'metallb.io/address-pool', 'metallb.universe.tf/address-pool')
  const pools = listPools('ipaddresspools').filter(({ metadata }) => !name || metadata.name === name)
  if (wanted.length > 0) {
    const isMet = pools.some(pool =>
      wanted.every(address => toHosts(specOf(pool).addresses).includes(address)),
    )
    return isMet ? serve(wanted) : NONE
  }
  const open = pools.filter(pool => name || specOf(pool).autoAssign !== false)
  return { served: [], offered: open.flatMap(pool => toHosts(specOf(pool).addresses)) }
}

/** It gives what is asked for, by annotation and field together, out of pools that select the Service. */
function readCilium(service: KubeService, listPools: ListPools): Announced {
  const { name, namespace = '', labels } = service.metadata
  const all: Readonly<Record<string, string>> = {
    ...labels,
    'io.kubernetes.service.namespace': namespace,
    'io.kubernetes.service.name': name,
  }
  const selects = (pool: KubeObject): boolean =>
    Object.entries(specOf(pool).serviceSelector?.matchLabels ?? {}).every(
      ([key, value]) => all[key] === value,
    )
  const offered = listPools('ciliumloadbalancerippools')
    .filter(selects)
    .flatMap(pool => toHosts(specOf(pool).blocks?.flatMap(({ cidr }) => cidr ?? [])))
  const annotated = either(service, 'lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips')
  const wanted = [...toList(annotated), ...toList(fieldOf(service))]
  return { served: wanted.filter(address => offered.includes(address)), offered }
}

function readGroup(group: KubeObject): string[] {
  const { v4pools = [], v6pools = [] } = specOf(group).remote ?? {}
  return toHosts([...v4pools, ...v6pools].map(({ pool }) => pool))
}

/** Addresses win over the group, the annotation over the field; one with a blank is refused. */
function readPureLB(service: KubeService, listPools: ListPools): Announced {
  const groups = listPools('servicegroups')
  const annotated = annotationOf(service, 'purelb.io/addresses')
  const isRefused = annotated !== undefined && /\s/.test(annotated)
  const text = annotated ?? fieldOf(service)
  const all = groups.flatMap(readGroup)
  const named = isRefused ? [] : toList(text).filter(address => all.includes(address))
  const wanted = groups.filter(({ metadata }) => metadata.name === toGroup(service))
  const isOpen = annotated === undefined && text === ''
  const many = isOfManyRanges(service, wanted) ? groups.filter(group => drawsFrom(service, group, named)) : []
  return { served: named, offered: [...new Set([...(isOpen ? wanted : []), ...many].flatMap(readGroup))] }
}

const toGroup = (service: KubeService): string =>
  annotationOf(service, 'purelb.io/service-group') ?? 'default'

/** What is written on the Service counts more than what its group says, be that not the one that is drawn from. */
function isOfManyRanges(service: KubeService, wanted: readonly KubeObject[]): boolean {
  const said = annotationOf(service, 'purelb.io/multi-pool')
  return said === undefined ? wanted.some(group => specOf(group).remote?.multiPool) : said === 'true'
}

/** Of which it has an address, or is about to; the note says so in the versions that believe it. */
function drawsFrom(service: KubeService, group: KubeObject, named: readonly string[]): boolean {
  const noted = (annotationOf(service, 'purelb.io/allocated-from') ?? '').split(',').map(name => name.trim())
  const has = [...named, ...ingressOf(service).flatMap(toList)]
  return noted.includes(group.metadata.name ?? '') || readGroup(group).some(address => has.includes(address))
}

const serve = (served: readonly string[]): Announced => ({ served, offered: [] })

const specOf = (pool: KubeObject): PoolSpec => pool['spec'] ?? {}

const annotationOf = ({ metadata }: KubeService, key: string): string | undefined =>
  metadata.annotations?.[key]
const either = (service: KubeService, key: string, old: string): string =>
  annotationOf(service, key) ?? annotationOf(service, old) ?? ''
const fieldOf = ({ spec }: KubeService): string => spec?.loadBalancerIP ?? ''

/** Canonical addresses of a list; what is none is left out. */
export const toList = (text: string): string[] =>
  text.split(',').flatMap(part => parseAddress(part)?.text ?? [])

/** Of blocks of one address, as ours are; pools of others are wider. */
const toHosts = (cidrs: readonly string[] = []): string[] =>
  cidrs.flatMap(cidr => (/\/(32|128)$/.test(cidr) ? toList(cidr.slice(0, cidr.indexOf('/'))) : []))
