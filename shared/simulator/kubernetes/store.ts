import { type KubeObject, nameOf, namespaceOf } from './objects.ts'
import type { Resource } from './resources.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One change, in the order of resource versions. Objects are shared: nobody may change them. */
export interface Change {
  readonly version: number
  readonly type: ChangeType
  readonly resource: Resource
  readonly object: KubeObject
  /** The object before the change; absent for a new one. */
  readonly previous: KubeObject | undefined
}

/** Objects by resource, with one counter for all, as etcd's revision. */
export interface ObjectStore {
  version(): number
  /** Oldest version after which every change is still known. */
  oldestVersion(): number
  get(resource: Resource, namespace: string, name: string): KubeObject | undefined
  /** Sorted by namespace and name. */
  list(resource: Resource, namespace?: string): KubeObject[]
  /** Stores the object under the next version, which is written into it, and returns it. */
  put(resource: Resource, object: KubeObject): KubeObject
  /** Removes the object; returns its last state under the version of the removal. */
  remove(resource: Resource, namespace: string, name: string): KubeObject | undefined
  changesSince(version: number): Change[]
  onChange(listener: (change: Change) => void): () => void
  /** Forgets all changes before now, as etcd's compaction: watches and continued lists from before end with 410. */
  compact(): void
}

/** The real watch cache is of this order; tests that need an older version answered call compact(). */
const MAX_CHANGES = 20_000

export function createObjectStore(): ObjectStore {
  const objects = new Map<Resource, Map<string, KubeObject>>()
  const listeners = new Set<(change: Change) => void>()
  let changes: Change[] = []
  let version = 1
  let oldest = 1

  const tableOf = (resource: Resource): Map<string, KubeObject> => {
    const table = objects.get(resource) ?? new Map<string, KubeObject>()
    objects.set(resource, table)
    return table
  }

  function record(change: Change): void {
    changes.push(change)
    if (changes.length > 2 * MAX_CHANGES) {
      changes = changes.slice(-MAX_CHANGES)
      oldest = (changes[0]?.version ?? version) - 1
    }
    for (const listener of listeners) listener(change)
  }

  function put(resource: Resource, object: KubeObject): KubeObject {
    const table = tableOf(resource)
    const key = keyOf(namespaceOf(object), nameOf(object))
    const previous = table.get(key)
    version += 1
    const stored = versioned(object, version)
    table.set(key, stored)
    record({
      version,
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      resource,
      object: stored,
      previous,
    })
    return stored
  }

  function remove(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    const table = tableOf(resource)
    const previous = table.get(keyOf(namespace, name))
    if (previous === undefined) return undefined
    version += 1
    table.delete(keyOf(namespace, name))
    const object = versioned(previous, version)
    record({ version, type: 'DELETED', resource, object, previous })
    return object
  }

  return {
    version: () => version,
    oldestVersion: () => oldest,
    get: (resource, namespace, name) => tableOf(resource).get(keyOf(namespace, name)),
    list: (resource, namespace) =>
      [...tableOf(resource).entries()]
        .filter(([, object]) => namespace === undefined || namespaceOf(object) === namespace)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, object]) => object),
    put,
    remove,
    changesSince: since => changes.filter(change => change.version > since),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    compact() {
      changes = []
      oldest = version
    },
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

/** A copy of the object with its resourceVersion where the API has it, after the uid. */
function versioned(object: KubeObject, version: number): KubeObject {
  const { name, generateName, namespace, uid, resourceVersion: _, ...rest } = object.metadata
  const metadata = {
    ...(name === undefined ? {} : { name }),
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    resourceVersion: String(version),
    ...rest,
  }
  return { ...object, metadata }
}
