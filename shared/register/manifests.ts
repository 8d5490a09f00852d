import { type Component, toOwnLabels } from '../kubernetes/labels.ts'
import { SERVICE_ACCOUNT_USER } from '../kubernetes/names.ts'
import type { ServicePort } from '../setting-parsers.ts'
import type { AuditPolicy } from './audit-policy.ts'
import { readManifest } from './manifest-files.ts'

/** Any object of the Kubernetes API. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** What the API server is told of our webhook. */
export interface WebhookTarget {
  /** URL or Service, both with the path, as the API server calls it. */
  readonly url: string | (ServicePort & { readonly path: string })
  /** PEM of the authority of its certificate; without it the API server trusts those of its machine. */
  readonly ca?: string | undefined
}

/**
 * Service account, roles and bindings.
 *
 * @param user whom the handlers act as; one that is not our service account is bound to the roles as well
 * @param name `rbac-self`: what comes on top where serve registers its webhook itself
 */
export async function readRbac(user: string, name: 'rbac' | 'rbac-self' = 'rbac'): Promise<KubeObject[]> {
  const objects = await readObjects(name)
  return objects.map(object =>
    user === SERVICE_ACCOUNT_USER || !Array.isArray(object['subjects'])
      ? object
      : { ...object, subjects: [...(object['subjects'] as unknown[]), toSubject(user)] },
  )
}

function toSubject(user: string): object {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? []
  return namespace && name
    ? { kind: 'ServiceAccount', name, namespace }
    : { kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }
}

interface Webhook {
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[]
}

/** @param user whose requests are not sent to the webhook: whom the handlers act as */
export async function readWebhooks(target: WebhookTarget, user: string): Promise<KubeObject[]> {
  const objects = await readObjects('webhooks')
  const caBundle = target.ca && Buffer.from(target.ca).toString('base64')
  const where = typeof target.url === 'string' ? { url: target.url } : { service: target.url }
  const clientConfig = { ...where, ...(caBundle ? { caBundle } : {}) }
  return objects.map(object => ({
    ...object,
    webhooks: (object['webhooks'] as readonly Webhook[]).map(webhook => ({
      ...webhook,
      clientConfig,
      matchConditions: webhook.matchConditions.map(({ name, expression }) => ({
        name,
        // A CEL text is written as a JSON one.
        expression: expression.replaceAll(`'${SERVICE_ACCOUNT_USER}'`, JSON.stringify(user)),
      })),
    })),
  }))
}

/** @param user whose own writes do not ring */
export async function readAuditPolicy(user: string): Promise<AuditPolicy> {
  const { parse } = await import('yaml')
  const policy = parse(await readManifest('audit-policy')) as AuditPolicy
  return {
    ...policy,
    rules: policy.rules.map(rule => (rule.users ? { ...rule, users: [user] } : rule)),
  }
}

async function readObjects(name: 'rbac' | 'rbac-self' | 'webhooks'): Promise<KubeObject[]> {
  const { parseAllDocuments } = await import('yaml')
  const documents = parseAllDocuments(await readManifest(name))
  return Array.from(documents, document =>
    withLabels(document.toJS() as KubeObject, name === 'webhooks' ? 'webhook' : 'access'),
  )
}

const withLabels = (object: KubeObject, component: Component): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: toOwnLabels(component) },
})
