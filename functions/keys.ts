import type { ReconcileKey } from '../shared/controllers/contract.ts'
import { isObjectName } from '../shared/kubernetes/names.ts'
import { toRecord } from '../shared/kubernetes/review.ts'

/** A node's name is a DNS subdomain. */
const MAX_NODE_NAME = 253
/** Namespaces and Services have DNS labels as names. */
const MAX_LABEL = 63
/** A resourceVersion is a number of 64 bits. */
const MAX_VERSION = 20

/** The key that anything sent, without what does not belong to it; undefined when it is none. */
export function readKey(entry: unknown): ReconcileKey | undefined {
  const { kind, namespace, name, seen } = toRecord(entry)
  if (kind === 'Node') {
    if (name === undefined) return { kind }
    return isName(name, MAX_NODE_NAME) ? { kind, name } : undefined
  }
  if (kind !== 'Service') return undefined
  if (namespace === undefined) return name === undefined ? { kind } : undefined
  if (!isName(namespace, MAX_LABEL)) return undefined
  const version = typeof seen === 'string' && seen.length <= MAX_VERSION ? { seen } : {}
  if (name === undefined) return { kind, namespace, ...version }
  return isName(name, MAX_LABEL) ? { kind, namespace, name, ...version } : undefined
}

const isName = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length <= max && isObjectName(value)

/** Distinct for distinct keys: no name and no namespace holds a slash. */
export const toKeyId = ({ kind, namespace, name }: ReconcileKey): string =>
  [kind, namespace, name].filter(part => part !== undefined).join('/')

/** How a key is named in the log: `node`, or `service` with its namespace (`default/`: all in it). */
export function toKeyFields({ kind, namespace, name }: ReconcileKey): Readonly<Record<string, unknown>> {
  if (kind === 'Node') return { kind, node: name }
  return { kind, service: namespace === undefined ? undefined : `${namespace}/${name ?? ''}` }
}
