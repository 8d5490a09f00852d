import { get } from 'node:https'
import t, { type Test } from 'tap'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { getNode } from '../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { review, until } from '../scenarios/_joins.ts'
import { createApi } from '../support/api.ts'
import { assets, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { findFreePorts } from '../support/ports.ts'
import { needsHelm, podOf, render } from './_chart.ts'
import { findObstacles, type NodeTaint, startPod } from './_pod.ts'

t.setTimeout(220_000)

const needs = assets ? needsHelm : { skip: 'needs a real API server (KUBEBUILDER_ASSETS)' }
const NAME = 'cloud-provider-phoenixnap'
const SERVICE_HOST = `${NAME}.kube-system.svc`
const NODES = ['cp-1', 'cp-2', 'worker-1'] as const

const noSchedule = (key: string, value?: string): NodeTaint => ({
  key,
  effect: 'NoSchedule',
  ...(value === undefined ? {} : { value }),
})
const noExecute = (key: string, value?: string): NodeTaint => ({
  ...noSchedule(key, value),
  effect: 'NoExecute',
})

/** What nodes bear until a cloud provider and a network plugin have been there. */
const RAW = [
  noSchedule(UNINITIALIZED_TAINT, 'true'),
  noSchedule('node.kubernetes.io/not-ready'),
  noExecute('node.kubernetes.io/not-ready'),
  noSchedule('node.kubernetes.io/network-unavailable'),
]
const FIRST_NODES: Readonly<Record<string, readonly NodeTaint[]>> = {
  kubeadm: [...RAW, noSchedule('node-role.kubernetes.io/control-plane')],
  'k3s with tainted servers': [...RAW, noExecute('CriticalAddonsOnly', 'true')],
  'RKE2 with split roles': [
    ...RAW,
    noExecute('node-role.kubernetes.io/etcd', 'true'),
    noSchedule('node-role.kubernetes.io/control-plane', 'true'),
  ],
  Talos: [...RAW, noSchedule('node-role.kubernetes.io/control-plane')],
}

t.test('pods start on the first nodes of a cluster', needsHelm, async t => {
  const { tolerations, hostNetwork, dnsPolicy } = podOf(render())
  for (const [kind, taints] of Object.entries(FIRST_NODES))
    t.same(findObstacles(taints, tolerations), [], kind)
  t.equal(hostNetwork, true, 'no network plugin is there yet')
  t.equal(dnsPolicy, 'Default', 'no cluster DNS is there yet')
})

t.test('pods do not start where nothing should', needsHelm, async t => {
  const { tolerations } = podOf(render())
  for (const taint of [
    noSchedule('node.kubernetes.io/unschedulable'),
    noExecute('node.kubernetes.io/unreachable'),
    noSchedule('node.cloudprovider.kubernetes.io/shutdown'),
    noExecute('node.kubernetes.io/out-of-service', 'nodeshutdown'),
    noSchedule('dedicated', 'database'),
  ])
    t.same(findObstacles([taint], tolerations), [taint], taint.key)
})

/** Where a Service leads, in the place of kube-proxy: all of this is on one machine. */
const leadTo = (address: string): object => ({ type: 'ExternalName', externalName: address })

async function apply(cluster: TestCluster, objects: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(list) })
  if (code !== 0) throw new Error(stderr)
}

const toSecret = (name: string, stringData: Readonly<Record<string, string>>): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'kube-system' },
  stringData,
})

const isInitialised = ({ spec }: KubeNode): boolean =>
  spec?.providerID !== undefined && !spec.taints?.some(({ key }) => key === UNINITIALIZED_TAINT)

