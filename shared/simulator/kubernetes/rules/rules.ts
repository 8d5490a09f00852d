import type { Clock } from '../../../clock.ts'
import type { KubeObject } from '../objects.ts'
import type { Cause } from '../status.ts'

/** What the rules of a resource may look at besides the object. */
export interface RuleContext {
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  /** All stored objects of a resource, by plural name; not to be changed. */
  readonly list: (resource: string) => readonly KubeObject[]
  /** Stores a new object of the server's own, or does nothing when the name is taken. */
  readonly provide: (resource: string, object: KubeObject) => void
  /** Removes an object of the server's own. */
  readonly discard: (resource: string, name: string) => void
}

/**
 * What the API server does with one resource beyond the generic machinery. All functions may change the
 * object they are given (it is the request's own copy), never the old one.
 */
export interface ResourceRules {
  /** Defaults that decoding sets, before admission. */
  readonly defaults?: (object: KubeObject) => void
  /** After admission: fields that the server owns. */
  readonly prepareCreate?: (object: KubeObject, context: RuleContext) => void
  readonly prepareUpdate?: (object: KubeObject, old: KubeObject, context: RuleContext) => void
  readonly validateCreate?: (object: KubeObject, context: RuleContext) => readonly Cause[]
  /** Includes what the resource checks of metadata again; without it, the check of a change is repeated. */
  readonly validateUpdate?: (object: KubeObject, old: KubeObject, context: RuleContext) => readonly Cause[]
  /** Through the status subresource, after everything but metadata and status was taken from `old`. */
  readonly validateStatus?: (object: KubeObject, old: KubeObject) => readonly Cause[]
  /** After validation: what only succeeds or fails as a whole (addresses, ports). */
  readonly allocate?: (
    object: KubeObject,
    old: KubeObject | undefined,
    context: RuleContext,
  ) => readonly Cause[]
  /** After the object was stored (`undefined`: removed): other objects that follow from it. */
  readonly afterStore?: (
    object: KubeObject | undefined,
    old: KubeObject | undefined,
    context: RuleContext,
  ) => void
  /** Fields that a field selector may name, besides metadata.name and metadata.namespace. */
  readonly selectable?: (object: KubeObject) => Record<string, string>
  /** How a name must look. */
  readonly name?: 'subdomain' | 'label' | 'path' | 'address'
}
