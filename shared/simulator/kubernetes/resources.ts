import { celProblem } from './admission/cel.ts'
import type { KubeObject } from './objects.ts'
import { eventView } from './rules/event-view.ts'
import { nodeRules } from './rules/node.ts'
import type { ResourceRules } from './rules/rules.ts'
import { serviceRules } from './rules/service.ts'
import {
  bindingRules,
  configMapRules,
  eventRules,
  ipAddressRules,
  leaseRules,
  namespaceRules,
  podRules,
  roleRules,
  secretRules,
} from './rules/simple.ts'
import { webhookConfigurationRules } from './rules/webhook-configuration.ts'
import * as core from './schema/core.ts'
import * as groups from './schema/groups.ts'
import { type ObjectSchema, rootSchema, type Schema } from './schema/schema.ts'

/** One resource of the API: a row of the table that drives everything generic. */
export interface Resource {
  readonly group: string
  readonly version: string
  /** Plural name, as in the URL. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** Has a status subresource. */
  readonly status: boolean
  /** metadata.generation counts changes of everything but metadata and status. */
  readonly generation: boolean
  /** A custom resource: its status subresource takes nothing of metadata, its patches have no strategic form. */
  readonly custom: boolean
  /** The whole collection can be removed by one request. */
  readonly removableAsCollection: boolean
  /** A DELETE answers the object instead of a Status. */
  readonly returnsDeleted: boolean
  readonly schema: ObjectSchema
  readonly rules: ResourceRules
  /** Stored as another resource; absent for one that is stored itself. */
  readonly view?: ResourceView
}

/** Another form of a stored resource, as API groups offer it. */
export interface ResourceView {
  /** Plural name of the stored resource. */
  readonly of: string
  readonly toStored: (object: KubeObject) => KubeObject
  readonly fromStored: (object: KubeObject) => KubeObject
}

/** A custom resource that the simulator announces, as a CustomResourceDefinition would. */
export interface CustomResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames?: readonly string[]
  readonly status?: boolean
}

type Options = Partial<
  Pick<
    Resource,
    | 'shortNames'
    | 'categories'
    | 'status'
    | 'generation'
    | 'returnsDeleted'
    | 'removableAsCollection'
    | 'rules'
    | 'view'
  >
>

function row(
  groupVersion: string,
  resource: string,
  kind: string,
  namespaced: boolean,
  fields: Readonly<Record<string, Schema>>,
  options: Options = {},
): Resource {
  const [first = '', second] = groupVersion.split('/')
  return {
    group: second === undefined ? '' : first,
    version: second ?? first,
    resource,
    kind,
    namespaced,
    shortNames: [],
    categories: [],
    status: false,
    generation: false,
    returnsDeleted: false,
    removableAsCollection: true,
    custom: false,
    rules: {},
    schema: rootSchema(kind, fields),
    ...options,
  }
}

const RBAC = 'rbac.authorization.k8s.io/v1'
const ADMISSION = 'admissionregistration.k8s.io/v1'

