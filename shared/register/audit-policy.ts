import { isDeepStrictEqual } from 'node:util'

/** A rule of an audit policy (audit.k8s.io/v1), as far as it is looked at. */
export interface AuditRule {
  readonly level: string
  readonly users?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly { readonly group?: string; readonly resources?: readonly string[] }[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly string[]
}

export interface AuditPolicy {
  readonly apiVersion: string
  readonly kind: string
  readonly omitStages?: readonly string[]
  readonly rules: readonly AuditRule[]
}

/** A policy made of two, and what speaks against using it; with problems it must not be used. */
export interface MergedPolicy {
  readonly policy: AuditPolicy
  readonly problems: readonly string[]
}

/** What rings: names of these may be sent to us, whoever asks for them. */
const RINGING_RESOURCES: readonly string[] = ['nodes', 'services']

/** The stage at which a change is done: without it nothing rings. */
const RINGING_STAGE = 'ResponseComplete'

/**
 * Our rules, then those in use. An API server sends one policy's events to all its audit backends, so whatever the
 * rules in use log would be sent to our webhook as well: only rules about the names of nodes and Services may stay beside
 * ours.
 */
export function mergePolicy(ours: AuditPolicy, inUse: AuditPolicy): MergedPolicy {
  const own = ours.rules.map(rule => withStages(rule, ours.omitStages))
  const theirs = inUse.rules
    .map((rule, index) => ({ rule, problem: findProblem(rule, index + 1) }))
    .filter(({ rule }) => !own.some(known => isDeepStrictEqual(known, rule)))
  const first = own.filter(rule => !isCatchAll(rule))
  const last = own.filter(isCatchAll)
  const stages = inUse.omitStages?.includes(RINGING_STAGE)
    ? [`it omits the stage ${RINGING_STAGE}, the only one that rings`]
    : []
  return {
    policy: { ...inUse, rules: [...first, ...theirs.map(({ rule }) => rule), ...last] },
    problems: [...stages, ...theirs.map(({ problem }) => problem).filter(problem => problem !== undefined)],
  }
}

/** In a policy of others the stages that ours omits are omitted rule by rule. */
const withStages = (rule: AuditRule, omitStages: readonly string[] | undefined): AuditRule =>
  rule.level === 'None' || !omitStages ? rule : { ...rule, omitStages }

const isCatchAll = (rule: AuditRule): boolean => Object.keys(rule).length === 1

function findProblem(rule: AuditRule, number: number): string | undefined {
  if (rule.level === 'None') return undefined
  if (rule.level !== 'Metadata') return `rule ${number} logs at level ${rule.level}, more than Metadata`
  if (rule.nonResourceURLs) return `rule ${number} logs URLs that are no resources`
  if (!rule.resources || rule.resources.length === 0) return `rule ${number} logs every resource`
  const others = rule.resources.flatMap(({ group = '', resources = ['*'] }) =>
    resources
      .filter(name => group !== '' || !RINGING_RESOURCES.includes(name))
      .map(name => (group ? `${name}.${group}` : name)),
  )
  return others.length === 0 ? undefined : `rule ${number} logs ${others.join(', ')}`
}
