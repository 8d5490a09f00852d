import type { Fields } from './json.ts'

/** metadata of a stored object; what is absent was never set. */
export interface ObjectMeta {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: Fields[]
  finalizers?: string[]
  managedFields?: Fields[]
}

/** Any Kubernetes object as JSON. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/** Who makes a request, as the API server's authenticators would say. */
export interface User {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
}

export const nameOf = (object: KubeObject): string => object.metadata.name ?? ''
export const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? ''
