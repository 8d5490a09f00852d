import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import type { Asked } from './audit-log.ts'

/** A right that a role gives: one verb on one resource. */
export interface Right {
  readonly role: string
  /** Of a Role; a ClusterRole is good everywhere. */
  readonly namespace?: string | undefined
  readonly verb: string
  readonly group: string
  readonly resource: string
  /** The only objects it is about; empty: all. */
  readonly names: readonly string[]
}

interface Role {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
}

/** Every right in the roles of a manifest. */
export async function readRights(manifest: string): Promise<readonly Right[]> {
  const objects = parseAllDocuments(await readFile(manifest, 'utf8')).map(one => one.toJS() as Role)
  return objects.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role').flatMap(toRights)
}

const toRights = ({ metadata: { name: role, namespace }, rules }: Role): Right[] =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames: names = [] }) =>
    apiGroups.flatMap(group =>
      resources.flatMap(resource => verbs.map(verb => ({ role, namespace, verb, group, resource, names }))),
    ),
  )

/** Whether a request is one that the right is there for. */
export const isUse = (right: Right, asked: Asked): boolean =>
  asked.isAllowed &&
  asked.verb === right.verb &&
  asked.group === right.group &&
  asked.resource === right.resource &&
  (right.namespace === undefined || asked.namespace === right.namespace) &&
  // A creation by POST has no name that a role could look at.
  (right.names.length === 0 || asked.name === undefined || right.names.includes(asked.name))

/** Rights that nobody used. */
export const findUnused = (rights: readonly Right[], asked: readonly Asked[]): readonly Right[] =>
  rights.filter(right => !asked.some(one => isUse(right, one)))

/** As `patch nodes/status`, `get leases.coordination.k8s.io in kube-system`. */
export function toText({ verb, group, resource, namespace }: Omit<Right, 'role' | 'names'>): string {
  const name = group === '' ? resource : `${resource}.${group}`
  return `${verb} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`
}
