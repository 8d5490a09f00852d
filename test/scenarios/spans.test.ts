import { join } from 'node:path'
import t from 'tap'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { forEachCluster } from '../support/cluster.ts'
import { startCollector, type TakenSpan } from '../support/collector.ts'
import { installRole } from '../support/install.ts'
import { startServed, WEBHOOK_TOKEN } from '../support/served.ts'
import { assignedTo, createManifest, findService } from '../support/services.ts'
import { until } from './_joins.ts'

t.setTimeout(200_000)

const isChild = (child: TakenSpan | undefined, parent: TakenSpan | undefined): boolean =>
  child?.parentSpanId === parent?.spanId && child?.traceId === parent?.traceId

const flags = [`--tracing-config-file=${join(import.meta.dirname, '_apiserver-tracing.yaml')}`]

forEachCluster(t, 'spans of a change', { flags }, async (t, cluster) => {
  const collector = await startCollector(t)
  const bmc = await startBmcSimulator({ blockCreateMs: 0, assignMs: 0 })
  t.teardown(() => bmc.close())
  const network = bmc.backend.addPublicNetwork()
  await startServed(t, cluster, {
    bmc,
    environment: {
      PNAP_LOAD_BALANCER: `kube-vip://${network.id}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    },
  })
  const admin = await cluster.kube()
  await installRole(admin)

  t.test("a Service's review, the reconcile that it rang and its purchase are one trace", async t => {
    const body = createManifest('default/traced')
    await admin.request({ method: 'POST', path: '/api/v1/namespaces/default/services', body })
    await until(async () => assignedTo(await findService(admin, 'default/traced')).length > 0)
    const find = (name: string): TakenSpan | undefined => collector.spans.find(span => span.name === name)
    await until(() => find('POST /ips/v1/ip-blocks') !== undefined && find('POST /admission') !== undefined)
    const purchase = find('POST /ips/v1/ip-blocks')
    const reconcile = collector.spans.find(({ spanId }) => spanId === purchase?.parentSpanId)
    const review = collector.spans.find(({ spanId }) => spanId === reconcile?.parentSpanId)
    t.match(purchase, { kind: 3, failed: false, attributes: { 'http.response.status_code': 201 } })
    t.match(reconcile, {
      name: 'reconcile',
      attributes: { 'k8s.namespace.name': 'default', 'k8s.service.name': 'traced' },
      resource: { 'service.name': 'cloud-provider-phoenixnap' },
    })
    t.match(review, { name: 'POST /admission', kind: 2, attributes: { 'http.response.status_code': 200 } })
    if (cluster.kind === 'apiserver')
      t.match(review?.parentSpanId, /^[\da-f]{16}$/, 'of the API server’s own span')
    t.equal(new Set([purchase, reconcile, review].map(span => span?.traceId)).size, 1)
    t.ok(
      collector.spans.some(span => isChild(span, reconcile) && /^(?:GET|POST|PATCH) \/api/.test(span.name)),
      'its requests to the API server',
    )
    t.equal(
      reconcile?.attributes['phoenixnap.correlation_id'],
      review?.attributes['phoenixnap.correlation_id'],
      'the log calls both by one id',
    )
    const said = collector.requests.map(({ text }) => text).join('')
    for (const secret of ['sim-secret', WEBHOOK_TOKEN])
      t.notOk(said.includes(secret), 'no secret is in a span')
  })
})
