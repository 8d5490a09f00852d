import { conditions, objectReference } from './core.ts'
import {
  any,
  bytes,
  int,
  list,
  type ObjectSchema,
  object,
  optionalBool,
  optionalInt,
  optionalStr,
  requiredMicroTime,
  requiredStr,
  requiredTime,
  type Schema,
  str,
  stringMap,
  strings,
  struct,
} from './schema.ts'

export const ipAddress: Record<string, Schema> = {
  spec: struct('IPAddressSpec', {
    parentRef: object('ParentReference', { group: str, resource: str, namespace: str, name: str }),
  }),
}

/** events.k8s.io/v1; the same events as the core group's. */
export const event: Record<string, Schema> = {
  eventTime: requiredMicroTime,
  series: any,
  reportingController: str,
  reportingInstance: str,
  action: str,
  reason: str,
  regarding: struct('ObjectReference', objectReference),
  related: any,
  note: str,
  type: str,
  deprecatedSource: struct('EventSource', { component: str, host: str }),
  deprecatedFirstTimestamp: requiredTime,
  deprecatedLastTimestamp: requiredTime,
  deprecatedCount: int,
}

/** A kubelet wants one of its own before it is ready. */
export const csiNode: Record<string, Schema> = {
  spec: struct('CSINodeSpec', {
    drivers: list(
      object('CSINodeDriver', { name: requiredStr, nodeID: requiredStr, topologyKeys: strings }),
      {
        merge: 'name',
        keys: ['name'],
        always: true,
      },
    ),
  }),
}
export const csiDriver: Record<string, Schema> = { spec: any }
export const runtimeClass: Record<string, Schema> = { handler: requiredStr, overhead: any, scheduling: any }

export const serviceCidr: Record<string, Schema> = {
  spec: struct('ServiceCIDRSpec', { cidrs: strings }),
  status: struct('ServiceCIDRStatus', { conditions }),
}

const endpoint = object('Endpoint', {
  addresses: list(str, { always: true }),
  conditions: struct('EndpointConditions', {
    ready: optionalBool,
    serving: optionalBool,
    terminating: optionalBool,
  }),
  hostname: optionalStr,
  targetRef: any,
  deprecatedTopology: stringMap,
  nodeName: optionalStr,
  zone: optionalStr,
  hints: any,
})

export const endpointSlice: Record<string, Schema> = {
  addressType: requiredStr,
  endpoints: list(endpoint, { always: true }),
  ports: list(
    object('EndpointPort', {
      name: optionalStr,
      protocol: optionalStr,
      port: optionalInt,
      appProtocol: optionalStr,
    }),
    { always: true },
  ),
}

const labelSelector = object('LabelSelector', {
  matchLabels: stringMap,
  matchExpressions: list(
    object('LabelSelectorRequirement', { key: requiredStr, operator: requiredStr, values: strings }),
  ),
})

const webhook = object('MutatingWebhook', {
  name: requiredStr,
  clientConfig: struct('WebhookClientConfig', {
    url: optionalStr,
    service: object('ServiceReference', {
      namespace: requiredStr,
      name: requiredStr,
      path: optionalStr,
      port: optionalInt,
    }),
    caBundle: bytes,
  }),
  rules: list(
    object('RuleWithOperations', {
      operations: strings,
      apiGroups: strings,
      apiVersions: strings,
      resources: strings,
      scope: optionalStr,
    }),
  ),
  failurePolicy: optionalStr,
  matchPolicy: optionalStr,
  namespaceSelector: labelSelector,
  objectSelector: labelSelector,
  sideEffects: optionalStr,
  timeoutSeconds: optionalInt,
  admissionReviewVersions: list(str, { always: true }),
  reinvocationPolicy: optionalStr,
  matchConditions: list(object('MatchCondition', { name: requiredStr, expression: requiredStr }), {
    merge: 'name',
    keys: ['name'],
  }),
})

export const mutatingWebhookConfiguration: Record<string, Schema> = {
  webhooks: list(webhook, { merge: 'name', keys: ['name'] }),
}

const policyRule = object('PolicyRule', {
  verbs: list(str, { always: true }),
  apiGroups: strings,
  resources: strings,
  resourceNames: strings,
  nonResourceURLs: strings,
})

const subject = object('Subject', { kind: requiredStr, apiGroup: str, name: requiredStr, namespace: str })

export const role: Record<string, Schema> = { rules: list(policyRule, { always: true }) }
export const clusterRole: Record<string, Schema> = { ...role, aggregationRule: any }
export const roleBinding: Record<string, Schema> = {
  subjects: list(subject),
  roleRef: struct('RoleRef', { apiGroup: requiredStr, kind: requiredStr, name: requiredStr }),
}

const accessReviewSpec = {
  resourceAttributes: object('ResourceAttributes', {
    namespace: str,
    verb: str,
    group: str,
    version: str,
    resource: str,
    subresource: str,
    name: str,
  }),
  nonResourceAttributes: object('NonResourceAttributes', { path: str, verb: str }),
}

export const selfSubjectAccessReview: Record<string, Schema> = {
  spec: struct('SelfSubjectAccessReviewSpec', accessReviewSpec),
  status: any,
}
export const subjectAccessReview: Record<string, Schema> = {
  spec: struct('SubjectAccessReviewSpec', {
    ...accessReviewSpec,
    user: str,
    groups: strings,
    extra: any,
    uid: str,
  }),
  status: any,
}
export const selfSubjectReview: Record<string, Schema> = { status: any }
export const tokenRequest: Record<string, Schema> = {
  spec: struct('TokenRequestSpec', { audiences: strings, expirationSeconds: int, boundObjectRef: any }),
  status: any,
}
export const tokenReview: Record<string, Schema> = {
  spec: struct('TokenReviewSpec', { token: str, audiences: strings }),
  status: any,
}

export const deleteOptions: ObjectSchema = object('DeleteOptions', {
  gracePeriodSeconds: optionalInt,
  preconditions: object('Preconditions', { uid: optionalStr, resourceVersion: optionalStr }),
  propagationPolicy: optionalStr,
  dryRun: strings,
})

/** A custom resource without a structural schema of its own: everything is kept. */
export const custom: Record<string, Schema> = { spec: any, status: any }