/** The built-in resources, in the order in which discovery lists them. */
const BUILT_IN: readonly Resource[] = [
  row('v1', 'configmaps', 'ConfigMap', true, core.configMap, { shortNames: ['cm'], rules: configMapRules }),
  row('v1', 'events', 'Event', true, core.event, { shortNames: ['ev'], rules: eventRules }),
  row('v1', 'namespaces', 'Namespace', false, core.namespace, {
    shortNames: ['ns'],
    returnsDeleted: true,
    status: true,
    removableAsCollection: false,
    rules: namespaceRules,
  }),
  row('v1', 'nodes', 'Node', false, core.node, { shortNames: ['no'], status: true, rules: nodeRules }),
  row('v1', 'pods', 'Pod', true, core.pod, {
    shortNames: ['po'],
    categories: ['all'],
    status: true,
    rules: podRules,
  }),
  row('v1', 'secrets', 'Secret', true, core.secret, { rules: secretRules }),
  row('v1', 'serviceaccounts', 'ServiceAccount', true, core.serviceAccount, {
    shortNames: ['sa'],
    returnsDeleted: true,
  }),
  row('v1', 'services', 'Service', true, core.service, {
    shortNames: ['svc'],
    categories: ['all'],
    returnsDeleted: true,
    status: true,
    rules: serviceRules,
  }),
  row('coordination.k8s.io/v1', 'leases', 'Lease', true, core.lease, { rules: leaseRules }),
  row('events.k8s.io/v1', 'events', 'Event', true, groups.event, { shortNames: ['ev'], view: eventView }),
  row('networking.k8s.io/v1', 'ipaddresses', 'IPAddress', false, groups.ipAddress, {
    shortNames: ['ip'],
    rules: ipAddressRules,
  }),
  row('networking.k8s.io/v1', 'servicecidrs', 'ServiceCIDR', false, groups.serviceCidr, { status: true }),
  row('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', true, groups.endpointSlice, {
    generation: true,
  }),
  row('node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', false, groups.runtimeClass),
  row('storage.k8s.io/v1', 'csidrivers', 'CSIDriver', false, groups.csiDriver),
  row('storage.k8s.io/v1', 'csinodes', 'CSINode', false, groups.csiNode),
  row(
    ADMISSION,
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    false,
    groups.mutatingWebhookConfiguration,
    {
      categories: ['api-extensions'],
      generation: true,
      rules: webhookConfigurationRules(celProblem),
    },
  ),
  row(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', false, groups.roleBinding, { rules: bindingRules }),
  row(RBAC, 'clusterroles', 'ClusterRole', false, groups.clusterRole, { rules: roleRules }),
  row(RBAC, 'rolebindings', 'RoleBinding', true, groups.roleBinding, { rules: bindingRules }),
  row(RBAC, 'roles', 'Role', true, groups.role, { rules: roleRules }),
]

/** Their resources are answered and never stored. */
const REVIEW_GROUPS = ['authentication.k8s.io', 'authorization.k8s.io']

const customRow = (custom: CustomResource): Resource => ({
  ...row(`${custom.group}/${custom.version}`, custom.resource, custom.kind, custom.namespaced, groups.custom),
  shortNames: custom.shortNames ?? [],
  status: custom.status ?? false,
  generation: true,
  custom: true,
})

/** The table with its look-ups. */
export interface ResourceTable {
  readonly all: readonly Resource[]
  find(group: string, version: string, resource: string): Resource | undefined
  /** True for a group version that exists, whatever is in it. */
  serves(group: string, version: string): boolean
  /** True for a group of custom resources. */
  isCustom(group: string): boolean
  /** @throws Error for a plural name (or `plural.group`) that the simulator does not serve */
  named(resource: string): Resource
  /** @throws Error for an object of a kind that the simulator does not serve */
  ofObject(object: KubeObject): Resource
}

export function createResourceTable(custom: readonly CustomResource[] = []): ResourceTable {
  const all = [...BUILT_IN, ...custom.map(customRow)]
  return {
    all,
    find: (group, version, resource) =>
      all.find(item => item.group === group && item.version === version && item.resource === resource),
    serves: (group, version) =>
      (version === 'v1' && REVIEW_GROUPS.includes(group)) ||
      all.some(item => item.group === group && item.version === version),
    isCustom: group => custom.some(item => item.group === group),
    named: name =>
      expect(
        all.find(({ resource, group }) => name === resource || name === `${resource}.${group}`),
        `resource ${name}`,
      ),
    ofObject: ({ apiVersion, kind }) =>
      expect(
        all.find(item => item.kind === kind && apiVersionOf(item) === apiVersion),
        `kind ${apiVersion} ${kind}`,
      ),
  }
}

export const apiVersionOf = ({ group, version }: Resource): string =>
  group === '' ? version : `${group}/${version}`

/** Plural name and group, for messages about an object. */
export const subjectOf = ({ group, resource }: Resource): { group: string; what: string } => ({
  group,
  what: resource,
})

/** Kind and group, for messages about its validity. */
export const kindSubjectOf = ({ group, kind }: Resource): { group: string; what: string } => ({
  group,
  what: kind,
})

function expect(found: Resource | undefined, what: string): Resource {
  if (found === undefined) throw new Error(`the Kubernetes simulator serves no ${what}`)
  return found
}