/** What a kubelet's probe gets, which verifies no certificate. */
const probe = (port: number, path: string): Promise<number> =>
  new Promise(resolve => {
    get({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', () => resolve(0))
  })

/** A cluster whose nodes all wait for a cloud provider, and a BMC account with their servers. */
async function createRawCluster(t: Test) {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  const [admin, bmc] = [await cluster.kube(), await startBmcSimulator()]
  t.teardown(() => bmc.close())
  const api = createApi(cluster.kubeconfig())
  t.teardown(() => api.close())
  for (const hostname of [...NODES, 'late-1', 'late-2', 'probe']) bmc.backend.addServer({ hostname })
  for (const name of NODES) {
    const taints = name.startsWith('cp') ? [noSchedule('node-role.kubernetes.io/control-plane')] : []
    await fakeKubelet(admin, name, { taints })
  }
  await apply(cluster, [
    toSecret('pnap-cloud-config', {
      // As upstream's template writes it, its last comma included.
      'cloud-sa.json': '{\n  "clientID": "sim-client",\n  "clientSecret": "sim-secret",\n}\n',
    }),
  ])
  return { cluster, admin, bmc, api, name: (name: string) => getNode(admin, name) }
}

/** Installs the chart as `helm install` would, with what this machine makes necessary. */
async function install(cluster: TestCluster, bmcUrl: string, ...values: readonly string[]) {
  const [port] = await findFreePorts()
  const set = [`port=${port}`, `service.port=${port}`, `settings.baseUrl=${bmcUrl}`, ...values].join(',')
  const objects = render('--set', set)
  const led = objects.map(object =>
    object.kind === 'Service' ? { ...object, spec: leadTo('127.0.0.1') } : object,
  )
  await apply(cluster, led)
  return { port, pod: podOf(objects) }
}

t.test('a cluster comes up on nodes that are not initialised', needs, async t => {
  const { cluster, admin, bmc, api, name } = await createRawCluster(t)
  const { port, pod } = await install(cluster, bmc.url)
  for (const node of NODES) {
    const taints = (await name(node)).spec?.taints ?? []
    t.ok(
      taints.some(({ key }) => key === UNINITIALIZED_TAINT),
      `${node} waits`,
    )
    t.same(findObstacles(taints, pod.tolerations), [], `a pod starts on ${node}`)
  }
  // Each node has an address of its own, and the same port is free on it.
  const first = await startPod(t, { cluster, admin }, pod, { PNAP_LISTEN: `127.0.0.1:${port}` })
  const second = await startPod(t, { cluster, admin }, pod, { PNAP_LISTEN: `127.0.0.2:${port}` })

  for (const node of NODES) await until(async () => isInitialised(await name(node)))
  await until(async () => (await probe(port, '/readyz')) === 200)
  t.equal(await probe(port, '/healthz'), 200)

  // Its own webhook, by its Service and with the certificate that it made for itself.
  await until(async () => (await review(api, 'probe')).every(({ key }) => key !== UNINITIALIZED_TAINT))
  await fakeKubelet(await cluster.kube('system:node:late-1'), 'late-1')
  const late = await name('late-1')
  t.ok(isInitialised(late))
  t.match(late.metadata.annotations, { 'phoenixnap.com/initialized': 'admission' })

  // The other replica serves with the same certificate and the same token.
  first.kill('SIGTERM')
  t.same(await first.ended, { code: 0, signal: null }, first.said())
  await apply(cluster, [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME, namespace: 'kube-system' },
      spec: leadTo('127.0.0.2'),
    },
  ])
  await until(async () => (await review(api, 'probe')).every(({ key }) => key !== UNINITIALIZED_TAINT))
  await fakeKubelet(await cluster.kube('system:node:late-2'), 'late-2')
  t.match((await name('late-2')).metadata.annotations, { 'phoenixnap.com/initialized': 'admission' })
  second.kill('SIGTERM')
  t.same(await second.ended, { code: 0, signal: null }, second.said())
  for (const said of [first.said(), second.said()]) {
    t.notMatch(said, /KUBE_FORBIDDEN/, 'its roles are enough')
    t.notMatch(said, /has no effect/, 'every variable is a setting')
  }
  const { body } = await admin.request<{ items: { metadata: { name: string } }[] }>({
    path: '/api/v1/namespaces/kube-system/secrets',
  })
  t.same(body.items.map(({ metadata }) => metadata.name).toSorted(), [`${NAME}-serving`, 'pnap-cloud-config'])
})

t.test('with certificate and token from given Secrets, as cert-manager leaves them', needs, async t => {
  const { cluster, admin, bmc, api, name } = await createRawCluster(t)
  const { ca, cert, key } = await createCertificates({ hosts: [SERVICE_HOST] })
  await apply(cluster, [
    toSecret(`${NAME}-tls`, { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca }),
    toSecret('webhook-token', { token: 'the-token-of-an-operator\n' }),
  ])
  const { pod } = await install(cluster, bmc.url, 'tls.mode=secret', 'webhook.token.secretName=webhook-token')
  const child = await startPod(t, { cluster, admin }, pod)
  for (const node of NODES) await until(async () => isInitialised(await name(node)))
  await until(async () => (await review(api, 'probe')).every(({ key }) => key !== UNINITIALIZED_TAINT))
  await fakeKubelet(await cluster.kube('system:node:late-1'), 'late-1')
  t.match((await name('late-1')).metadata.annotations, { 'phoenixnap.com/initialized': 'admission' })
  child.kill('SIGTERM')
  t.same(await child.ended, { code: 0, signal: null }, child.said())
  t.notMatch(child.said(), /KUBE_FORBIDDEN|has no effect/)
})
