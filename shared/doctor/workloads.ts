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
  readonly containers: readonly ContainerView[]
}

export interface ContainerView {
  readonly image: string
  /** Command and arguments. */
  readonly words: readonly string[]
  /** Variables with a plain value; what comes from a Secret is not read. */
  readonly env: Readonly<Record<string, string>>
}

interface Container {
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

interface Stored {
  readonly metadata: ObjectMeta
  readonly spec?: {
    readonly replicas?: number
    readonly containers?: readonly Container[]
    readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } }
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
export async function listWorkloads(kube: Kube, signal?: AbortSignal): Promise<readonly Workload[]> {
  const lists = await Promise.all(KINDS.map(([kind, path]) => list(kube, kind, path, signal)))
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
  const containers = spec.template?.spec?.containers ?? spec.containers ?? []
  const hasEnded = ['Succeeded', 'Failed'].includes(status?.phase ?? '')
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    running: kind === 'Pod' ? !hasEnded : spec.replicas !== 0,
    containers: containers.map(({ image = '', command = [], args = [], env = [] }) => ({
      image,
      words: [...command, ...args],
      env: Object.fromEntries(env.flatMap(({ name, value }) => (value ? [[name, value] as const] : []))),
    })),
  }
}

/** `Deployment kube-system/web`. */
export const toTitle = ({ kind, namespace, name }: Workload): string => `${kind} ${namespace}/${name}`

/** What makes the Pods says it shorter: Pods count only where they have no maker among those found. */
export function withoutOwnPods(workloads: readonly Workload[]): readonly Workload[] {
  const makers = workloads.filter(({ kind }) => kind !== 'Pod')
  return workloads.filter(
    ({ kind, namespace, name }) =>
      kind !== 'Pod' ||
      !makers.some(maker => maker.namespace === namespace && name.startsWith(`${maker.name}-`)),
  )
}

/** Those that run an image of which the test is true. */
export const runningImage = (workloads: readonly Workload[], image: RegExp): readonly Workload[] =>
  workloads.filter(({ running, containers }) => running && containers.some(one => image.test(one.image)))
