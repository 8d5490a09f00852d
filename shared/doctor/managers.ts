import { COMMAND_NAMES } from '../command-names.ts'
import { NAME_LABEL } from '../kubernetes/labels.ts'
import { NAME } from '../kubernetes/names.ts'
import type { Lease } from '../kubernetes/types.ts'
import { type ContainerView, toTitle, type Workload, withoutOwnPods } from './workloads.ts'

/** The Go program has no commands, and both may be in an image of the same name. */
const OUR_COMMANDS: ReadonlySet<string> = new Set(COMMAND_NAMES)
/** Those that make passes. */
const HOST_COMMANDS: ReadonlySet<string> = new Set(['serve', 'resync'])
const GO_NAMES = /(?:^|\/)(?:k8s-cloud-provider-bmc|cloud-provider-phoenixnap)(?:[:@-]|$)/
const MANAGER_NAMES = /cloud-controller-manager|cloud-provider-|(?:^|\/)[a-z0-9-]*ccm(?:[:@]|$)/
/** Its own flags, whatever the image is called. */
const GO_FLAG = /(?:^|\s)--cloud-provider[=\s]phoenixnap(?:\s|$)/i
/** The Secret with its settings, and where its manifests mount it. */
const GO_SECRET = /^(?:pnap-cloud-config|phoenixnap-cloud-config|\/etc\/cloud-sa)$/
const GO_FILE = /(?:^|[\s=])\/etc\/cloud-sa\//
const MANAGER_FLAG = /^--cloud-provider=(?!external$|$)/
/** They have the flag too, and are no cloud controller managers. */
const CORE = /kube-controller-manager|kube-apiserver|kubelet|hyperkube/
/** They run what their further words name. */
const WRAPPERS = /(?:^|\/)(?:ash|bash|dash|dumb-init|env|sh|tini)$/

type Program = 'go' | 'ours'

/** Which of the two programs a container runs; undefined for any other. Pure. */
function toProgram(container: ContainerView, workload: Workload): Program | undefined {
  const { image, mounts } = container
  const words = toWords(container)
  const text = words.join(' ')
  if (GO_FLAG.test(text)) return 'go'
  const isNamed = toNames(container).some(name => GO_NAMES.test(name))
  const isOurs = isNamed || GO_NAMES.test(image) || bearsOurName(workload)
  if (isOurs && words.some(word => OUR_COMMANDS.has(word))) return 'ours'
  const hasOurAccount = workload.serviceAccount === NAME
  // Without a command our image serves.
  if (words.length === 0 && hasOurAccount) return 'ours'
  // Ours reads the same Secret.
  const isToldSo = (!hasOurAccount && mounts.some(mount => GO_SECRET.test(mount))) || GO_FILE.test(text)
  return isNamed || isToldSo ? 'go' : undefined
}

/** Those of a shell's script one by one. */
const toWords = ({ words }: ContainerView): readonly string[] =>
  words.flatMap(word => word.split(/[\s;&|'"]+/).filter(part => part !== ''))

/** What may name the program that runs. */
function toNames(container: ContainerView): readonly string[] {
  const { program, image, words } = container
  if (program !== undefined && !WRAPPERS.test(program)) return [program]
  if (program === undefined) return [image, words[0] ?? '']
  return toWords(container).filter(word => !word.startsWith('-'))
}

const bearsOurName = ({ labels, serviceAccount }: Workload): boolean =>
  serviceAccount === NAME || labels[NAME_LABEL] === NAME

/** The Go program that this one takes the place of. */
export const isGoProgram = (container: ContainerView, workload: Workload): boolean =>
  toProgram(container, workload) === 'go'

/** This program, where it makes passes. */
export const isHost = (container: ContainerView, workload: Workload): boolean =>
  toProgram(container, workload) === 'ours' &&
  (container.words.length === 0 || toWords(container).some(word => HOST_COMMANDS.has(word)))

/** The manager of another cloud, which would remove taints and delete nodes by a list of other servers. */
export function isOtherManager(container: ContainerView, workload: Workload): boolean {
  const { image, words } = container
  if (toProgram(container, workload) !== undefined) return false
  if (GO_NAMES.test(image) || CORE.test([image, ...words].join(' '))) return false
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
  isOne: (container: ContainerView, workload: Workload) => boolean,
): ManagerSearch {
  const found = withoutOwnPods(
    workloads.filter(workload => workload.containers.some(container => isOne(container, workload))),
  )
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
