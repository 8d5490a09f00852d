import type { Target } from '../api/request.ts'
import { type Fields, fieldsOf, listOf, textOf, textsOf } from '../json.ts'
import type { User } from '../objects.ts'

/** RequestReceived is never delivered: no policy of this project wants it. */
export type Stage = 'ResponseStarted' | 'ResponseComplete'

/** What a policy is asked about. */
export interface Audited {
  readonly user: User
  /** Kubernetes verb, or the HTTP method in lower case. */
  readonly verb: string
  readonly path: string
  /** Undefined for a path that is no resource. */
  readonly target: Target | undefined
}

/**
 * Whether a policy (audit.k8s.io/v1) has an event written for this stage: the first rule that matches
 * decides. Levels above Metadata are treated as Metadata.
 *
 * @param policy everything is written when undefined
 */
export function isAudited(policy: unknown, audited: Audited, stage: Stage): boolean {
  if (policy === undefined) return true
  const { rules, omitStages } = fieldsOf(policy)
  const rule = listOf(rules)
    .map(fieldsOf)
    .find(candidate => ruleMatches(candidate, audited))
  if (rule === undefined || textOf(rule.level) === 'None') return false
  return ![...textsOf(omitStages), ...textsOf(rule.omitStages)].includes(stage)
}

function ruleMatches(rule: Fields, { user, verb, path, target }: Audited): boolean {
  const groups = textsOf(rule.userGroups)
  return (
    isAmong(textsOf(rule.users), user.username) &&
    (groups.length === 0 || groups.some(group => user.groups.includes(group))) &&
    isAmong(textsOf(rule.verbs), verb) &&
    (target === undefined ? pathMatches(rule, path) : targetMatches(rule, target))
  )
}

/** An empty list selects everything. */
const isAmong = (selected: readonly string[], value: string): boolean =>
  selected.length === 0 || selected.includes(value)

function pathMatches(rule: Fields, path: string): boolean {
  const [patterns, resources] = [textsOf(rule.nonResourceURLs), listOf(rule.resources)]
  if (patterns.length === 0) return resources.length === 0 && textsOf(rule.namespaces).length === 0
  return patterns.some(pattern =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path,
  )
}

function targetMatches(rule: Fields, target: Target): boolean {
  const resources = listOf(rule.resources).map(fieldsOf)
  if (textsOf(rule.nonResourceURLs).length > 0) return false
  if (!isAmong(textsOf(rule.namespaces), target.namespace)) return false
  return resources.length === 0 || resources.some(entry => entryMatches(entry, target))
}

function entryMatches(entry: Fields, { group, plural, subresource, name }: Target): boolean {
  const names = textsOf(entry.resourceNames)
  if (textOf(entry.group) !== group || (names.length > 0 && !names.includes(name))) return false
  const wanted = subresource === '' ? plural : `${plural}/${subresource}`
  const resources = textsOf(entry.resources)
  return (
    isAmong(resources, wanted) ||
    resources.includes('*') ||
    (subresource !== '' && (resources.includes(`${plural}/*`) || resources.includes(`*/${subresource}`)))
  )
}
