import t from 'tap'
import type { KubeObject } from '../../../shared/simulator/kubernetes/objects.ts'
import { createResourceTable } from '../../../shared/simulator/kubernetes/resources.ts'
import { createObjectStore } from '../../../shared/simulator/kubernetes/store.ts'

const table = createResourceTable()
const [NODES, MAPS] = [table.named('nodes'), table.named('configmaps')]
const object = (name: string, namespace?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
})

t.test('one counter for all resources; lists in the order of names', async t => {
  const store = createObjectStore()
  t.match(store.put(NODES, object('b')).metadata, { resourceVersion: '2' })
  t.match(store.put(MAPS, object('a', 'z')).metadata, { resourceVersion: '3' })
  t.match(store.put(NODES, object('a')).metadata, { resourceVersion: '4' })
  t.same(
    store.list(NODES).map(({ metadata }) => metadata.name),
    ['a', 'b'],
  )
  t.same(store.list(MAPS, 'y'), [])
  t.equal(store.version(), 4)
})

t.test('changes are told and remembered in order', async t => {
  const store = createObjectStore()
  const told: string[] = []
  const stop = store.onChange(({ type, version }) => told.push(`${type} ${version}`))
  store.put(NODES, object('a'))
  store.put(NODES, object('a'))
  t.match(store.remove(NODES, '', 'a'), { metadata: { resourceVersion: '4' } })
  t.equal(store.remove(NODES, '', 'a'), undefined)
  stop()
  store.put(NODES, object('b'))
  t.same(told, ['ADDED 2', 'MODIFIED 3', 'DELETED 4'])
  t.same(
    store.changesSince(2).map(({ type }) => type),
    ['MODIFIED', 'DELETED', 'ADDED'],
  )
  t.match(store.changesSince(2)[0], { previous: { metadata: { resourceVersion: '2' } } })
})

t.test('compaction forgets changes, not objects', async t => {
  const store = createObjectStore()
  store.put(NODES, object('a'))
  store.compact()
  t.equal(store.oldestVersion(), 2)
  t.same(store.changesSince(0), [])
  t.equal(store.list(NODES).length, 1)
})
