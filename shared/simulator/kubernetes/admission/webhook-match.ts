import { type Fields, fieldsOf, listOf, textOf, textsOf } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import { labelSelectorTest } from '../selectors.ts'
import type { AdmissionRequest } from './admission.ts'
import { evaluateCel } from './cel.ts'

/** One webhook of a stored MutatingWebhookConfiguration. */
export interface Webhook {
  /** Configuration and webhook name: unique. */
  readonly id: string
  readonly name: string
  readonly fields: Fields
}

/** All webhooks in the order in which they are called. */
export const webhooksOf = (configurations: readonly KubeObject[]): Webhook[] =>
  configurations.flatMap(configuration =>
    listOf(configuration.webhooks).map(item => {
      const fields = fieldsOf(item)
      const name = textOf(fields.name)
      return { id: `${configuration.metadata.name ?? ''}/${name}`, name, fields }
    }),
  )

/** True when the webhook's rules and selectors select the request; match conditions are asked separately. */
export function isSelected(
  webhook: Webhook,
  request: AdmissionRequest,
  findNamespace: (name: string) => KubeObject | undefined,
): boolean {
  if (request.resource.group === 'admissionregistration.k8s.io') return false
  const { fields } = webhook
  return (
    listOf(fields.rules).some(rule => ruleMatches(fieldsOf(rule), request)) &&
    namespaceMatches(fields.namespaceSelector, request, findNamespace) &&
    objectMatches(fields.objectSelector, request)
  )
}

function ruleMatches(rule: Fields, { operation, resource, subresource }: AdmissionRequest): boolean {
  const scope = textOf(rule.scope) || '*'
  return (
    includes(textsOf(rule.operations), operation) &&
    includes(textsOf(rule.apiGroups), resource.group) &&
    includes(textsOf(rule.apiVersions), resource.version) &&
    (scope === '*' || scope === (resource.namespaced ? 'Namespaced' : 'Cluster')) &&
    textsOf(rule.resources).some(pattern => resourceMatches(pattern, resource.resource, subresource))
  )
}

const includes = (allowed: readonly string[], value: string): boolean =>
  allowed.includes('*') || allowed.includes(value)

function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const [wantedResource = '', wantedSubresource] = pattern.split('/')
  const sameResource = wantedResource === '*' || wantedResource === resource
  if (wantedSubresource === undefined) return sameResource && subresource === ''
  return sameResource && (wantedSubresource === '*' || wantedSubresource === subresource)
}

function namespaceMatches(
  selector: unknown,
  request: AdmissionRequest,
  findNamespace: (name: string) => KubeObject | undefined,
): boolean {
  const test = labelSelectorTest(selector)
  if (request.resource.namespaced) return test(findNamespace(request.namespace)?.metadata.labels ?? {})
  if (request.resource.kind !== 'Namespace') return true
  return test((request.object ?? request.oldObject)?.metadata.labels ?? {})
}

function objectMatches(selector: unknown, { object, oldObject }: AdmissionRequest): boolean {
  const test = labelSelectorTest(selector)
  return [object, oldObject].some(item => item !== undefined && test(item.metadata.labels ?? {}))
}

/** Outcome of the match conditions: `error` is for failurePolicy to decide. */
export type MatchResult = 'match' | 'no match' | { readonly error: string }

/**
 * One false condition is enough to leave the webhook out, even when another fails.
 *
 * @param review the `request` of the AdmissionReview
 */
export function matchConditions(webhook: Webhook, review: Fields): MatchResult {
  let failure: string | undefined
  for (const item of listOf(webhook.fields.matchConditions)) {
    const { expression } = fieldsOf(item)
    try {
      const variables = {
        object: review.object ?? null,
        oldObject: review.oldObject ?? null,
        request: review,
      }
      if (!evaluateCel(textOf(expression), variables)) return 'no match'
    } catch (error) {
      failure ??= `expression '${textOf(expression)}' resulted in error: ${firstLine(error)}`
    }
  }
  return failure === undefined ? 'match' : { error: failure }
}

/** The library begins with a capital and adds the place in the expression on further lines. */
function firstLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`
}
