import { hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { listAll } from '../kubernetes/lists.ts'
import type { ObjectMeta } from '../kubernetes/types.ts'

/** A Pod, or what makes Pods, cut down to what tells which program it is. */
export interface Workload {
  readonly kind: 'Pod' | 'Deployment' | 'DaemonSet' | 'StatefulSet'
  readonly namespace: string
  readonly name: string
  /** False for a Pod that has ended and for what is scaled to none. */
  readonly running: boolean
  /** Of the object, and of the Pods that it makes. */
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: string
  /** Name of what made a Pod, one of the other kinds; undefined for what nobody or something else made. */
  readonly maker: { readonly kind: string; readonly name: string } | undefined
  /** Those that run as long as the Pod does. */
  readonly containers: readonly ContainerView[]
}

export interface ContainerView {
  readonly image: string
  /** First word of the command; undefined where the image says itself what it runs. */
  readonly program: string | undefined
  /** Command and arguments. */
  readonly words: readonly string[]
  /** Paths at which volumes are mounted, and names of the Secrets in them. */
  readonly mounts: readonly string[]
  /** Variables with a plain value; what comes from a Secret is not read. */
  readonly env: Readonly<Record<string, string>>
}

interface Container {
  readonly restartPolicy?: string
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

interface Owner {
  readonly kind: string
  readonly name: string
  readonly controller?: boolean
}

interface Volume {
  readonly name: string
  readonly secret?: { readonly secretName?: string }
  readonly projected?: {
    readonly sources?: readonly { readonly secret?: { readonly name?: string } }[]
  }
}

interface PodSpec {
  readonly serviceAccountName?: string
  readonly initContainers?: readonly Container[]
  readonly containers?: readonly Container[]
  readonly volumes?: readonly Volume[]
}

interface Stored {
  readonly metadata: ObjectMeta & { readonly ownerReferences?: readonly Owner[] }
  readonly spec?: PodSpec & {
    readonly replicas?: number
    readonly template?: { readonly metadata?: Partial<ObjectMeta>; readonly spec?: PodSpec }
  }
  readonly status?: { readonly phase?: string }
}

const KINDS = [
  ['Pod', '/api/v1/pods'],
  ['Deployment', '/apis/apps/v1/deployments'],
  ['DaemonSet', '/apis/apps/v1/daemonsets'],
  ['StatefulSet', '/apis/apps/v1/statefulsets'],
] as const

/** Everything that runs or could run. @throws CcmError KUBE_* */
export const listWorkloads = (kube: Kube, signal?: AbortSignal): Promise<readonly Workload[]> =>
  listKinds(kube, KINDS, signal)

/** What makes Pods, without the Pods, of which a large cluster has a hundred thousand. @throws CcmError KUBE_* */
export const listMakers = (kube: Kube, signal?: AbortSignal): Promise<readonly Workload[]> =>
  listKinds(
    kube,
    KINDS.filter(([kind]) => kind !== 'Pod'),
    signal,
  )

async function listKinds(
  kube: Kube,
  kinds: readonly (typeof KINDS)[number][],
  signal?: AbortSignal,
): Promise<readonly Workload[]> {
  const lists = await Promise.all(kinds.map(([kind, path]) => list(kube, kind, path, signal)))
  return lists.flat()
}

async function list(
  kube: Kube,
  kind: Workload['kind'],
  path: string,
  signal?: AbortSignal,
): Promise<readonly Workload[]> {
  try {
    return await listAll<Stored, Workload>(kube, { path, keep: object => toWorkload(kind, object), signal })
  } catch (error) {
    // A cluster that does not serve the kind has none.
    if (hasCode(error, 'KUBE_NOT_FOUND')) return []
    throw error
  }
}

export function toWorkload(kind: Workload['kind'], { metadata, spec = {}, status }: Stored): Workload {
  const pod = spec.template?.spec ?? spec
  const hasEnded = ['Succeeded', 'Failed'].includes(status?.phase ?? '')
  // One that is restarted always runs beside the others.
  const sidecars = (pod.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    running: kind === 'Pod' ? !hasEnded : spec.replicas !== 0,
    labels: { ...spec.template?.metadata?.labels, ...metadata.labels },
    serviceAccount: pod.serviceAccountName ?? '',
    maker: toMaker(metadata),
    containers: [...(pod.containers ?? []), ...sidecars].map(one => toContainer(one, pod.volumes ?? [])),
  }
}

function toContainer(container: Container, volumes: readonly Volume[]): ContainerView {
  const { image = '', command = [], args = [], env = [], volumeMounts = [] } = container
  return {
    image,
    program: command[0],
    words: [...command, ...args],
    mounts: volumeMounts.flatMap(({ name, mountPath }) => [
      mountPath,
      ...volumes.filter(volume => volume.name === name).flatMap(toSecrets),
    ]),
    env: Object.fromEntries(env.flatMap(({ name, value }) => (value ? [[name, value] as const] : []))),
  }
}

const toSecrets = ({ secret, projected }: Volume): readonly string[] =>
  [secret?.secretName, ...(projected?.sources ?? []).map(source => source.secret?.name)].filter(
    name => name !== undefined,
  )

/** A Deployment's Pods belong to its ReplicaSet, whose name ends in the hash that they bear as a label. */
function toMaker({ ownerReferences = [], labels = {} }: Stored['metadata']): Workload['maker'] {
  const owner = ownerReferences.find(({ controller }) => controller)
  const hash = labels['pod-template-hash']
  if (owner?.kind !== 'ReplicaSet') return owner && { kind: owner.kind, name: owner.name }
  const isOfDeployment = hash !== undefined && owner.name.endsWith(`-${hash}`)
  return isOfDeployment
    ? { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) }
    : { kind: owner.kind, name: owner.name }
}

/** `Deployment kube-system/web`. */
export const toTitle = ({ kind, namespace, name }: Workload): string => `${kind} ${namespace}/${name}`

/** What makes the Pods says it shorter: Pods count only where their maker is not among those found, or makes none now. */
export function withoutOwnPods(workloads: readonly Workload[]): readonly Workload[] {
  const isMadeBy = (pod: Workload, maker: Workload): boolean =>
    maker.running &&
    maker.namespace === pod.namespace &&
    maker.kind === pod.maker?.kind &&
    maker.name === pod.maker.name
  return workloads.filter(one => one.kind !== 'Pod' || !workloads.some(maker => isMadeBy(one, maker)))
}

/** Those that run an image of which the test is true. */
export const runningImage = (workloads: readonly Workload[], image: RegExp): readonly Workload[] =>
  workloads.filter(({ running, containers }) => running && containers.some(one => image.test(one.image)))
