import { fieldsOf, listOf, textOf, textsOf } from './json.ts'
import type { KubeObject } from './objects.ts'
import { nameOf, namespaceOf } from './objects.ts'
import type { Resource } from './resources.ts'
import { badRequest } from './status.ts'

export type Labels = Readonly<Record<string, string>>
export type LabelTest = (labels: Labels) => boolean
export type ObjectTest = (object: KubeObject) => boolean

const TERM =
  /^\s*(?:(!)\s*([^\s=!()]+)|([^\s=!()]+)\s*(==|=|!=)\s*([^\s=!()]*)|([^\s=!()]+)\s+(in|notin)\s*\(([^()]*)\)|([^\s=!()]+))\s*$/

/**
 * Test for a label selector as in a URL: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 *
 * @throws ApiError 400
 */
export function parseLabelSelector(selector: string): LabelTest {
  const tests = splitTerms(selector).map(parseTerm)
  return labels => tests.every(test => test(labels))
}

/** Commas inside parentheses belong to the term. */
const splitTerms = (selector: string): string[] =>
  selector.split(/,(?![^(]*\))/).filter((term, _index, all) => all.length > 1 || term.trim() !== '')

function parseTerm(term: string): LabelTest {
  const match = TERM.exec(term)
  if (match === null) throw badRequest(`unable to parse requirement: ${complaint(term)}`)
  const [, not, absent, key, operator, value = '', setKey, setOperator, values = '', present] = match
  if (not !== undefined && absent !== undefined) return labels => !Object.hasOwn(labels, absent)
  if (present !== undefined) return labels => Object.hasOwn(labels, present)
  if (setKey !== undefined) {
    const set = values.split(',').map(item => item.trim())
    const inside = setOperator === 'in'
    return labels => (Object.hasOwn(labels, setKey) ? set.includes(labels[setKey] ?? '') === inside : !inside)
  }
  if (key === undefined) return () => true
  return operator === '!=' ? labels => labels[key] !== value : labels => labels[key] === value
}

/** The real parser names the token that it did not expect. */
function complaint(term: string): string {
  const token = /[=!<>()]/.exec(term.replace(/^[^=!]*(==|=|!=)/, ''))?.[0] ?? ''
  return `found '${token}', expected: identifier`
}

/** Test for a LabelSelector object (matchLabels, matchExpressions); an empty one matches everything. */
export function labelSelectorTest(selector: unknown): LabelTest {
  const matchLabels = Object.entries(fieldsOf(fieldsOf(selector).matchLabels))
  const expressions = listOf(fieldsOf(selector).matchExpressions).map(item => {
    const { key, operator, values } = fieldsOf(item)
    return expressionTest(textOf(key), textOf(operator), textsOf(values))
  })
  return labels =>
    matchLabels.every(([key, value]) => labels[key] === value) && expressions.every(test => test(labels))
}

function expressionTest(key: string, operator: string, values: string[]): LabelTest {
  switch (operator) {
    case 'In':
      return labels => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '')
    case 'NotIn':
      return labels => !Object.hasOwn(labels, key) || !values.includes(labels[key] ?? '')
    case 'Exists':
      return labels => Object.hasOwn(labels, key)
    case 'DoesNotExist':
      return labels => !Object.hasOwn(labels, key)
    default:
      return () => false
  }
}

/**
 * Test for a field selector as in a URL: `metadata.name=a,type!=b`.
 *
 * @throws ApiError 400 for a field that the resource does not offer
 */
export function parseFieldSelector(resource: Resource, selector: string): ObjectTest {
  const tests = selector
    .split(',')
    .filter(term => term !== '')
    .map(term => fieldTest(resource, term))
  return object => tests.every(test => test(object))
}

function fieldTest(resource: Resource, term: string): ObjectTest {
  const match = /^(.*?)(==|=|!=)(.*)$/.exec(term)
  if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`)
  const [, field = '', operator, value = ''] = match
  const known = [
    'metadata.name',
    'metadata.namespace',
    ...Object.keys(resource.rules.selectable?.(BLANK) ?? {}),
  ]
  if (!known.includes(field)) throw badRequest(unsupportedField(resource, field))
  return object => (selectableFields(resource, object)[field] === value) === (operator !== '!=')
}

const BLANK: KubeObject = { apiVersion: '', kind: '', metadata: {} }

/** Resources with field labels of their own complain otherwise than those with only the generic two. */
function unsupportedField(resource: Resource, field: string): string {
  if (resource.rules.selectable !== undefined) return `field label not supported: ${field}`
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
}

const selectableFields = (resource: Resource, object: KubeObject): Record<string, string> => ({
  'metadata.name': nameOf(object),
  'metadata.namespace': namespaceOf(object),
  ...resource.rules.selectable?.(object),
})
