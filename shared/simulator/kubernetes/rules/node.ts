import { fieldsOf, listOf, textOf, valueAt } from '../json.ts'
import { changeProblems, contentProblems } from '../metadata.ts'
import { labelValueProblems, qualifiedNameProblems } from '../names.ts'
import type { KubeObject } from '../objects.ts'
import {
  type Cause,
  duplicateValue,
  forbiddenField,
  invalidValue,
  required,
  unsupportedValue,
} from '../status.ts'
import type { ResourceRules } from './rules.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** What the API server itself does to Nodes, besides admission. */
export const nodeRules: ResourceRules = {
  defaults(node) {
    const { podCIDR, podCIDRs, ...spec } = fieldsOf(node.spec)
    const ranges = podCIDRs ?? (podCIDR === undefined ? undefined : [podCIDR])
    if (ranges !== undefined) node.spec = { podCIDR: listOf(ranges)[0], podCIDRs: ranges, ...spec }
    const status = fieldsOf(node.status)
    if (status.capacity !== undefined && status.allocatable === undefined) {
      const { capacity, ...rest } = status
      node.status = { capacity, allocatable: capacity, ...rest }
    }
  },
  validateCreate: taintProblems,
  validateUpdate: (node, old) => [
    ...contentProblems(node),
    ...taintProblems(node),
    ...nodeChanges(node, old),
  ],
  validateStatus: nodeChanges,
  selectable: node => ({
    'spec.unschedulable': String(valueAt(node, 'spec', 'unschedulable') === true),
  }),
}

function nodeChanges(node: KubeObject, old: KubeObject): Cause[] {
  return [
    ...changeProblems(node, old),
    ...addressProblems(node),
    ...taintProblems(node),
    ...providerIdProblems(node, old),
  ]
}

/** The field is called metadata.taints in the real messages, although it stands in spec. */
function taintProblems(node: KubeObject): Cause[] {
  const seen = new Set<string>()
  return listOf(valueAt(node, 'spec', 'taints')).flatMap((item, index) => {
    const taint = fieldsOf(item)
    const [key, value, effect] = [textOf(taint.key), textOf(taint.value), textOf(taint.effect)]
    const field = `metadata.taints[${index}]`
    const problems = [
      ...qualifiedNameProblems(key).map(why => invalidValue(`${field}.key`, key, why)),
      ...labelValueProblems(value).map(why => invalidValue(`${field}.value`, value, why)),
      ...effectProblems(`${field}.effect`, effect),
    ]
    if (seen.has(`${key}:${effect}`)) problems.push(duplicateTaint(field, key, value, effect))
    seen.add(`${key}:${effect}`)
    return problems
  })
}

function effectProblems(field: string, effect: string): Cause[] {
  if (effect === '') return [required(field)]
  return EFFECTS.includes(effect) ? [] : [unsupportedValue(field, effect, EFFECTS)]
}

const duplicateTaint = (field: string, Key: string, Value: string, Effect: string): Cause =>
  duplicateValue(
    field,
    { Key, Value, Effect, TimeAdded: null },
    'taints must be unique by key and effect pair',
  )

function addressProblems(node: KubeObject): Cause[] {
  const seen = new Set<string>()
  return listOf(valueAt(node, 'status', 'addresses')).flatMap((item, index) => {
    const [Type, Address] = [textOf(fieldsOf(item).type), textOf(fieldsOf(item).address)]
    const identity = `${Type} ${Address}`
    const repeated = seen.has(identity)
    seen.add(identity)
    return repeated ? [duplicateValue(`status.addresses[${index}]`, { Type, Address })] : []
  })
}

function providerIdProblems(node: KubeObject, old: KubeObject): Cause[] {
  const before = textOf(valueAt(old, 'spec', 'providerID'))
  if (before === '' || before === textOf(valueAt(node, 'spec', 'providerID'))) return []
  const why = 'node updates may not change providerID except from "" to valid'
  return [forbiddenField('spec.providerID', why)]
}
