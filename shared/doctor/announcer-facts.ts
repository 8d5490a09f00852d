import type { Announcer } from '../announcers/contract.ts'
import { POOL_NAME } from '../announcers/pool-entries.ts'
import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { toOwnLabels } from '../kubernetes/labels.ts'
import { runningImage, toTitle, type Workload, withoutOwnPods } from './workloads.ts'

type Name = Announcer['name']

/** Images of the programs that an announcer is made of, by what they are called. */
const PROGRAMS: Readonly<Record<Name, Readonly<Record<string, RegExp>>>> = {
  'kube-vip': { 'kube-vip': /(?:^|\/)kube-vip(?:-iptables)?(?:[:@]|$)/ },
  metallb: {
    'its controller': /metallb[-/]controller(?:[:@]|$)/,
    'its speaker': /metallb[-/]speaker(?:[:@]|$)/,
  },
  cilium: { 'its agent': /(?:^|\/)cilium(?:-ci)?(?:[:@]|$)/ },
  purelb: {
    'its allocator': /purelb\/allocator|purelb-allocator/,
    'its node agent': /purelb\/lbnodeagent|purelb-lbnodeagent/,
  },
  direct: {},
}

export interface RunningAnnouncer {
  readonly running: readonly string[]
  readonly missing: readonly string[]
  readonly notes: readonly string[]
}

/** Which of an announcer's programs run. Pure. */
export function toRunning(name: Name, workloads: readonly Workload[]): RunningAnnouncer {
  const programs = Object.entries(PROGRAMS[name]).map(
    ([program, image]) => [program, runningImage(workloads, image)] as const,
  )
  const found = programs.flatMap(([, users]) => users)
  return {
    running: withoutOwnPods(found).map(toTitle),
    missing: programs.filter(([, users]) => users.length === 0).map(([program]) => program),
    notes: name === 'kube-vip' ? findKubeVipNotes(found) : [],
  }
}

/** kube-vip serves Services only when it is told to. https://kube-vip.io/docs/installation/flags/ */
const findKubeVipNotes = (found: readonly Workload[]): readonly string[] => {
  const serves = found.some(({ containers }) =>
    containers.some(({ env, words }) => env['svc_enable'] === 'true' || words.includes('--services')),
  )
  const isSet = found.some(({ containers }) => containers.length > 0)
  return isSet && !serves ? ['kube-vip runs, but nothing tells it to serve Services (svc_enable)'] : []
}

/** Whether a pool is one of ours: of one name, or, where there is one for each address, with our name in front. */
export const findPool = ({ metadata }: { readonly metadata: { readonly name: string } }): boolean =>
  metadata.name === POOL_NAME || metadata.name.startsWith(`${POOL_NAME}-`)

interface Advertisement {
  readonly kind: string
  readonly path: string
  selects(object: Selecting): boolean
}

export interface Selecting {
  readonly metadata: { readonly name: string }
  readonly spec?: {
    readonly ipAddressPools?: readonly string[]
    readonly ipAddressPoolSelectors?: readonly Selector[]
    readonly loadBalancerIPs?: boolean
  }
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly unknown[]
}

/** MetalLB: without any selection an advertisement is for every pool. https://metallb.io/configuration/ */
export function selectsPool({ spec = {} }: Selecting): boolean {
  const { ipAddressPools = [], ipAddressPoolSelectors = [] } = spec
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return true
  return (
    ipAddressPools.includes(POOL_NAME) ||
    ipAddressPoolSelectors.some(
      ({ matchLabels = {}, matchExpressions = [] }) =>
        matchExpressions.length === 0 &&
        Object.entries(matchLabels).every(([key, value]) => POOL_LABELS[key] === value),
    )
  )
}

const POOL_LABELS = toOwnLabels('address-pool')

const toCilium = (kind: string, version: string, plural: string): Advertisement => ({
  kind,
  path: `/apis/cilium.io/${version}/${plural}`,
  selects: ({ spec }) => plural !== 'ciliuml2announcementpolicies' || spec?.loadBalancerIPs === true,
})

function toAdvertisements(name: Name, metallbNamespace: string): readonly Advertisement[] {
  const metallb = (kind: string, plural: string): Advertisement => ({
    kind,
    path: `/apis/metallb.io/v1beta1/namespaces/${metallbNamespace}/${plural}`,
    selects: selectsPool,
  })
  if (name === 'metallb') {
    return [metallb('L2Advertisement', 'l2advertisements'), metallb('BGPAdvertisement', 'bgpadvertisements')]
  }
  if (name !== 'cilium') return []
  return [
    toCilium('CiliumL2AnnouncementPolicy', 'v2alpha1', 'ciliuml2announcementpolicies'),
    toCilium('CiliumBGPAdvertisement', 'v2', 'ciliumbgpadvertisements'),
    toCilium('CiliumBGPAdvertisement', 'v2alpha1', 'ciliumbgpadvertisements'),
    toCilium('CiliumBGPPeeringPolicy', 'v2alpha1', 'ciliumbgppeeringpolicies'),
  ]
}

export interface AdvertisementSearch {
  readonly asked: readonly string[]
  /** Kinds that the cluster serves. */
  readonly served: readonly string[]
  readonly selecting: readonly string[]
  /** How many there are that select other addresses. */
  readonly others: number
}

/** @returns undefined for an announcer that needs none. @throws CcmError KUBE_* */
export async function findAdvertisements(
  name: Name,
  kube: Kube,
  metallbNamespace: string,
  signal: AbortSignal,
): Promise<AdvertisementSearch | undefined> {
  const kinds = toAdvertisements(name, metallbNamespace)
  if (kinds.length === 0) return undefined
  const asked = [...new Set(kinds.map(({ kind }) => kind))]
  const lists = await Promise.all(kinds.map(kind => listOrNone(kube, kind.path, signal)))
  const found = kinds.flatMap((kind, index) => (lists[index] ?? []).map(object => ({ kind, object })))
  const selecting = found.filter(({ kind, object }) => kind.selects(object))
  return {
    asked,
    served: kinds.filter((_, index) => lists[index] !== undefined).map(({ kind }) => kind),
    selecting: [...new Set(selecting.map(({ kind, object }) => `${kind.kind} ${object.metadata.name}`))],
    others: found.length - selecting.length,
  }
}

async function listOrNone(
  kube: Kube,
  path: string,
  signal: AbortSignal,
): Promise<readonly Selecting[] | undefined> {
  try {
    return (await kube.request<{ readonly items?: readonly Selecting[] }>({ path, signal })).body.items ?? []
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}
