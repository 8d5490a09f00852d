import type { Resource, ResourceTable } from '../resources.ts'
import type { SpecialHandler } from './dispatch.ts'
import type { Answer, HttpRequest } from './request.ts'

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const STATUS_VERBS = ['get', 'patch', 'update']
const AGGREGATED = /application\/json;[^,]*as=APIGroupDiscoveryList/
const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** A resource as discovery names it; subresources are entries of their own. */
interface Entry {
  readonly group: string
  readonly version: string
  readonly name: string
  readonly kind: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** Group and version of the kind where they differ from the resource's. */
  readonly kindGroup?: string
}

const review = (group: string, name: string, kind: string): Entry => ({
  group,
  version: 'v1',
  name,
  kind,
  singularName: kind.toLowerCase(),
  namespaced: false,
  verbs: ['create'],
  shortNames: [],
  categories: [],
})

/** Served, but not stored. */
const REVIEWS: readonly Entry[] = [
  {
    ...review('', 'serviceaccounts/token', 'TokenRequest'),
    singularName: '',
    namespaced: true,
    kindGroup: 'authentication.k8s.io',
  },
  review('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'),
  review('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'),
  review('authentication.k8s.io', 'tokenreviews', 'TokenReview'),
]

const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.1',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.26',
  compiler: 'gc',
  platform: 'linux/amd64',
}

/** /api, /apis, their groups, /version and the health endpoints. */
export function createDiscovery(table: ResourceTable): SpecialHandler {
  const entries = [...table.all.flatMap(entriesOf), ...REVIEWS].sort((a, b) => (a.name < b.name ? -1 : 1))
  const groups = [...new Set(entries.map(entry => entry.group))].filter(group => group !== '')

  return (http: HttpRequest): Answer | undefined => {
    if (http.method !== 'GET') return undefined
    const path = http.path.replace(/\/$/, '')
    if (['/healthz', '/livez', '/readyz'].includes(path) || /^\/(livez|readyz)\//.test(path))
      return { status: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' }
    if (path === '/version') return { status: 200, body: VERSION }
    const wantsAggregated = AGGREGATED.test(http.accept)
    if (path === '/api') return wantsAggregated ? aggregated(entries, ['']) : legacyVersions(http)
    if (path === '/apis') return wantsAggregated ? aggregated(entries, groups) : groupList(entries, groups)
    return groupAnswer(entries, path)
  }
}

function entriesOf(resource: Resource): Entry[] {
  const entry: Entry = {
    group: resource.group,
    version: resource.version,
    name: resource.resource,
    kind: resource.kind,
    singularName: resource.kind.toLowerCase(),
    namespaced: resource.namespaced,
    verbs: resource.removableAsCollection ? ALL_VERBS : ALL_VERBS.filter(verb => verb !== 'deletecollection'),
    shortNames: resource.shortNames,
    categories: resource.categories,
  }
  if (!resource.status) return [entry]
  const status = {
    name: `${entry.name}/status`,
    singularName: '',
    verbs: STATUS_VERBS,
    shortNames: [],
    categories: [],
  }
  return [entry, { ...entry, ...status }]
}

const legacyVersions = (http: HttpRequest): Answer => ({
  status: 200,
  body: {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: http.sourceAddress }],
  },
})

const versionOf = (entries: readonly Entry[], group: string): string =>
  entries.find(entry => entry.group === group)?.version ?? 'v1'

function groupObject(entries: readonly Entry[], name: string): Record<string, unknown> {
  const version = versionOf(entries, name)
  const preferredVersion = { groupVersion: `${name}/${version}`, version }
  return { name, versions: [preferredVersion], preferredVersion }
}

const groupList = (entries: readonly Entry[], groups: readonly string[]): Answer => ({
  status: 200,
  body: { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(name => groupObject(entries, name)) },
})

function groupAnswer(entries: readonly Entry[], path: string): Answer | undefined {
  const [, prefix, ...rest] = path.split('/')
  const [group, version] = prefix === 'api' ? ['', rest[0]] : [rest[0] ?? '', rest[1]]
  const known = entries.filter(entry => entry.group === group)
  if ((prefix !== 'api' && prefix !== 'apis') || known.length === 0) return undefined
  if (prefix === 'apis' && rest.length === 1)
    return { status: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...groupObject(entries, group) } }
  if (rest.length !== (prefix === 'api' ? 1 : 2) || version !== versionOf(entries, group)) return undefined
  const groupVersion = group === '' ? version : `${group}/${version}`
  const head = group === '' ? { kind: 'APIResourceList' } : { kind: 'APIResourceList', apiVersion: 'v1' }
  return { status: 200, body: { ...head, groupVersion, resources: known.map(toListed) } }
}

const toListed = (entry: Entry): unknown => ({
  name: entry.name,
  singularName: entry.singularName,
  namespaced: entry.namespaced,
  ...(entry.kindGroup === undefined ? {} : { group: entry.kindGroup, version: 'v1' }),
  kind: entry.kind,
  verbs: entry.verbs,
  ...(entry.shortNames.length === 0 ? {} : { shortNames: entry.shortNames }),
  ...(entry.categories.length === 0 ? {} : { categories: entry.categories }),
})

const aggregated = (entries: readonly Entry[], groups: readonly string[]): Answer => ({
  status: 200,
  contentType: AGGREGATED_TYPE,
  body: {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(name => ({
      metadata: name === '' ? {} : { name },
      versions: [
        {
          version: versionOf(entries, name),
          resources: entries
            .filter(entry => entry.group === name && !entry.name.includes('/'))
            .map(entry => toAggregated(entry, entries)),
          freshness: 'Current',
        },
      ],
    })),
  },
})

const responseKind = ({ kindGroup, kind }: Entry): unknown => ({
  group: kindGroup ?? '',
  version: kindGroup === undefined ? '' : 'v1',
  kind,
})

function toAggregated(entry: Entry, entries: readonly Entry[]): unknown {
  const subresources = entries
    .filter(other => other.group === entry.group && other.name.startsWith(`${entry.name}/`))
    .map(other => ({
      subresource: other.name.slice(entry.name.length + 1),
      responseKind: responseKind(other),
      verbs: other.verbs,
    }))
  return {
    resource: entry.name,
    responseKind: responseKind(entry),
    scope: entry.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: entry.singularName,
    verbs: entry.verbs,
    ...(entry.shortNames.length === 0 ? {} : { shortNames: entry.shortNames }),
    ...(entry.categories.length === 0 ? {} : { categories: entry.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}
