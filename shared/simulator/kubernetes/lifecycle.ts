import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { type Fields, fieldsOf, isFields, listOf, sameJson, valueAt } from './json.ts'
import { changeProblems, formProblems, metadataProblems } from './metadata.ts'
import { type KubeObject, nameOf, namespaceOf, type ObjectMeta } from './objects.ts'
import { isSameButForTimes } from './ownership/managers.ts'
import { apiVersionOf, kindSubjectOf, type Resource, type ResourceTable, subjectOf } from './resources.ts'
import type { RuleContext } from './rules/rules.ts'
import { DecodeError, decode } from './schema/decode.ts'
import { ApiError, alreadyExists, badRequest, type Cause, invalid, staleVersion } from './status.ts'
import type { ObjectStore } from './store.ts'

/** What happens to an object between admission and the store; the same for requests and for seeded objects. */
export interface Lifecycle {
  readonly store: ObjectStore
  readonly table: ResourceTable
  /** Stores a new object, or only says what would be stored. @throws ApiError 409, 422, 500 */
  create(resource: Resource, object: KubeObject, dryRun?: boolean): KubeObject
  /** Replaces `old` (the object that `object` was made from). @throws ApiError 409, 422 */
  update(resource: Resource, object: KubeObject, old: KubeObject, options?: UpdateOptions): KubeObject
  /** Marks for deletion while finalizers are left, removes otherwise. */
  remove(resource: Resource, object: KubeObject, dryRun?: boolean): { object: KubeObject; gone: boolean }
}

export interface UpdateOptions {
  readonly subresource?: string
  readonly dryRun?: boolean
}

/** RFC 3339 to the second, as metav1.Time. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** A request body as an object of the resource: unknown fields dropped and named, defaults set. */
export function toObject(resource: Resource, body: Fields): { object: KubeObject; unknown: string[] } {
  const expected = apiVersionOf(resource)
  const { kind, apiVersion } = body
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== expected)
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    )
  if (typeof kind === 'string' && kind !== '' && kind !== resource.kind)
    throw unhandled(
      resource,
      kind,
      `converting (${resource.version}.${kind}) to (${groupName(resource)}.${resource.kind}): unknown conversion`,
    )
  try {
    const { value, unknown } = decode(resource.schema, { ...body, kind: resource.kind, apiVersion: expected })
    const object: KubeObject = {
      ...value,
      apiVersion: expected,
      kind: resource.kind,
      metadata: fieldsOf(value.metadata),
    }
    resource.rules.defaults?.(object)
    return { object, unknown }
  } catch (error) {
    if (error instanceof DecodeError) throw unhandled(resource, resource.kind, error.message)
    throw error
  }
}

const groupName = ({ group }: Resource): string => (group === '' ? 'core' : (group.split('.')[0] ?? ''))

const unhandled = (resource: Resource, kind: string, why: string): ApiError =>
  badRequest(`${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${why}`)

export function createLifecycle(
  store: ObjectStore,
  table: ResourceTable,
  clock: Clock,
  random: () => number,
): Lifecycle {
  const context: RuleContext = {
    clock,
    random,
    list: name => store.list(table.named(name)),
    provide(name, object) {
      const resource = table.named(name)
      const isTaken = store.get(resource, namespaceOf(object), nameOf(object)) !== undefined
      if (!isTaken) create(resource, object)
    },
    discard: (resource, name) => void store.remove(table.named(resource), '', name),
  }

  function create(resource: Resource, given: KubeObject, dryRun = false): KubeObject {
    if (given.metadata.resourceVersion !== undefined)
      throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created')
    const object = withServerMetadata(resource, given, clock, random)
    resource.rules.prepareCreate?.(object, context)
    refuse(resource, object, [
      ...metadataProblems(object, resource.rules),
      ...(resource.rules.validateCreate?.(object, context) ?? []),
    ])
    if (store.get(resource, namespaceOf(object), nameOf(object)) !== undefined)
      throw alreadyExists(subjectOf(resource), nameOf(object))
    refuse(resource, object, resource.rules.allocate?.(object, undefined, context) ?? [])
    if (dryRun) return object
    resource.rules.afterStore?.(object, undefined, context)
    return store.put(resource, object)
  }

  function update(
    resource: Resource,
    given: KubeObject,
    old: KubeObject,
    options: UpdateOptions = {},
  ): KubeObject {
    const wanted = given.metadata.resourceVersion ?? old.metadata.resourceVersion
    const current = store.get(resource, namespaceOf(old), nameOf(old))
    if (wanted !== old.metadata.resourceVersion || current?.metadata.resourceVersion !== wanted)
      throw staleVersion(subjectOf(resource), nameOf(old))
    const object = prepareUpdate(resource, given, old, options.subresource)
    refuse(resource, object, updateProblems(resource, object, old, options.subresource))
    if (options.subresource !== 'status')
      refuse(resource, object, resource.rules.allocate?.(object, old, context) ?? [])
    if (isSameButForTimes(object, old)) return old
    if (options.dryRun === true) return object
    if (isReleased(object)) return release(resource, object)
    resource.rules.afterStore?.(object, old, context)
    return store.put(resource, object)
  }

  function prepareUpdate(
    resource: Resource,
    given: KubeObject,
    old: KubeObject,
    subresource = '',
  ): KubeObject {
    const object = inherit(resource, given, old, subresource)
    if (subresource === '') resource.rules.prepareUpdate?.(object, old, context)
    if (resource.generation && !sameJson(contentOf(resource, object), contentOf(resource, old)))
      object.metadata = { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 }
    return object
  }

  /** The generic checks of metadata, then the resource's own, which repeat some of them: causes come twice. */
  function updateProblems(
    resource: Resource,
    object: KubeObject,
    old: KubeObject,
    subresource?: string,
  ): Cause[] {
    const { validateUpdate, validateStatus } = resource.rules
    const own =
      subresource === 'status' ? validateStatus?.(object, old) : validateUpdate?.(object, old, context)
    return [...formProblems(object), ...changeProblems(object, old), ...(own ?? changeProblems(object, old))]
  }

  /** Watchers see the last stored state; the answer is the new one under the version that was read. */
  function release(resource: Resource, object: KubeObject): KubeObject {
    take(resource, object)
    return object
  }

  function take(resource: Resource, object: KubeObject): KubeObject | undefined {
    resource.rules.afterStore?.(undefined, object, context)
    return store.remove(resource, namespaceOf(object), nameOf(object))
  }

  function remove(
    resource: Resource,
    object: KubeObject,
    dryRun = false,
  ): { object: KubeObject; gone: boolean } {
    if (!isHeld(object) && !isLivingNamespace(object)) {
      const removed = dryRun ? undefined : take(resource, object)
      return { object: removed ?? object, gone: true }
    }
    if (object.metadata.deletionTimestamp !== undefined) return { object, gone: false }
    const marked = markDeleted(resource, object, clock)
    return { object: dryRun ? marked : store.put(resource, marked), gone: false }
  }

  return { store, table, create, update, remove }
}

