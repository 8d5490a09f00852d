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
  /** What would be sent to us beside names of nodes and Services, and was accepted. */
  readonly wider: readonly string[]
}

/** What rings: names of these may be sent to us, whoever asks for them. */
const RINGING_RESOURCES: readonly string[] = ['nodes', 'services']

/** The stage at which a change is done: without it nothing rings. */
const RINGING_STAGE = 'ResponseComplete'

const API_VERSION = 'audit.k8s.io/v1'

/** Why a file is no policy that an API server takes, as far as it is looked at here. */
export function findPolicyProblems({ apiVersion, rules, omitStages }: AuditPolicy): readonly string[] {
  const given = typeof apiVersion === 'string' ? apiVersion : 'no version'
  const problems = given === API_VERSION ? [] : [`is of ${given}: an API server takes ${API_VERSION} only`]
  if (!isTexts(omitStages)) problems.push('has omitStages that are no list of names')
  if (!Array.isArray(rules)) return [...problems, 'has no rules']
  const wrong = (rules as readonly unknown[]).flatMap((rule, index) => findRuleProblem(rule, index + 1))
  return [...problems, ...wrong]
}

function findRuleProblem(rule: unknown, number: number): readonly string[] {
  if (!isFields(rule) || typeof rule['level'] !== 'string')
    return [`has a rule ${number} that is none: it needs a level`]
  const { users, verbs, nonResourceURLs, omitStages, resources } = rule
  const isSound =
    [users, verbs, nonResourceURLs, omitStages].every(isTexts) &&
    (resources === undefined || (Array.isArray(resources) && resources.every(isGroup)))
  return isSound ? [] : [`has a rule ${number} with something other than lists of names in it`]
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isTexts = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every(text => typeof text === 'string'))

const isGroup = (value: unknown): boolean =>
  isFields(value) && ['string', 'undefined'].includes(typeof value['group']) && isTexts(value['resources'])

/**
 * Our rules, then those in use. An API server sends one policy's events to all its audit backends, so whatever the
 * rules in use log would be sent to our webhook as well: only rules about the names of nodes and Services may stay beside
 * ours. Our rule that passes over the controller's own requests is left out: their log would hold none of them any more,
 * and the audit handler passes over them as well.
 *
 * @param acceptsWider whether names of other things may come as well, with who asked for them and by which URL; what
 *   requests and responses hold never may
 */
export function mergePolicy(ours: AuditPolicy, inUse: AuditPolicy, acceptsWider = false): MergedPolicy {
  const own = ours.rules.map(rule => withStages(rule, ours.omitStages))
  const theirs = inUse.rules
    .map((rule, index) => ({ rule, ...findProblem(rule, index + 1) }))
    .filter(({ rule }) => !own.some(known => isDeepStrictEqual(known, rule)))
  const first = own.filter(rule => !isCatchAll(rule) && rule.users === undefined)
  const last = own.filter(isCatchAll)
  const isRefused = ({ isContent }: { readonly isContent?: boolean }): boolean =>
    !acceptsWider || isContent === true
  const stages = inUse.omitStages?.includes(RINGING_STAGE)
    ? [`it omits the stage ${RINGING_STAGE}, the only one that rings`]
    : []
  return {
    policy: { ...inUse, rules: [...first, ...theirs.map(({ rule }) => rule), ...last] },
    problems: [...stages, ...theirs.filter(isRefused).flatMap(({ problem }) => problem ?? [])],
    wider: acceptsWider ? theirs.flatMap(({ problem }) => problem ?? []) : [],
  }
}

/** In a policy of others the stages that ours omits are omitted rule by rule. */
const withStages = (rule: AuditRule, omitStages: readonly string[] | undefined): AuditRule =>
  rule.level === 'None' || !omitStages ? rule : { ...rule, omitStages }

const isCatchAll = (rule: AuditRule): boolean => Object.keys(rule).length === 1

interface Finding {
  readonly problem?: string
  /** More than names: nobody accepts that. */
  readonly isContent?: boolean
}

function findProblem(rule: AuditRule, number: number): Finding {
  if (rule.level === 'None') return {}
  if (rule.level !== 'Metadata') {
    return { problem: `rule ${number} logs at level ${rule.level}, more than Metadata`, isContent: true }
  }
  if (rule.nonResourceURLs) return { problem: `rule ${number} logs URLs that are no resources` }
  if (!rule.resources || rule.resources.length === 0) return { problem: `rule ${number} logs every resource` }
  const others = rule.resources.flatMap(({ group = '', resources = ['*'] }) =>
    resources
      .filter(name => group !== '' || !RINGING_RESOURCES.includes(name))
      .map(name => (group ? `${name}.${group}` : name)),
  )
  return others.length === 0 ? {} : { problem: `rule ${number} logs ${others.join(', ')}` }
}
