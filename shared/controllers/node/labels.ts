import type { Instance } from '../../cloud-provider/contract.ts'
import { INITIALIZED } from '../../kubernetes/names.ts'
import type { KubeNode } from '../../kubernetes/types.ts'

type Labels = Readonly<Record<string, string>>

/** Length limit of a label value. */
const MAX_VALUE = 63
/** Names that belong to Kubernetes: additional labels never lie there. */
const KUBERNETES_NAME = /(^|\.)(kubernetes|k8s)\.io\//

/** The nearest value that Kubernetes accepts for a label: BMC's OS ids hold `/`, as `ubuntu/jammy`. */
export function toLabelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, MAX_VALUE)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
}

/** Labels of an instance's type and region, each with its older twin. BMC has no zones. */
export function toInstanceLabels(instance: Instance): Labels {
  const type = toLabelValue(instance.instanceType)
  const region = toLabelValue(instance.region)
  return withoutEmpty({
    'node.kubernetes.io/instance-type': type,
    'beta.kubernetes.io/instance-type': type,
    'topology.kubernetes.io/region': region,
    'failure-domain.beta.kubernetes.io/region': region,
  })
}

/** Additional labels that the node lacks; they never overwrite. */
function missingAdditional(node: KubeNode, instance: Instance): Labels {
  const have = node.metadata.labels ?? {}
  return withoutEmpty(
    Object.fromEntries(
      Object.entries(instance.additionalLabels)
        .filter(([name]) => !KUBERNETES_NAME.test(name) && have[name] === undefined)
        .map(([name, value]) => [name, toLabelValue(value)]),
    ),
  )
}

/** Labels to set when a node is initialised: those of the instance overwrite, the additional ones do not. */
export function initialLabels(node: KubeNode, instance: Instance): Labels {
  return { ...changed(node, toInstanceLabels(instance)), ...missingAdditional(node, instance) }
}

/** What an initialised node's labels need, and what is left as it is although it differs. */
export interface LabelRepair {
  readonly set: Labels
  /** Names whose differing value is kept, because somebody else initialised the node. */
  readonly kept: readonly string[]
}

/** Missing labels are added; differing ones are repaired on a node that we initialised and kept on any other. */
export function decideLabelRepair(node: KubeNode, instance: Instance): LabelRepair {
  const have = node.metadata.labels ?? {}
  const wanted = changed(node, toInstanceLabels(instance))
  const isOurs = node.metadata.annotations?.[INITIALIZED] !== undefined
  const kept = isOurs ? [] : Object.keys(wanted).filter(name => have[name] !== undefined)
  const set = Object.fromEntries(Object.entries(wanted).filter(([name]) => !kept.includes(name)))
  return { set: { ...set, ...missingAdditional(node, instance) }, kept }
}

const changed = (node: KubeNode, labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name, value]) => node.metadata.labels?.[name] !== value))

const withoutEmpty = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
