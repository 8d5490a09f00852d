import { fieldsOf, listOf, textOf, textsOf } from '../json.ts'
import { contentProblems } from '../metadata.ts'
import type { KubeObject } from '../objects.ts'
import { type Cause, duplicateValue, invalidValue, required, unsupportedValue } from '../status.ts'
import type { ResourceRules } from './rules.ts'

const DEFAULTS = {
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10,
  reinvocationPolicy: 'Never',
}

/** Defaults and validation of MutatingWebhookConfiguration; bad CEL is refused by the one who compiles it. */
export function webhookConfigurationRules(
  celProblem: (expression: string) => string | undefined,
): ResourceRules {
  const validate = (configuration: KubeObject): Cause[] =>
    listOf(configuration.webhooks).flatMap((item, index) =>
      webhookProblems(fieldsOf(item), `webhooks[${index}]`, celProblem),
    )
  return {
    defaults(configuration) {
      if (Array.isArray(configuration.webhooks))
        configuration.webhooks = configuration.webhooks.map(withDefaults)
    },
    validateCreate: validate,
    validateUpdate: configuration => [...contentProblems(configuration), ...validate(configuration)],
  }
}

function withDefaults(item: unknown): unknown {
  const webhook = { ...DEFAULTS, ...fieldsOf(item) }
  const rules = listOf(fieldsOf(item).rules).map(rule => ({ scope: '*', ...fieldsOf(rule) }))
  return rules.length === 0 ? webhook : { ...webhook, rules }
}

function webhookProblems(
  webhook: Record<string, unknown>,
  field: string,
  celProblem: (expression: string) => string | undefined,
): Cause[] {
  const name = textOf(webhook.name)
  const segments = name.split('.').filter(segment => segment !== '')
  const { timeoutSeconds } = webhook
  return [
    ...(name === '' ? [required(`${field}.name`)] : []),
    ...(name !== '' && segments.length < 3
      ? [
          invalidValue(
            `${field}.name`,
            name,
            'should be a domain with at least three segments separated by dots',
          ),
        ]
      : []),
    ...sideEffectProblems(`${field}.sideEffects`, textOf(webhook.sideEffects)),
    ...(typeof timeoutSeconds === 'number' && (timeoutSeconds < 1 || timeoutSeconds > 30)
      ? [
          invalidValue(
            `${field}.timeoutSeconds`,
            timeoutSeconds,
            'the timeout value must be between 1 and 30 seconds',
          ),
        ]
      : []),
    ...clientProblems(`${field}.clientConfig`, fieldsOf(webhook.clientConfig)),
    ...versionProblems(`${field}.admissionReviewVersions`, textsOf(webhook.admissionReviewVersions)),
    ...repeatedConditions(field, listOf(webhook.matchConditions)),
    ...listOf(webhook.matchConditions).flatMap((item, index) => {
      const expression = textOf(fieldsOf(item).expression)
      const problem = celProblem(expression)
      const at = `${field}.matchConditions[${index}].expression`
      return problem === undefined ? [] : [invalidValue(at, expression, `compilation failed: ${problem}`)]
    }),
  ]
}

function repeatedConditions(field: string, conditions: readonly unknown[]): Cause[] {
  const names = conditions.map(item => textOf(fieldsOf(item).name))
  return names.flatMap((name, index) =>
    names.indexOf(name) === index ? [] : [duplicateValue(`${field}.matchConditions[${index}].name`, name)],
  )
}

function sideEffectProblems(field: string, sideEffects: string): Cause[] {
  const supported = ['None', 'NoneOnDryRun']
  if (sideEffects === '') return [required(field, `must specify one of ${supported.join(', ')}`)]
  return supported.includes(sideEffects) ? [] : [unsupportedValue(field, sideEffects, supported)]
}

const clientProblems = (field: string, { url, service }: Record<string, unknown>): Cause[] =>
  (url === undefined) === (service === undefined)
    ? [required(field, 'exactly one of url or service is required')]
    : urlProblems(`${field}.url`, textOf(url))

function urlProblems(field: string, url: string): Cause[] {
  if (url === '') return []
  const form = 'desired format: https://host[/path]'
  if (!URL.canParse(url)) return [invalidValue(field, url, `url must be a valid URL; ${form}`)]
  const { protocol, username, search, hash } = new URL(url)
  const scheme = protocol.slice(0, -1)
  return [
    ...(scheme === 'https'
      ? []
      : [invalidValue(field, scheme, `'https' is the only allowed URL scheme; ${form}`)]),
    ...(username === ''
      ? []
      : [invalidValue(field, username, 'user information is not permitted in the URL')]),
    ...(hash === '' ? [] : [invalidValue(field, hash.slice(1), 'fragments are not permitted in the URL')]),
    ...(search === ''
      ? []
      : [invalidValue(field, search.slice(1), 'query parameters are not permitted in the URL')]),
  ]
}

function versionProblems(field: string, versions: string[]): Cause[] {
  if (versions.length === 0) return [required(field, 'must specify one of v1, v1beta1')]
  if (versions.includes('v1') || versions.includes('v1beta1')) return []
  return [invalidValue(field, versions, 'must include at least one of v1, v1beta1')]
}
