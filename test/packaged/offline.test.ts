import { execFileSync } from 'node:child_process'
import { request } from 'node:https'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { readClusterName } from '../../shared/kubernetes/cluster-name.ts'
import { RESYNC_LEASE, UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import type { KubeNode, KubeService, Lease } from '../../shared/kubernetes/types.ts'
import { runRegister } from '../../shared/register/register.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { soon } from '../scenarios/_stories.ts'
import { CONTROLLER, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { createFakeNode, fakeKubelet } from '../support/fake-kubelet.ts'
import { LAMBDA_NODE, type Offline, startOffline } from '../support/offline.ts'
import { findFreePorts } from '../support/ports.ts'
import { assignedTo, createManifest, findService, isHeld, listAddresses } from '../support/services.ts'
import { watchNodes } from '../support/watch.ts'

const TOKEN = 'webhook-token-of-a-test'
const WEBHOOK =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/cloud-provider-phoenixnap'
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${RESYNC_LEASE}`

/** A server of this name exists, a node never. */
const PROBE = 'probe'

const SERVICES = '/api/v1/namespaces/default/services'

/** Creates the Service of this test, or only asks what would be stored. */
async function create(admin: Kube, isDryRun: boolean): Promise<KubeService> {
  const query = isDryRun ? { dryRun: 'All' } : {}
  const body = createManifest('packaged')
  return (await admin.request<KubeService>({ method: 'POST', path: SERVICES, query, body })).body
}

/** As `203.0.113.9 active`. */
const claimStates = async (admin: Kube): Promise<string[]> =>
  (await listAddresses(admin)).map(({ address, state }) => `${address} ${state}`)

interface Stage {
  readonly cluster: TestCluster
  readonly admin: Kube
  readonly bmc: BmcSimulator
  readonly offline: Offline
}

/** The packaged functions between a cluster and a simulated BMC, registered with a secret in the webhook's URL. */
async function setStage(t: Test): Promise<Stage> {
  const cluster = await startTestCluster(t)
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  // All before the first review: it lists the servers, and what it does not find then it looks for again 10 s later.
  for (const hostname of [PROBE, 'packaged-a', 'packaged-b']) {
    bmc.backend.addServer({ hostname, location: 'PHX', type: 's1.c1.small' })
  }
  const network = bmc.backend.addPublicNetwork()
  await addBlock(cluster, bmc, network.id)
  const credentials = parse(cluster.kubeconfig(CONTROLLER)) as {
    clusters: [{ cluster: { 'certificate-authority-data'?: string } }]
    users: [{ user: { token: string } }]
  }
  const ports = await findFreePorts()
  const offline = await startOffline(t, {
    ports,
    env: {
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
      PNAP_BASE_URL: bmc.url,
      PNAP_LOAD_BALANCER: `kube-vip://${network.id}`,
      PNAP_WEBHOOK_TOKEN: TOKEN,
      KUBE_API_SERVER: cluster.url,
      KUBE_CA_DATA: credentials.clusters[0].cluster['certificate-authority-data'] ?? '',
      KUBE_TOKEN: credentials.users[0].user.token,
    },
  })
  await register(offline, await cluster.kubeconfigFile())
  await cluster.reconfigure({ audit: { url: `${offline.url}/audit`, token: TOKEN, ca: offline.ca } })
  const admin = await cluster.kube()
  await untilReviewed(admin, true)
  return { cluster, admin, bmc, offline }
}

/** A block of this cluster, assigned and empty. */
async function addBlock(cluster: TestCluster, { backend }: BmcSimulator, networkId: string): Promise<void> {
  const uid = await readClusterName(await cluster.kube())
  const tags = [
    { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
    { name: 'cluster', value: uid },
  ]
  const { id } = backend.addIpBlock({ cidrBlockSize: '/29', tags })
  backend.updatePublicNetwork(networkId, { blockIds: [id] })
  backend.updateIpBlock(id, { status: 'assigned', assignedResourceId: networkId })
}

async function register(offline: Offline, kubeconfig: string): Promise<void> {
  const said: string[] = []
  const code = await runRegister(['--url', offline.url, '--ca-file', offline.caFile], {
    out: line => void said.push(line),
    err: line => void said.push(line),
    sources: { env: { KUBECONFIG: kubeconfig, PNAP_WEBHOOK_TOKEN: TOKEN } },
  })
  if (code !== 0) throw new Error(`register ended with ${code}:\n${said.join('\n')}`)
}

const isTainted = ({ spec }: KubeNode): boolean =>
  spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT) ?? false

const providerIDOf = ({ backend }: BmcSimulator, hostname: string): string =>
  `phoenixnap://${backend.servers().find(server => server.hostname === hostname)?.id}`

