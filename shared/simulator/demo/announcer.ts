import type { Clock } from '../../clock.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { NAMESPACE } from '../../kubernetes/names.ts'
import type { KubeService, LoadBalancerIngress } from '../../kubernetes/types.ts'
import { announcedOf, externalOf, isIgnored, isLoadBalancer } from './service-state.ts'

const NAME = 'kube-vip'
export const ANNOUNCER_USER = `system:serviceaccount:${NAMESPACE}:${NAME}`

export interface AnnouncerOptions {
  /** All Services as they are now. */
  readonly services: () => readonly KubeService[]
  /** A client of ANNOUNCER_USER. */
  readonly kube: Kube
  /** Name of the node that it runs on. */
  readonly node: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

const POLL_MS = 50
/** How long it waits for the address of one Service, during which it serves no other; once a second it looks. */
const ADDRESS_MS = 30_000
const LOOK_MS = 1000
const VIP_HOST = 'kube-vip.io/vipHost'

/** The fields beyond those that the controller reads. */
interface AnnouncedService extends KubeService {
  readonly spec?: KubeService['spec'] & {
    readonly ports?: readonly { readonly port: number; readonly protocol?: string }[]
  }
}

/** Its own rights, as far as Services go: https://kube-vip.io/manifests/rbac.yaml. */
export async function installAnnouncer(admin: Kube): Promise<void> {
  const path = '/apis/rbac.authorization.k8s.io/v1'
  const metadata = { name: NAME }
  const rules = [
    { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'watch', 'update'] },
    { apiGroups: [''], resources: ['services/status'], verbs: ['update'] },
  ]
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME }
  await admin.request({ method: 'POST', path: `${path}/clusterroles`, body: { metadata, rules } })
  await admin.request({
    method: 'POST',
    path: `${path}/clusterrolebindings`,
    body: { metadata, subjects, roleRef },
  })
}

/**
 * Stands in for kube-vip as far as the API server sees it: one Service after the other, its annotations are obeyed, and
 * its addresses are written into the status. Nothing is announced anywhere, and endpoints are not asked for.
 *
 * @returns a promise that ends with the signal
 */
export async function startAnnouncer(options: AnnouncerOptions): Promise<void> {
  const { services, clock, signal } = options
  while (!signal.aborted) {
    for (const service of services()) {
      if (signal.aborted || isNotItsBusiness(service)) continue
      await unlessChanged(() => handle(options, service))
    }
    await clock.sleep(POLL_MS, signal).catch(() => {})
  }
}

const isNotItsBusiness = (service: KubeService): boolean =>
  !isLoadBalancer(service) || isIgnored(service) || service.spec?.loadBalancerClass !== undefined

/** Others write and delete Services as well: the next look tells. */
async function unlessChanged(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!hasCode(error, 'KUBE_CONFLICT', 'KUBE_NOT_FOUND')) throw error
  }
}

async function handle(options: AnnouncerOptions, service: KubeService): Promise<void> {
  if (announcedOf(service).length > 0) return announce(options, service)
  await waitForAddress(options, service)
}

/** Holds up all others, as the real one does. */
async function waitForAddress(
  { kube, clock, signal }: AnnouncerOptions,
  service: KubeService,
): Promise<void> {
  const giveUpAt = clock.now() + ADDRESS_MS
  while (!signal.aborted && clock.now() < giveUpAt) {
    await clock.sleep(LOOK_MS, signal).catch(() => {})
    const { body } = await kube.request<KubeService>({ path: toPath(service) })
    if (announcedOf(body).length > 0) return
  }
}

async function announce({ kube, node }: AnnouncerOptions, service: KubeService): Promise<void> {
  const hasHost = service.metadata.annotations?.[VIP_HOST] === node
  if (hasHost && announcedOf(service).join() === externalOf(service).join()) return
  const path = toPath(service)
  const { body: read } = await kube.request<AnnouncedService>({ path })
  const { metadata } = read
  const annotations = { ...metadata.annotations, [VIP_HOST]: node }
  const body = { ...read, metadata: { ...metadata, annotations } }
  const stored = hasHost ? read : (await kube.request<AnnouncedService>({ method: 'PUT', path, body })).body
  const status = { loadBalancer: { ingress: toIngress(read) } }
  await kube.request({ method: 'PUT', path: `${path}/status`, body: { ...stored, status } })
}

function toIngress(service: AnnouncedService): LoadBalancerIngress[] {
  const ports = (service.spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => ({ port, protocol }))
  return announcedOf(service).map(ip => ({ ip, ports }))
}

const toPath = ({ metadata: { namespace = 'default', name } }: KubeService): string =>
  `/api/v1/namespaces/${namespace}/services/${name}`
