import t from 'tap'
import { MISSING_SINCE, SHUTDOWN_TAINT, UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { patchNode, patchNodeStatus } from '../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { fakeKubelet, setReady } from '../support/fake-kubelet.ts'
import { startServed } from '../support/served.ts'
import { type WatchEvent, watchNodes } from '../support/watch.ts'
import { createWorld } from '../support/world.ts'
import { events, findNode } from './_deletion.ts'

t.setTimeout(300_000)

const has = (node: KubeNode | undefined, key: string): boolean =>
  node?.spec?.taints?.some(taint => taint.key === key) ?? false
const of =
  (name: string, fits: (node: KubeNode) => boolean) =>
  ({ type, object }: WatchEvent): boolean =>
    type !== 'DELETED' && object.metadata.name === name && fits(object)

/** Nothing listens here. */
const NOWHERE = 'https://127.0.0.1:1'

forEachCluster(t, 'the ways around the webhook', {}, async (t, cluster) => {
  const served = await startServed(t, cluster, { environment: { PNAP_LOG_LEVEL: 'debug' } })
  const world = await createWorld(t, cluster, { bmc: served.bmc, user: CONTROLLER })
  const admin = await cluster.kube()
  const { backend } = served.bmc
  // All at the start: what a process read a moment ago would not know a server that came since.
  const add = (hostname: string, address: string): string =>
    backend.addServer({ hostname, privateIpAddresses: [address], location: 'PHX', type: 's1.c1.small' }).id
  const ids = {
    byAudit: add('by-audit', '10.2.0.1'),
    byAuditToo: add('by-audit-too', '10.2.0.2'),
    byResync: add('by-resync', '10.2.0.3'),
    power: add('power', '10.2.0.4'),
    byHand: add('by-hand', '10.2.0.5'),
    adopted: add('adopted', '10.2.0.6'),
  }
  const kubelet = async (name: string): Promise<unknown> =>
    fakeKubelet(await cluster.kube(`system:node:${name}`), name)

  t.test('webhook unreachable, audit on: the audit webhook brings the node up', async t => {
    await served.register('--url', NOWHERE)
    await served.audit(true)
    t.teardown(() => served.audit(false))
    const watch = await watchNodes(cluster)
    t.teardown(() => watch.close())
    await kubelet('by-audit')
    const added = await watch.until(of('by-audit', () => true))
    t.ok(has(added.object, UNINITIALIZED_TAINT), 'it joins as its kubelet sent it')
    const done = await watch.until(of('by-audit', node => !has(node, UNINITIALIZED_TAINT)))
    t.equal(done.object.spec?.providerID, `phoenixnap://${ids.byAudit}`)
    t.match(done.object.status?.addresses, [{ type: 'InternalIP', address: '10.2.0.1' }])
    t.equal(done.object.metadata.annotations?.['phoenixnap.com/initialized'], 'reconcile')

    // Whatever rings for our own writes would have rung before a second node is done.
    await kubelet('by-audit-too')
    await watch.until(of('by-audit-too', node => !has(node, UNINITIALIZED_TAINT)))
    const lines = served
      .log()
      .split('\n')
      .filter(line => line.includes('"result":'))
    t.equal(lines.filter(line => line.includes('"by-audit"')).length, 1, 'our own writes do not ring')
    t.match(await events(admin, 'by-audit'), [
      { type: 'Normal', reason: 'Synced', message: 'Node synced successfully' },
    ])
  })

  t.test('webhook unreachable, audit off: the next pass brings the node up', async t => {
    await served.register('--url', NOWHERE)
    await kubelet('by-resync')
    t.ok(has(await findNode(admin, 'by-resync'), UNINITIALIZED_TAINT))
    await world.resync()
    const node = await findNode(admin, 'by-resync')
    t.notOk(has(node, UNINITIALIZED_TAINT))
    t.equal(node?.spec?.providerID, `phoenixnap://${ids.byResync}`)
    t.equal(node?.metadata.annotations?.['phoenixnap.com/initialized'], 'resync')
    t.equal((await events(admin, 'by-resync')).length, 1)
  })

  t.test('power off: shutdown taint; on again and ready: removed', async t => {
    await served.register()
    const id = ids.power
    await kubelet('power')
    await setReady(admin, 'power', true)
    backend.powerOff(id)
    await world.resync()
    t.notOk(has(await findNode(admin, 'power'), SHUTDOWN_TAINT), 'a ready node is believed')
    await setReady(admin, 'power', false)
    await world.resync()
    const off = await findNode(admin, 'power')
    t.match(
      off?.spec?.taints?.filter(({ key }) => key === SHUTDOWN_TAINT),
      [{ key: SHUTDOWN_TAINT, effect: 'NoSchedule' }],
    )
    t.equal(off?.metadata.annotations?.[MISSING_SINCE], undefined, 'and it is not missing')
    backend.powerOn(id)
    await world.resync()
    t.ok(has(await findNode(admin, 'power'), SHUTDOWN_TAINT), 'kept until the node is ready')
    await setReady(admin, 'power', true)
    await world.resync()
    t.notOk(has(await findNode(admin, 'power'), SHUTDOWN_TAINT))
  })

  t.test('labels and addresses changed by hand are repaired', async t => {
    await kubelet('by-hand')
    const before = await findNode(admin, 'by-hand')
    t.equal(before?.spec?.providerID, `phoenixnap://${ids.byHand}`)
    const labels = { 'topology.kubernetes.io/region': 'MOON', 'node.kubernetes.io/instance-type': null }
    await patchNode(admin, 'by-hand', { metadata: { labels } })
    await patchNodeStatus(admin, 'by-hand', {
      status: { addresses: [{ type: 'InternalIP', address: '10.9.9.9' }] },
    })
    await world.resync()
    const after = await findNode(admin, 'by-hand')
    t.same(after?.metadata.labels, before?.metadata.labels)
    t.match(after?.status?.addresses, [{ type: 'InternalIP', address: '10.2.0.5' }])
    await world.resync()
    t.equal(
      (await findNode(admin, 'by-hand'))?.metadata.resourceVersion,
      after?.metadata.resourceVersion,
      'and the next pass writes nothing',
    )
  })

  t.test('a node that another controller initialised keeps its region, and gets what it lacks', async t => {
    const labels = { 'topology.kubernetes.io/region': 'ASH' }
    await fakeKubelet(admin, 'adopted', {
      providerID: `phoenixnap://${ids.adopted}`,
      external: false,
      labels,
    })
    for (let count = 0; count < 3; count++) await world.resync()
    const node = await findNode(admin, 'adopted')
    t.equal(node?.metadata.labels?.['topology.kubernetes.io/region'], 'ASH')
    t.equal(node?.metadata.labels?.['node.kubernetes.io/instance-type'], 's1.c1.small')
    t.match(await events(admin, 'adopted'), [
      { type: 'Warning', reason: 'LabelsKept', message: /region=ASH/ },
    ])
    t.equal((await events(admin, 'adopted')).length, 1)
  })

  t.test('two passes at once: one works, one leaves', async t => {
    const other = await world.another()
    const deadline = Date.now() + 60_000
    const reports = await Promise.all([world.resync(), other.controllers.resync({ deadline })])
    t.same(reports.map(({ state }) => state).toSorted(), ['busy', 'complete'])
  })
})