/** An API server hears of a webhook by a watch: dry runs, which leave nothing behind, show when it has. */
async function untilReviewed(admin: Kube, reviewed: boolean): Promise<void> {
  for (;;) {
    const { body } = await admin.request<KubeNode>({
      method: 'POST',
      path: '/api/v1/nodes',
      query: { dryRun: 'All' },
      body: createFakeNode(PROBE),
    })
    if (isTainted(body) !== reviewed) return
  }
}

/** Status of a POST to the HTTP API, as anybody may send it. */
function post({ url, ca }: Offline, path: string, authorization?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) }
    const call = request(url + path, { method: 'POST', ca, headers, agent: false }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    call.on('error', reject).end('{}')
  })
}

t.setTimeout(240_000)

const runtime = execFileSync(LAMBDA_NODE, ['--version']).toString().trim()

t.test(`the packaged functions over https, on Node ${runtime}`, async t => {
  const { cluster, admin, bmc, offline } = await setStage(t)

  await t.test('a joining node is stored initialised', async t => {
    const watch = await watchNodes(cluster)
    t.teardown(() => watch.close())
    await fakeKubelet(await cluster.kube('system:node:packaged-a'), 'packaged-a')
    const { object } = await watch.until(({ object }) => object.metadata.name === 'packaged-a')
    t.notOk(isTainted(object), 'the first stored version has no taint')
    t.match(object, {
      metadata: {
        labels: {
          'topology.kubernetes.io/region': 'PHX',
          'node.kubernetes.io/instance-type': 's1.c1.small',
        },
      },
      spec: { providerID: providerIDOf(bmc, 'packaged-a') },
    })
  })

  await t.test('an audit batch leads to an asynchronous reconcile', async t => {
    await admin.request({ method: 'DELETE', path: WEBHOOK })
    await untilReviewed(admin, false)
    const watch = await watchNodes(cluster)
    t.teardown(() => watch.close())
    const stored = await fakeKubelet(await cluster.kube('system:node:packaged-b'), 'packaged-b')
    t.ok(isTainted(stored), 'the API server knows no webhook')
    const { object } = await watch.until(
      ({ object }) => object.metadata.name === 'packaged-b' && !isTainted(object),
    )
    t.equal(object.spec?.providerID, providerIDOf(bmc, 'packaged-b'))
    await offline.untilOutput(/"node":"packaged-b".*"msg":"reconciled"/)
    t.notMatch(await offline.output(), /resync ended/, 'no pass over everything has helped')
  })

  await t.test('the schedule leads to a resync', async t => {
    t.match(await offline.output(), /Scheduling \[resync\] cron: \[\*\/1 \* \* \* \*\]/)
    await t.rejects(admin.request({ path: LEASE }), { code: 'KUBE_NOT_FOUND' })
    offline.tick()
    await offline.untilOutput(/"state":"complete".*"msg":"resync ended"/)
    const { body } = await admin.request<Lease>({ path: LEASE })
    t.ok(body.spec?.renewTime)
    const inventory = '/api/v1/namespaces/kube-system/configmaps/cloud-provider-phoenixnap'
    await t.resolves(admin.request({ path: inventory }))
  })

  await t.test('a Service is stored with its address, confirmed, and let go', async t => {
    await register(offline, await cluster.kubeconfigFile())
    await untilReviewed(admin, true)
    // The function keeps what it read of the inventory for two seconds.
    await soon('a review knows the block', async () => assignedTo(await create(admin, true)).length > 0)
    const asked = bmc.requests.count(/ \/(ips|networks)\//)
    const stored = await create(admin, false)
    const [address = ''] = assignedTo(stored)
    t.ok(isHeld(stored) && address !== '', 'the first stored version has finalizer and address')
    await soon('its claim is confirmed', async () => (await claimStates(admin)).includes(`${address} active`))
    await admin.request({ method: 'DELETE', path: `${SERVICES}/packaged` })
    await soon('it is gone, and its address rests', async () => {
      const states = await claimStates(admin)
      return !(await findService(admin, 'packaged')) && states.includes(`${address} released`)
    })
    t.equal(bmc.requests.count(/ \/(ips|networks)\//), asked, 'and BMC was not asked')
  })

  await t.test('only who has the token is listened to', async t => {
    t.equal(await post(offline, '/audit'), 401)
    t.equal(await post(offline, '/audit', 'Bearer another-token-altogether'), 401)
    t.equal(await post(offline, '/admission'), 401)
    t.equal(await post(offline, '/admission/0123456789abcdef'), 401)
    t.equal(await post(offline, '/admission', `Bearer ${TOKEN}`), 400, 'an empty object is no review')
  })

  await t.test('no log line holds a secret', async t => {
    const output = await offline.output()
    for (const secret of [TOKEN, 'sim-secret']) t.notMatch(output, secret)
  })
})
