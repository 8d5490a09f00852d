import { Agent } from 'node:https'
import fetch from 'node-fetch'
import t, { type Test } from 'tap'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { parseMetrics } from '../metrics/_parse.ts'
import { forEachCluster, type TestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { type Served, startServed, WEBHOOK_TOKEN } from '../support/served.ts'
import { assignedTo, createManifest, findService } from '../support/services.ts'
import { until } from './_joins.ts'

t.setTimeout(200_000)

/** What must never be in a metric: secrets, and names that users give. */
const NAMES = ['metrics-a', 'metrics-late', 'metrics-stranger', 'metrics-web']
const PLANTED = [WEBHOOK_TOKEN, 'sim-client', 'sim-secret', ...NAMES]

interface Scene {
  readonly served: Served
  /** @throws Error when it is no text of Prometheus, or holds what was planted */
  readonly scrape: () => Promise<ReadonlyMap<string, number>>
  /** Scrapes until the rows have at least these values. */
  readonly reached: (wanted: Readonly<Record<string, number>>) => Promise<ReadonlyMap<string, number>>
}

async function startScene(t: Test, cluster: TestCluster): Promise<Scene> {
  const bmc = await startBmcSimulator({ blockCreateMs: 0, assignMs: 0 })
  t.teardown(() => bmc.close())
  const network = bmc.backend.addPublicNetwork()
  bmc.backend.addServer({ hostname: 'metrics-a' })
  const served = await startServed(t, cluster, {
    bmc,
    resyncInterval: '5s',
    environment: { PNAP_METRICS_LISTEN: '127.0.0.1:0', PNAP_LOAD_BALANCER: `kube-vip://${network.id}` },
  })
  const [, port] = /"port":(\d+)[^\n]*"msg":"metrics are told"/.exec(served.log()) ?? []

  async function scrape(): Promise<ReadonlyMap<string, number>> {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    const text = await response.text()
    const leaked = PLANTED.filter(word => text.includes(word))
    if (leaked.length > 0) throw new Error(`the metrics hold ${leaked.join(', ')}`)
    return parseMetrics(text)
  }

  async function reached(wanted: Readonly<Record<string, number>>): Promise<ReadonlyMap<string, number>> {
    let rows = await scrape()
    await until(async () => {
      rows = await scrape()
      return Object.entries(wanted).every(([key, least]) => (rows.get(key) ?? 0) >= least)
    }).catch(() => {
      const are = Object.keys(wanted).map(key => `${key} ${rows.get(key)}`)
      throw new Error(`the metrics did not come so far:\n${are.join('\n')}`)
    })
    return rows
  }

  return { served, scrape, reached }
}

forEachCluster(t, 'metrics', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const scene = await startScene(t, cluster)
  const { served, reached, scrape } = scene
  const join = async (name: string) => fakeKubelet(await cluster.kube(`system:node:${name}`), name)

  t.test('a pass tells what there is', async t => {
    const rows = await reached({ 'phoenixnap_ccm_resync_passes_total{state="complete"}': 1 })
    t.equal(rows.get('phoenixnap_ccm_servers'), 1)
    t.equal(rows.get('phoenixnap_ccm_bmc_up'), 1)
    t.ok((rows.get('phoenixnap_ccm_resync_last_complete_timestamp_seconds') ?? 0) > 1.7e9)
    t.ok((rows.get('process_resident_memory_bytes') ?? 0) > 1e6)
    t.equal(rows.get('phoenixnap_ccm_reviews_total{kind="node",result="patched"}'), 0)
  })

  t.test('nodes that join: in review, and late', async t => {
    await join('metrics-a')
    await join('metrics-late')
    await join('metrics-stranger')
    served.bmc.backend.addServer({ hostname: 'metrics-late' })
    const rows = await reached({
      'phoenixnap_ccm_reviews_total{kind="node",result="patched"}': 1,
      'phoenixnap_ccm_reviews_total{kind="node",result="failed"}': 2,
      node_controller_initial_node_sync_delay_seconds_count: 1,
      node_controller_cloud_provider_taint_removal_delay_seconds_count: 1,
      'cloud_controller_manager_operations_total{op="Node/initialise"}': 1,
      'phoenixnap_ccm_nodes{state="initialized"}': 2,
      'phoenixnap_ccm_problems_total{code="CCM_INSTANCE_NOT_FOUND"}': 1,
    })
    t.equal(rows.get('phoenixnap_ccm_nodes{state="waiting"}'), 1, 'the stranger waits')
  })

  t.test('a Service that waits for the first block', async t => {
    await admin.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/services',
      body: createManifest('default/metrics-web'),
    })
    await until(async () => assignedTo(await findService(admin, 'default/metrics-web')).length === 1)
    const rows = await reached({
      phoenixnap_ccm_service_address_delay_seconds_count: 1,
      service_controller_loadbalancer_sync_total: 1,
      'cloud_controller_manager_operations_total{op="IPBlock/buy"}': 1,
      'phoenixnap_ccm_claims{state="active"}': 1,
      'phoenixnap_ccm_blocks{state="assigned"}': 1,
      'phoenixnap_ccm_services{state="served"}': 1,
      'phoenixnap_ccm_addresses_free{family="IPv4"}': 1,
      'workqueue_adds_total{name="service"}': 1,
      'workqueue_work_duration_seconds_count{name="service"}': 1,
      'cloudprovider_phoenixnap_api_requests_total{request="POST /ips/v1/ip-blocks",result="ok"}': 1,
      'rest_client_requests_total{method="POST",code="201"}': 1,
    })
    t.equal(rows.get('phoenixnap_ccm_bmc_up'), 1)
  })

  t.test('BMC fails, and is gone', async t => {
    const failing = served.bmc.faults.add({ status: 503 })
    const list = 'cloudprovider_phoenixnap_api_requests_total{request="GET /bmc/v1/servers"'
    await reached({
      [`${list},result="failed"}`]: 1,
      'phoenixnap_ccm_problems_total{code="BMC_SERVER_ERROR"}': 1,
      'phoenixnap_ccm_resync_passes_total{state="incomplete"}': 1,
    })
    failing.remove()
    served.bmc.faults.down()
    await until(async () => (await scrape()).get('phoenixnap_ccm_bmc_up') === 0)
    served.bmc.faults.up()
    await until(async () => (await scrape()).get('phoenixnap_ccm_bmc_up') === 1)
    t.equal((await scrape()).get('phoenixnap_ccm_servers'), 2, 'what could not be read stayed as it was')
  })

  t.test('who calls without the token is counted, and told nothing more', async t => {
    const agent = new Agent({ ca: served.ca })
    const { status } = await fetch(`${served.url}/admission`, { method: 'POST', agent, body: PLANTED.join() })
    t.equal(status, 401)
    agent.destroy()
    const key = 'phoenixnap_ccm_webhook_requests_total{webhook="admission",code="401"}'
    t.equal((await reached({ [key]: 1 })).get(key), 1)
  })

  t.test('nothing that came was anything but what is documented', async t => {
    const others = [...(await scrape())].filter(([key]) => key.includes('="other"'))
    t.strictSame(others, [])
  })
})
