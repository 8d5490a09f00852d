import { NAME } from './names.ts'

/** What an object of ours is for: the value of `app.kubernetes.io/component`. */
export type Component =
  | 'access'
  | 'address-claim'
  | 'address-pool'
  | 'block-gate'
  | 'credentials'
  | 'event'
  | 'inventory'
  | 'lease'
  | 'webhook'

export const NAME_LABEL = 'app.kubernetes.io/name'
/** Also tells whose a pool, a Secret or a ConfigMap is: an object without it is never changed. */
export const MANAGED_LABEL = 'app.kubernetes.io/managed-by'

/**
 * Labels of everything that this program creates, as Kubernetes recommends them
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/). No version: a new one would be a
 * write for every object. An object from before gets them with the next write that it needs anyway.
 */
export const toOwnLabels = (component: Component): Readonly<Record<string, string>> => ({
  [NAME_LABEL]: NAME,
  'app.kubernetes.io/component': component,
  'app.kubernetes.io/part-of': NAME,
  [MANAGED_LABEL]: NAME,
})
