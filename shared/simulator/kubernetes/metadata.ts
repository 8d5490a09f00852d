import { listOf, sameJson } from './json.ts'
import {
  addressProblems,
  labelProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from './names.ts'
import type { KubeObject, ObjectMeta } from './objects.ts'
import type { ResourceRules } from './rules/rules.ts'
import { type Cause, forbiddenField, invalidValue, required } from './status.ts'

/** Annotations of one object together, keys and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024
const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes'])

const NAME_CHECKS: Record<NonNullable<ResourceRules['name']>, (name: string) => string[]> = {
  subdomain: subdomainProblems,
  label: labelProblems,
  path: pathSegmentProblems,
  address: addressProblems,
}

/** Problems of the metadata of a new object. */
export function metadataProblems(object: KubeObject, rules: ResourceRules): Cause[] {
  const { name } = object.metadata
  const naming =
    name === undefined
      ? [required('metadata.name', 'name or generateName is required')]
      : NAME_CHECKS[rules.name ?? 'subdomain'](name).map(why => invalidValue('metadata.name', name, why))
  return [...naming, ...contentProblems(object)]
}

/** Problems of labels, annotations and finalizers, as a resource's own check of a whole object finds them. */
export const contentProblems = (object: KubeObject): Cause[] => [
  ...formProblems(object),
  ...unqualifiedProblems(object.metadata.finalizers ?? []),
]

/** The same as the check finds them that all resources share: any well-formed finalizer is good. */
export const formProblems = ({ metadata }: KubeObject): Cause[] => [
  ...labellingProblems(metadata),
  ...finalizerProblems(metadata.finalizers ?? []),
]

/** Problems of a change, as the server's check of an update finds them; it looks at labels once more. */
export const changeProblems = ({ metadata }: KubeObject, { metadata: old }: KubeObject): Cause[] => [
  ...immutableProblems(metadata, old),
  ...labellingProblems(metadata),
]

const labellingProblems = (metadata: ObjectMeta): Cause[] => [
  ...labelsProblems('metadata.labels', metadata.labels ?? {}),
  ...annotationProblems(metadata.annotations ?? {}),
]

/** Problems of a label map, wherever it stands. */
export function labelsProblems(field: string, labels: Record<string, string>): Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map(why => invalidValue(field, key, why)),
    ...labelValueProblems(value).map(why => invalidValue(field, value, why)),
  ])
}

function annotationProblems(annotations: Record<string, string>): Cause[] {
  const entries = Object.entries(annotations)
  const size = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  return [
    ...entries.flatMap(([key]) =>
      qualifiedNameProblems(key.toLowerCase()).map(why => invalidValue('metadata.annotations', key, why)),
    ),
    ...(size > MAX_ANNOTATION_BYTES
      ? [
          {
            reason: 'FieldValueTooLong',
            message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
            field: 'metadata.annotations',
          },
        ]
      : []),
  ]
}

const finalizerProblems = (finalizers: readonly string[]): Cause[] =>
  finalizers.flatMap((finalizer, index) =>
    qualifiedNameProblems(finalizer).map(why =>
      invalidValue(`metadata.finalizers[${index}]`, finalizer, why),
    ),
  )

function unqualifiedProblems(finalizers: readonly string[]): Cause[] {
  const why = 'name is neither a standard finalizer name nor is it fully qualified'
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)
      ? []
      : [invalidValue(`metadata.finalizers[${index}]`, finalizer, why)],
  )
}

const IMMUTABLE = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

function immutableProblems(metadata: ObjectMeta, old: ObjectMeta): Cause[] {
  const added = listOf(metadata.finalizers).filter(name => !listOf(old.finalizers).includes(name))
  const late =
    old.deletionTimestamp !== undefined && added.length > 0
      ? [
          forbiddenField(
            'metadata.finalizers',
            `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(name => JSON.stringify(name)).join(', ')}}`,
          ),
        ]
      : []
  const changed = IMMUTABLE.filter(name => !sameJson(metadata[name], old[name]))
  return [
    ...late,
    ...changed.map(name => invalidValue(`metadata.${name}`, metadata[name], 'field is immutable')),
  ]
}
