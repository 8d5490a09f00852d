import { CLEANUP_FINALIZER, NAME, NAMESPACE } from '../../kubernetes/names.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import { listUninitialized, type WithdrawPlan } from './plan.ts'
import type { ClusterView } from './view.ts'

const RELEASE = 'meta.helm.sh/release-name'
const MAX_NAMED = 5
/** A chart has some ten objects. */
const MAX_FOREIGN = 20

/** What cannot be taken away from here, or is not ours to take. */
export function toNotes(view: ClusterView, { left }: Pick<WithdrawPlan, 'left'>): readonly string[] {
  return [
    ...view.workloads.map(({ kind, metadata }) => {
      const { namespace, name, annotations } = metadata
      const release = annotations?.[RELEASE]
      const way =
        release === undefined
          ? `kubectl -n ${namespace} delete ${kind.toLowerCase()} ${name}`
          : `helm -n ${namespace} uninstall ${release}`
      return `${kind} ${namespace}/${name} runs without rights from now on: ${way}`
    }),
    ...toCertificateNote(view.certificates),
    ...toForeignNote(view.foreign),
    ...left.map(
      name =>
        `Service ${name} is being deleted and waits for the Go program (finalizer ${CLEANUP_FINALIZER}), which gives its block back: install that program, or run unregister --release`,
    ),
    ...toNodeNote(listUninitialized(view.nodes)),
  ]
}

/** What is true of every cluster. */
export const LAST_STEPS: readonly string[] = [
  'Hosts outside the cluster (serve, functions) have lost their rights: end them, and remove the stack of the functions.',
  `The API server's own flags and files (--audit-webhook-config-file and those beside it, a folder ${NAME}) are taken out on each control plane machine, as register wrote them there.`,
]

function toCertificateNote(secrets: ClusterView['certificates']): string[] {
  if (secrets.length === 0) return []
  const names = secrets.map(({ name }) => name).join(' ')
  return [
    `cert-manager made Secrets that stay when the chart is uninstalled: kubectl -n ${NAMESPACE} delete secret ${names}`,
  ]
}

function toForeignNote(foreign: ClusterView['foreign']): string[] {
  if (foreign.length === 0) return []
  const names = foreign.map(({ kind, object }) => `${kind.kind} ${toName(object.metadata)}`)
  return [`${toShort(names, MAX_FOREIGN)}: labelled as ours, and not ours by name: left as they are.`]
}

const toName = ({ namespace, name }: ObjectMeta): string =>
  namespace === undefined ? name : `${namespace}/${name}`

const toShort = (names: readonly string[], max: number): string =>
  names.slice(0, max).join(', ') + (names.length > max ? ` and ${names.length - max} more` : '')

function toNodeNote(nodes: readonly string[]): string[] {
  if (nodes.length === 0) return []
  return [
    `${toShort(nodes, MAX_NAMED)}: uninitialised, and nobody is left to initialise them but another cloud provider.`,
  ]
}
