import { isIP } from 'node:net'
import type { Test } from 'tap'
import type { ANNOUNCER_NAMES } from '../../shared/announcers/announcers.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import {
  type LoadBalancers,
  type LoadBalancersOptions,
  startLoadBalancers,
} from '../scenarios/_load-balancers.ts'
import {
  PURELB_DEFINITION,
  SHORT_METALLB_DEFINITIONS,
  toCiliumDefinition,
} from '../support/announcer-definitions.ts'
import type { TestCluster } from '../support/cluster.ts'
import { ingressOf, isHeld } from '../support/services.ts'

export type AnnouncerName = (typeof ANNOUNCER_NAMES)[number]

/** What the announcers' pools need of a cluster. */
export const DEFINITIONS: readonly object[] = [
  ...SHORT_METALLB_DEFINITIONS.slice(0, 1),
  toCiliumDefinition('v2'),
  PURELB_DEFINITION,
]
const POOL_NAMESPACES = ['metallb-system', 'purelb-system'] as const

/** The annotation by which each announcer is asked for addresses; `direct` reads none. */
export const ADDRESS_KEYS = {
  'kube-vip': 'kube-vip.io/loadbalancerIPs',
  metallb: 'metallb.io/loadBalancerIPs',
  cilium: 'lbipam.cilium.io/ips',
  purelb: 'purelb.io/addresses',
  direct: undefined,
} as const satisfies Record<AnnouncerName, string | undefined>

/** Pool and group that hold every address of ours. */
export const OUR_POOL = 'cloud-provider-phoenixnap'
/** What the readers tell of a Service that may be given any address of ours. */
export const ANY = 'any'

/**
 * What an announcer would try to serve a Service with, by its own rules and with nothing else in its way: it asks
 * neither whose the address is nor whether the Service is being deleted. A host name may be any address.
 */
export const READERS: Readonly<Record<AnnouncerName, (service: KubeService) => readonly string[]>> = {
  'kube-vip': ({ metadata: { annotations = {} }, spec }) =>
    annotations['kube-vip.io/ignore'] === 'true' || !isOfClass(spec, ['kube-vip.io/kube-vip-class'])
      ? []
      : split(annotations[ADDRESS_KEYS['kube-vip']] ?? spec?.loadBalancerIP),
  metallb({ metadata: { annotations = {} }, spec }) {
    const pool = annotations['metallb.io/address-pool'] ?? annotations['metallb.universe.tf/address-pool']
    const text = annotations[ADDRESS_KEYS.metallb] ?? annotations['metallb.universe.tf/loadBalancerIPs']
    const isRefused = (pool && pool !== OUR_POOL) || (text && spec?.loadBalancerIP)
    if (isRefused || !isOfClass(spec, [])) return []
    const named = text || spec?.loadBalancerIP
    return named || !pool ? splitStrictly(named) : [ANY]
  },
  // Its pools are for one Service each: what a Service asks for decides nothing.
  cilium: () => [],
  purelb(service) {
    if (!isOfClass(service.spec, ['purelb.io/purelb', 'purelb.io/purelbv2'])) return []
    const { metadata, spec } = service
    const text = metadata.annotations?.[ADDRESS_KEYS.purelb] ?? spec?.loadBalancerIP
    const named = /\s/.test(text ?? '') ? [] : splitStrictly(text)
    return [...named, ...(drawsFromGroup(service, text) ? [ANY] : [])]
  },
  direct: service => (isHeld(service) ? ingressOf(service) : []),
}

/** By the group's name alone; with multi-pool beside what it has of the group, which PureLB tells by its own note. */
function drawsFromGroup({ metadata: { annotations = {} } }: KubeService, text: string | undefined): boolean {
  const {
    'purelb.io/service-group': group,
    'purelb.io/multi-pool': multiPool,
    'purelb.io/allocated-from': from,
  } = annotations
  if (text === undefined && group === OUR_POOL) return true
  // The group of that name may say so for all of its Services.
  if (from === OUR_POOL && multiPool !== 'false') return true
  return multiPool === 'true' && (group === undefined || group === OUR_POOL) && text !== undefined
}

const isOfClass = (spec: KubeService['spec'], classes: readonly string[]): boolean =>
  spec?.type === 'LoadBalancer' &&
  (spec.loadBalancerClass === undefined || classes.includes(spec.loadBalancerClass))

/** One that is no address makes the whole list be refused. */
function splitStrictly(text: string | undefined): string[] {
  const entries = split(text)
  return entries.every(entry => isIP(entry) > 0) ? entries : []
}

const split = (text = ''): string[] => text.split(',').flatMap(entry => entry.trim() || [])

/** Brings the namespaces in which MetalLB and PureLB have their pools. */
const addPoolNamespaces = async ({ admin }: Pick<LoadBalancers, 'admin'>): Promise<void> => {
  for (const name of POOL_NAMESPACES)
    await admin
      .request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
      .catch(() => {})
}

/** One story in which any announcer may be the cluster's; at its end nothing is written any more. */
export function attempt(
  t: Test,
  cluster: TestCluster,
  name: string,
  options: LoadBalancersOptions,
  tell: (t: Test, lb: LoadBalancers) => Promise<void>,
): void {
  t.test(name, async t => {
    const lb = await startLoadBalancers(t, cluster, { ...options, before: addPoolNamespaces })
    await tell(t, lb)
    await lb.settle()
    await expectQuiet(t, lb)
  })
}

/** Another pass changes no Service and no claim. */
export async function expectQuiet(t: Test, lb: LoadBalancers): Promise<void> {
  const before = [await lb.services(), await lb.claims()]
  t.match(await lb.world.resync(), { state: 'complete', changes: [], failures: [] })
  t.strictSame([await lb.services(), await lb.claims()], before, 'nothing is written again')
}
