import { copyOf, fieldsOf } from './json.ts'
import { type Lifecycle, toObject } from './lifecycle.ts'
import type { KubeObject } from './objects.ts'
import { applyMergePatch } from './patch/merge-patch.ts'
import type { Resource } from './resources.ts'
import { subjectOf } from './resources.ts'
import { type LabelTest, parseLabelSelector } from './selectors.ts'
import { notFound } from './status.ts'

/** A change as tests see it. */
export interface StoreChange<T = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: string
  readonly object: T
}

/** A copy of a stored object, of the type that the caller names. */
export type Copy<T> = T

/**
 * Typed access to what is stored, without requests, users, admission or webhooks. Resources are named by
 * their plural (`nodes`, or `pools.example.com` where it is not unique); objects are copies. The type
 * parameter is the caller's word: what is stored follows the schema of the resource.
 */
export interface KubeStore {
  /** The version of the newest change. */
  resourceVersion(): string
  get<T = KubeObject>(resource: string, name: string, namespace?: string): Copy<T> | undefined
  list<T = KubeObject>(resource: string, options?: { namespace?: string; labelSelector?: string }): T[]
  /** Validated and completed as the API server does (cluster IP, uid, defaults). @throws ApiError 409, 422 */
  create<T = KubeObject>(object: Record<string, unknown>): Copy<T>
  /**
   * Merge-patches an object, status included. @throws ApiError 404, 422
   */
  merge<T = KubeObject>(
    resource: string,
    name: string,
    patch: Record<string, unknown>,
    namespace?: string,
  ): Copy<T>
  /** Removes at once, whatever the finalizers say; true when it was there. */
  delete(resource: string, name: string, namespace?: string): boolean
  onChange(listener: (change: StoreChange) => void): () => void
  /** Forgets old versions, so that watches and continued lists from before now answer 410. */
  compact(): void
}

export function createBackend(lifecycle: Lifecycle): KubeStore {
  const { store, table } = lifecycle

  function merge(
    resource: Resource,
    name: string,
    patch: Record<string, unknown>,
    namespace: string,
  ): KubeObject {
    const old = store.get(resource, namespace, name)
    if (old === undefined) throw notFound(subjectOf(resource), name)
    const wanted = (): KubeObject => toObject(resource, fieldsOf(applyMergePatch(copyOf(old), patch))).object
    const changed = lifecycle.update(resource, wanted(), old)
    if (!resource.status || patch.status === undefined) return changed
    const { resourceVersion } = changed.metadata
    const withStatus = { ...changed, status: wanted().status, metadata: { ...changed.metadata } }
    if (resourceVersion !== undefined) withStatus.metadata.resourceVersion = resourceVersion
    return lifecycle.update(resource, withStatus, changed, { subresource: 'status' })
  }

  return {
    resourceVersion: () => String(store.version()),
    get: <T>(resource: string, name: string, namespace = ''): Copy<T> | undefined =>
      copyOf(store.get(table.named(resource), namespace, name)) as Copy<T> | undefined,
    list: <T>(
      resource: string,
      { namespace, labelSelector = '' }: { namespace?: string; labelSelector?: string } = {},
    ) => {
      const test: LabelTest = parseLabelSelector(labelSelector)
      const objects = store.list(table.named(resource), namespace)
      return copyOf(objects.filter(object => test(object.metadata.labels ?? {}))) as T[]
    },
    create<T>(given: Record<string, unknown>): Copy<T> {
      const resource = table.ofObject({ apiVersion: '', kind: '', metadata: {}, ...given })
      return copyOf(lifecycle.create(resource, toObject(resource, copyOf(given)).object)) as T
    },
    merge: <T>(resource: string, name: string, patch: Record<string, unknown>, namespace = ''): Copy<T> =>
      copyOf(merge(table.named(resource), name, patch, namespace)) as Copy<T>,
    delete: (resource, name, namespace = '') =>
      store.remove(table.named(resource), namespace, name) !== undefined,
    onChange: listener =>
      store.onChange(({ type, resource, object }) =>
        listener({ type, resource: resource.resource, object: copyOf(object) }),
      ),
    compact: () => store.compact(),
  }
}
