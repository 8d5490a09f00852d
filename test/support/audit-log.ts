import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { CONTROLLER } from './users.ts'

/** What the controller asked of an API server, and whether its role allowed it. */
export interface Asked {
  readonly verb: string
  readonly group: string
  /** With its subresource, as roles write it: `nodes/status`. */
  readonly resource: string
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly isAllowed: boolean
}

/** An event of audit.k8s.io/v1, as far as it is looked at. */
interface AuditEvent {
  readonly verb: string
  readonly objectRef?: {
    readonly resource?: string
    readonly subresource?: string
    readonly apiGroup?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: Readonly<Record<string, string>>
}

/** Variable that names the folder in which the API servers of tests log what the controller asks of them. */
export const AUDIT_LOGS = 'CCM_AUDIT_LOGS'
/** Where a whole run leaves these logs. */
export const AUDIT_LOG_FOLDER = resolve(import.meta.dirname, '../../.build/audit-logs')

/** Everything that the controller asks for, and nothing of anybody else. */
export const AUDIT_LOG_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', users: [CONTROLLER] }, { level: 'None' }],
} as const

/** Each kind of request once, from all logs of a folder. */
export async function readAsked(folder: string): Promise<readonly Asked[]> {
  const found = new Map<string, Asked>()
  for (const name of await readdir(folder)) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      for (const asked of toAsked(line)) found.set(JSON.stringify(asked), asked)
    }
  }
  return [...found.values()]
}

/** An apply that makes its object needs two rights. */
function toAsked(line: string): Asked[] {
  const { verb, objectRef, responseStatus, annotations } = parse(line) ?? {}
  if (!verb || !objectRef?.resource) return []
  const { resource, subresource, apiGroup: group = '', namespace, name } = objectRef
  const verbs = verb === 'patch' && responseStatus?.code === 201 ? ['patch', 'create'] : [verb]
  return verbs.map(verb => ({
    verb,
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    isAllowed: annotations?.['authorization.k8s.io/decision'] !== 'forbid',
  }))
}

/** The last line of an API server that was killed may be half a one. */
function parse(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line) as AuditEvent
  } catch {
    return undefined
  }
}
