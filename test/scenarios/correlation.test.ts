import t from 'tap'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { forEachCluster } from '../support/cluster.ts'
import { installRole } from '../support/install.ts'
import { startServed } from '../support/served.ts'
import { assignedTo, createManifest, findService } from '../support/services.ts'
import { until } from './_joins.ts'

t.setTimeout(200_000)

type Line = Readonly<Record<string, unknown>>

const readLines = (log: string): Line[] =>
  log.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as Line] : []))

forEachCluster(t, 'one grep', {}, async (t, cluster) => {
  const bmc = await startBmcSimulator({ blockCreateMs: 0, assignMs: 0 })
  t.teardown(() => bmc.close())
  const network = bmc.backend.addPublicNetwork()
  const served = await startServed(t, cluster, {
    bmc,
    environment: { PNAP_V: '6', PNAP_LOAD_BALANCER: `kube-vip://${network.id}` },
  })
  const admin = await cluster.kube()
  await installRole(admin)

  t.test("a Service's review leads to the purchase at BMC that it came to", async t => {
    const body = createManifest('default/traced')
    await admin.request({ method: 'POST', path: '/api/v1/namespaces/default/services', body })
    await until(async () => assignedTo(await findService(admin, 'default/traced')).length > 0)
    await served.untilIdle()
    const lines = readLines(served.log())
    const review = lines.find(({ msg, operation }) => msg === 'service reviewed' && operation === 'CREATE')
    t.match(review, { service: 'default/traced', correlationId: /^[\da-f-]{36}$/ })
    const id = String(review?.['correlationId'])
    const found = lines.filter(({ correlationId }) => String(correlationId).split(',').includes(id))
    const has = (wanted: Line): boolean =>
      found.some(line => Object.entries(wanted).every(([key, value]) => line[key] === value))
    t.ok(
      found.some(({ msg, service }) => String(msg).startsWith('reconciled') && service === 'default/traced'),
      'the reconcile that it rang',
    )
    t.ok(has({ msg: 'BMC request', method: 'POST', path: '/ips/v1/ip-blocks', result: 'ok' }), 'the purchase')
    t.ok(has({ msg: 'Kubernetes request', method: 'POST', status: 201 }), 'what was written for it')
    t.notMatch(served.log(), /sim-secret|webhook-token-of-a-test/)
  })
})
