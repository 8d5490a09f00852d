import type { Lease } from '../kubernetes/types.ts'
import { type ContainerView, toTitle, type Workload, withoutOwnPods } from './workloads.ts'

/** Commands of this program; the Go program has none, and both may be in an image of the same name. */
const OUR_COMMANDS = ['serve', 'resync', 'register', 'unregister', 'doctor', 'migrate', 'cleanup', 'demo']
const GO_NAMES = /(?:^|\/)(?:k8s-cloud-provider-bmc|cloud-provider-phoenixnap)(?:[:@-]|$)/
const MANAGER_NAMES = /cloud-controller-manager|cloud-provider-|(?:^|\/)[a-z0-9-]*ccm(?:[:@]|$)/
/** Its own flags, whatever the image is called. */
const GO_FLAG = /^--cloud-provider=phoenixnap$/i
const MANAGER_FLAG = /^--cloud-provider=(?!external$|$)/
/** They have the flag too, and are no cloud controller managers. */
const CORE = /kube-controller-manager|kube-apiserver|kubelet|hyperkube/

/** The Go program that this one takes the place of. */
export const isGoProgram = ({ image, words }: ContainerView): boolean =>
  words.some(word => GO_FLAG.test(word)) ||
  ([image, words[0] ?? ''].some(name => GO_NAMES.test(name)) &&
    !words.some(word => OUR_COMMANDS.includes(word)))

/** The manager of another cloud, which would remove taints and delete nodes by a list of other servers. */
export const isOtherManager = (container: ContainerView): boolean => {
  const { image, words } = container
  if (isGoProgram(container) || GO_NAMES.test(image) || CORE.test([image, ...words].join(' '))) return false
  return (
    MANAGER_NAMES.test(image) ||
    words.some(word => MANAGER_FLAG.test(word) || word.endsWith('cloud-controller-manager'))
  )
}

/** Found managers: those that run, and those that are there and do not. */
export interface ManagerSearch {
  readonly running: readonly string[]
  readonly idle: readonly string[]
}

export function findManagers(
  workloads: readonly Workload[],
  isOne: (container: ContainerView) => boolean,
): ManagerSearch {
  const found = withoutOwnPods(workloads.filter(({ containers }) => containers.some(isOne)))
  return {
    running: found.filter(({ running }) => running).map(toTitle),
    idle: found.filter(({ running, kind }) => !running && kind !== 'Pod').map(toTitle),
  }
}

/** Lease of leader election that every manager made with the Go framework takes unless told otherwise. */
export const MANAGER_LEASE =
  '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-controller-manager'
/** Leases of the framework last 15 s; one that was renewed within this time is held by a program that runs. */
const FRESH_MS = 60_000

/** Who holds that Lease now; undefined where nobody does. */
export function toLeader({ spec }: Lease, now: number): string | undefined {
  const renewed = Date.parse(spec?.renewTime ?? '')
  const isFresh = !Number.isNaN(renewed) && now - renewed < FRESH_MS
  return isFresh && spec?.holderIdentity ? spec.holderIdentity : undefined
}
