import type { ObjectMeta } from '../../shared/kubernetes/types.ts'
import { type Api, createApi } from '../support/api.ts'
import type { TestCluster } from '../support/cluster.ts'

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly verbs: readonly string[] }[]
}

interface GroupList {
  readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[]
}

/** Written by the API server about itself, every few seconds. */
const OWN = /\/leases kube-system\/apiserver-/

/** Every object of the cluster: `/api/v1/nodes node-a` → its resourceVersion, which any write changes. */
export async function readEverything(cluster: TestCluster): Promise<Readonly<Record<string, string>>> {
  const api = createApi(cluster.kubeconfig())
  try {
    const lists = await Promise.all((await findLists(api)).map(path => readList(api, path)))
    return Object.fromEntries(lists.flat().filter(([name]) => !OWN.test(name)))
  } finally {
    api.close()
  }
}

/** The same with each object as JSON. */
export async function readObjects(cluster: TestCluster): Promise<Readonly<Record<string, string>>> {
  const api = createApi(cluster.kubeconfig())
  try {
    const lists = await Promise.all((await findLists(api)).map(path => readItems(api, path)))
    return Object.fromEntries(lists.flat().map(([name, item]) => [name, JSON.stringify(item)]))
  } finally {
    api.close()
  }
}

/** Names of what was made, changed or removed between two looks. */
export function changedBetween(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter(name => before[name] !== after[name]).toSorted()
}

/** Paths of all collections that can be listed, as discovery tells them. */
async function findLists(api: Api): Promise<string[]> {
  const groups = (await api.call({ method: 'GET', path: '/apis' })).body as unknown as GroupList
  const roots = ['/api/v1', ...groups.groups.map(group => `/apis/${group.preferredVersion.groupVersion}`)]
  const found = await Promise.all(
    roots.map(async root => {
      const { resources = [] } = (await api.call({ method: 'GET', path: root })).body as ResourceList
      return resources.filter(({ verbs }) => verbs.includes('list')).map(({ name }) => `${root}/${name}`)
    }),
  )
  return found.flat()
}

interface Item {
  readonly metadata: ObjectMeta
}

async function readList(api: Api, path: string): Promise<[name: string, version: string][]> {
  const items = await readItems(api, path)
  return items.map(([name, { metadata }]) => [name, metadata.resourceVersion ?? ''])
}

async function readItems(api: Api, path: string): Promise<[name: string, item: Item][]> {
  const { status, body } = await api.call({ method: 'GET', path })
  if (status !== 200) throw new Error(`${path} answers ${status}`)
  const items = (body.items ?? []) as unknown as readonly Item[]
  return items.map(item => {
    const { namespace, name } = item.metadata
    return [`${path} ${namespace === undefined ? '' : `${namespace}/`}${name}`, item]
  })
}
