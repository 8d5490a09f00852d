import t from 'tap'
import { CcmError } from '../../shared/errors.ts'
import { listAll } from '../../shared/kubernetes/lists.ts'
import { startCluster } from '../controllers/_stage.ts'
import { createFakeKube } from './_fake-kube.ts'

const GONE = new CcmError('KUBE_GONE', 'the token has expired')
const page = (items: readonly number[], next?: string) => ({
  items: items.map(item => ({ metadata: { name: `item ${item}` } })),
  metadata: next ? { continue: next } : {},
})
const PATH = '/api/v1/things'
const keep = (item: { readonly metadata: { readonly name: string } }): string => item.metadata.name

t.test('follows the pages to their end and keeps what is picked of each item', async t => {
  const pages = new Map([
    [undefined, page([1, 2], 'a')],
    ['a', page([], 'b')],
    ['b', page([3])],
  ])
  const kube = createFakeKube(({ query }) => pages.get(query?.['continue'] as string | undefined))
  t.strictSame(await listAll(kube, { path: PATH, keep }), ['item 1', 'item 2', 'item 3'])
  t.match(kube.requests, [
    { path: PATH, query: { limit: 500, continue: undefined } },
    { query: { limit: 500, continue: 'a' } },
    { query: { limit: 500, continue: 'b' } },
  ])
})

t.test('an empty collection, in each way of saying so', async t => {
  for (const body of [{ items: null }, { items: [] }, { items: [], metadata: { continue: '' } }])
    t.strictSame(
      await listAll(
        createFakeKube(() => body),
        { path: PATH, keep },
      ),
      [],
    )
})

t.test('what is no list is never an empty one', async t => {
  const bodies = [
    undefined,
    null,
    'ok',
    {},
    { items: {} },
    { items: 'none' },
    { kind: 'Status', status: 'Success' },
  ]
  for (const body of bodies) {
    const listing = listAll(
      createFakeKube(() => body),
      { path: PATH, keep },
    )
    await t.rejects(listing, { code: 'KUBE_SERVER_ERROR' }, JSON.stringify(body))
  }
})

t.test('an item that is no object with a name spoils the list', async t => {
  for (const item of [null, 'item', {}, { metadata: null }, { metadata: { name: 5 } }]) {
    const kube = createFakeKube(() => ({ items: [{ metadata: { name: 'item 1' } }, item] }))
    await t.rejects(listAll(kube, { path: PATH, keep }), { code: 'KUBE_SERVER_ERROR' }, JSON.stringify(item))
  }
})

t.test('a page that leads to itself ends the list', async t => {
  const kube = createFakeKube(() => page([1], 'a'))
  await t.rejects(listAll(kube, { path: PATH, keep }), { code: 'KUBE_SERVER_ERROR' })
  t.equal(kube.requests.length, 2)
})

t.test('passes on what is asked for, and never asks for stale data', async t => {
  const kube = createFakeKube(() => page([]))
  const { signal } = new AbortController()
  await listAll(kube, { path: PATH, keep, query: { labelSelector: 'a=b' }, signal })
  t.match(kube.requests, [{ query: { labelSelector: 'a=b', limit: 500 }, signal }])
  t.notOk('resourceVersion' in (kube.requests[0]?.query ?? {}))
})

t.test('a list that expires on the way is begun anew, once', async t => {
  let expired = 0
  const expiring = (times: number) =>
    createFakeKube(({ query }) => {
      if (query?.['continue'] === undefined) return page([expired], 'a')
      if (expired < times) {
        expired++
        throw GONE
      }
      return page([9])
    })
  t.strictSame(
    await listAll(expiring(1), { path: PATH, keep }),
    ['item 1', 'item 9'],
    'nothing of the first try',
  )
  expired = 0
  await t.rejects(listAll(expiring(5), { path: PATH, keep }), { code: 'KUBE_GONE' })
})

t.test('a page that fails is never a part of the list', async t => {
  const kube = createFakeKube(({ query }) => {
    if (query?.['continue'] === undefined) return page([1], 'a')
    throw new CcmError('KUBE_SERVER_ERROR', '500')
  })
  await t.rejects(listAll(kube, { path: PATH, keep }), { code: 'KUBE_SERVER_ERROR' })
})

t.test('lists more than a page of a cluster', async t => {
  const { kube, simulator } = await startCluster(t)
  for (let index = 0; index < 501; index++) {
    const metadata = { name: `map-${index}`, namespace: 'default' }
    simulator.store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
  }
  const path = '/api/v1/namespaces/default/configmaps'
  const names = await listAll(kube, {
    path,
    keep: (map: { metadata: { name: string } }) => map.metadata.name,
  })
  t.equal(new Set(names).size, 501)
  t.equal(simulator.requests.count({ verb: 'list', resource: 'configmaps' }), 2)
})