/** @throws ApiError 422 when there is any cause */
function refuse(resource: Resource, object: KubeObject, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(kindSubjectOf(resource), nameOf(object), causes)
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5

/** generateName's random ending; the alphabet has no vowels, as the real one, so that no words appear. */
function randomSuffix(random: () => number): string {
  const letter = (): string => SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)] ?? 'b'
  return Array.from({ length: SUFFIX_LENGTH }, letter).join('')
}

function withServerMetadata(
  resource: Resource,
  given: KubeObject,
  clock: Clock,
  random: () => number,
): KubeObject {
  const {
    name,
    generateName,
    namespace,
    uid: _uid,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    generation,
    ...rest
  } = given.metadata
  const finalName = name ?? (generateName === undefined ? undefined : generateName + randomSuffix(random))
  const metadata: ObjectMeta = {
    ...(finalName === undefined ? {} : { name: finalName }),
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    uid: randomUUID(),
    ...(resource.generation ? { generation: 1 } : generation === undefined ? {} : { generation }),
    creationTimestamp: timestamp(clock.now()),
    ...rest,
  }
  const { status, ...withoutStatus } = given
  // A custom resource without a status subresource keeps its status as any other field.
  const keepsStatus = (!resource.custom || !resource.status) && status !== undefined
  return { ...withoutStatus, metadata, ...(keepsStatus ? { status } : {}) }
}

/** What an update takes over from the stored object because the client may not or need not send it. */
function inherit(resource: Resource, given: KubeObject, old: KubeObject, subresource?: string): KubeObject {
  const metadata: ObjectMeta = { ...inheritMetadata(old.metadata), ...given.metadata }
  if (old.metadata.resourceVersion !== undefined) metadata.resourceVersion = old.metadata.resourceVersion
  if (old.metadata.generation !== undefined) metadata.generation = old.metadata.generation
  if (subresource === 'status') {
    const { status: _, ...rest } = old
    const changed = given.status === undefined ? {} : { status: given.status }
    return { ...rest, metadata: resource.custom ? old.metadata : metadata, ...changed }
  }
  const object: KubeObject = { ...given, metadata }
  if (resource.status) {
    delete object.status
    if (old.status !== undefined) object.status = old.status
  }
  return object
}

const INHERITED = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

const inheritMetadata = (old: ObjectMeta): ObjectMeta =>
  Object.fromEntries(INHERITED.flatMap(name => (old[name] === undefined ? [] : [[name, old[name]]])))

/** What metadata.generation counts changes of. */
function contentOf({ custom, status: hasDoor }: Resource, object: KubeObject): Fields {
  const { metadata: _metadata, status, ...rest } = object
  return custom && !hasDoor ? { ...rest, status } : rest
}

/** Finalizers of metadata, or a Namespace's own. */
function isHeld(object: KubeObject): boolean {
  const own = object.kind === 'Namespace' ? listOf(valueAt(object, 'spec', 'finalizers')) : []
  return (object.metadata.finalizers ?? []).length > 0 || own.length > 0
}

/** A namespace goes with the second DELETE at the earliest, even when nothing holds it. */
const isLivingNamespace = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'Namespace' && metadata.deletionTimestamp === undefined

const isReleased = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && !isHeld(object)

function markDeleted(resource: Resource, object: KubeObject, clock: Clock): KubeObject {
  const { name, generateName, namespace, uid, resourceVersion, generation, creationTimestamp, ...rest } =
    object.metadata
  const start = { name, generateName, namespace, uid, resourceVersion, generation, creationTimestamp }
  const isNamespace = object.kind === 'Namespace'
  const metadata: ObjectMeta = {
    ...Object.fromEntries(Object.entries(start).filter(([, value]) => value !== undefined)),
    deletionTimestamp: timestamp(clock.now()),
    ...(isNamespace ? {} : { deletionGracePeriodSeconds: 0 }),
    ...rest,
  }
  if (resource.generation) metadata.generation = (generation ?? 0) + 1
  const status =
    isNamespace && isFields(object.status) ? { status: { ...object.status, phase: 'Terminating' } } : {}
  return { ...object, metadata, ...status }
}
