import t from 'tap'
import { INVENTORY_REF, toLabels } from '../../shared/controllers/address/book.ts'
import {
  changeIPAddress,
  createIPAddress,
  deleteIPAddress,
  getIPAddress,
  listIPAddresses,
  type NewIPAddress,
  type Seen,
} from '../../shared/kubernetes/ip-addresses.ts'
import type { IPAddress } from '../../shared/kubernetes/types.ts'
import { forEachCluster } from '../support/cluster.ts'
import { createFakeKube } from './_fake-kube.ts'

const make = (name: string, change: Partial<NewIPAddress> = {}): NewIPAddress => ({
  name,
  labels: toLabels(name, 'address-claim'),
  annotations: { 'phoenixnap.com/state': 'unconfirmed', 'phoenixnap.com/why': 'type change: to ClusterIP' },
  parentRef: { group: '', resource: 'services', namespace: 'default', name: 'web' },
  ...change,
})

const toSeen = ({ metadata: { name, uid = '', resourceVersion = '' } }: IPAddress): Seen => ({
  name,
  uid,
  resourceVersion,
})

forEachCluster(t, 'IPAddress objects', { everyKind: true }, async (t, cluster) => {
  const kube = await cluster.kube()

  t.test('of many creators of one address exactly one succeeds, in both families', async t => {
    for (const name of ['203.0.113.9', '2001:db8::5']) {
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => createIPAddress(kube, make(name))))
      const refused = all.filter(result => result.status === 'rejected')
      t.equal(refused.length, 7, name)
      for (const { reason } of refused) t.match(reason, { code: 'KUBE_ALREADY_EXISTS' })
    }
  })

  t.test('what is written is what is read, and only ours is listed', async t => {
    const stored = await createIPAddress(kube, make('203.0.113.20'))
    t.match(stored.metadata, { name: '203.0.113.20', labels: toLabels('203.0.113.20', 'address-claim') })
    t.match(stored.spec.parentRef, { resource: 'services', namespace: 'default', name: 'web' })
    t.strictSame(await getIPAddress(kube, '203.0.113.20'), stored)
    await createIPAddress(kube, make('203.0.113.21', { labels: {} }))
    const { items, date } = await listIPAddresses(kube)
    const names = items.map(({ metadata }) => metadata.name)
    t.ok(names.includes('203.0.113.20'))
    t.notOk(names.includes('203.0.113.21'), 'without our label')
    t.notOk(
      names.some(name => /^10\.|^fd00/.test(name)),
      'nor those of cluster IPs',
    )
    t.ok(Math.abs(date - Date.now()) < 60_000, 'with the time of the API server')
  })

  t.test('is changed and deleted only as it was read', async t => {
    const first = await createIPAddress(kube, make('203.0.113.30'))
    const second = await changeIPAddress(kube, toSeen(first), {
      annotations: { 'phoenixnap.com/why': null, 'phoenixnap.com/rest': '600s' },
    })
    t.strictSame(second.metadata.annotations, {
      'phoenixnap.com/state': 'unconfirmed',
      'phoenixnap.com/rest': '600s',
    })
    await t.rejects(changeIPAddress(kube, toSeen(first), { annotations: { 'phoenixnap.com/why': 'x' } }), {
      code: 'KUBE_CONFLICT',
    })
    await t.rejects(deleteIPAddress(kube, toSeen(first)), { code: 'KUBE_CONFLICT' })
    await deleteIPAddress(kube, toSeen(second))
    const third = await createIPAddress(kube, make('203.0.113.30'))
    await t.rejects(deleteIPAddress(kube, toSeen(second)), { code: 'KUBE_CONFLICT' }, 'another of its name')
    await t.rejects(changeIPAddress(kube, toSeen(second), { annotations: { a: 'b' } }), {
      code: 'KUBE_CONFLICT',
    })
    await deleteIPAddress(kube, toSeen(third))
    await t.rejects(getIPAddress(kube, '203.0.113.30'), { code: 'KUBE_NOT_FOUND' })
    await t.rejects(deleteIPAddress(kube, toSeen(third)), { code: 'KUBE_NOT_FOUND' })
  })

  if (cluster.kind === 'apiserver')
    t.test('kubectl shows whose an address is', async t => {
      await createIPAddress(kube, make('203.0.113.40'))
      await createIPAddress(kube, make('203.0.113.32', { parentRef: INVENTORY_REF }))
      const { stdout } = await cluster.kubectl(['get', 'ipaddresses'])
      t.match(stdout, /203\.0\.113\.40 +services\/default\/web/)
      t.match(stdout, /203\.0\.113\.32 +configmaps\/kube-system\/cloud-provider-phoenixnap/)
    })
})

t.test('never asks for what a cache holds', async t => {
  const kube = createFakeKube(() => ({ items: [] }))
  await listIPAddresses(kube)
  await getIPAddress(kube, '203.0.113.2').catch(() => undefined)
  t.equal(kube.requests.length, 2)
  for (const { query } of kube.requests) t.notOk('resourceVersion' in (query ?? {}))
})
