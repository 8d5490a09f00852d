import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { CHECKS } from '../../shared/doctor/checks.ts'
import type { CheckStatus } from '../../shared/doctor/contract.ts'
import { SERVICE_ACCOUNT_USER, UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { toPath } from '../../shared/register/apply.ts'
import { type KubeObject, readRbac } from '../../shared/register/manifests.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { soon } from '../scenarios/_stories.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { startServed, WEBHOOK_TOKEN } from '../support/served.ts'
import { createManifest } from '../support/services.ts'
import { type Diagnosed, diagnose } from './_doctor.ts'
import { GO_PROGRAM, KUBE_VIP, startProgram } from './_programs.ts'

t.setTimeout(180_000)

const WEBHOOK =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/cloud-provider-phoenixnap'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const NODES = '/api/v1/nodes'
/** A guard, not a measure. */
const MAX_TRIES = 60

const statusOf = ({ checks }: Diagnosed, code: string): CheckStatus | undefined => checks.get(code)?.status

/** Codes of the checks with one of these outcomes. */
const withStatus = ({ checks }: Diagnosed, ...wanted: CheckStatus[]): string[] =>
  [...checks.values()].filter(({ status }) => wanted.includes(status)).map(({ code }) => code)

forEachCluster(t, 'doctor', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  const { backend } = bmc
  const announced = { PNAP_LOAD_BALANCER: `kube-vip://${backend.addPublicNetwork().id}` }
  const options = { bmc, registered: false, resyncInterval: '5s', environment: announced }
  const served = await startServed(t, cluster, options)
  const environment = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: bmc.url,
    PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
    ...announced,
    KUBECONFIG: await cluster.kubeconfigFile(),
  }
  const addNode = async (name: string, spec: object): Promise<void> => {
    await admin.request({
      method: 'POST',
      path: NODES,
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec },
    })
  }
  const told: string[] = []
  const look = async (env: Record<string, string> = {}, flags: string[] = []): Promise<Diagnosed> => {
    const diagnosed = await diagnose({ ...environment, ...env }, flags)
    told.push(diagnosed.out, diagnosed.err)
    return diagnosed
  }
  const expect = async (t: Test, code: string, wanted: object, env?: Record<string, string>) => {
    const diagnosed = await look(env)
    t.match(diagnosed.checks.get(code), wanted, code)
    return diagnosed
  }

  await t.test('in a cluster to which nobody has come', async t => {
    const diagnosed = await look()
    const { code, checks, err } = diagnosed
    t.equal(code, 1)
    t.equal(err, '')
    const codes = CHECKS.map(({ code }) => code)
    t.strictSame([...checks.keys()], codes, 'every check has its line, in order')
    for (const failing of ['permissions', 'webhook-registered', 'announcer-running', 'webhook-called'])
      t.match(checks.get(failing), { status: 'fail', action: /\w/ }, failing)
    for (const fine of [
      'settings',
      'bmc-credentials',
      'bmc-scopes',
      'bmc-network',
      'cluster-version',
      'go-program',
    ])
      t.match(checks.get(fine), { status: 'ok', action: undefined }, fine)
    t.match(checks.get('bmc-servers'), { status: 'warn' })
  })

  await served.register()
  const { id } = backend.addServer({ hostname: 'worker-1' })
  const stopKubeVip = await startProgram(cluster, admin, KUBE_VIP)
  await admin.request({
    method: 'POST',
    path: NODES,
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'worker-1' },
      spec: { providerID: `phoenixnap://${id}` },
    },
  })

  await t.test('where everything is well', async t => {
    let diagnosed = await look()
    for (let tries = 0; withStatus(diagnosed, 'fail', 'warn').length > 0 && tries < MAX_TRIES; tries++) {
      await sleep(100)
      diagnosed = await look()
    }
    t.strictSame(withStatus(diagnosed, 'fail', 'warn'), [], JSON.stringify([...diagnosed.checks.values()]))
    t.strictSame(withStatus(diagnosed, 'unknown'), ['audit-rings'], 'but for what no API tells')
    t.equal(diagnosed.code, 0)
    const before = await admin.request({ path: '/api/v1/services' })
    t.notMatch(JSON.stringify(before.body), /doctor/, 'and the dry run left nothing')
  })

  await t.test('as the handlers it finds out less, and says so', async t => {
    const diagnosed = await look({ KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER) })
    t.strictSame(withStatus(diagnosed, 'fail', 'warn'), [], JSON.stringify([...diagnosed.checks.values()]))
    t.equal(statusOf(diagnosed, 'permissions'), 'ok')
    for (const code of ['go-program', 'webhook-registered', 'announcer-running'])
      t.match(diagnosed.checks.get(code), { status: 'unknown', action: /administrator/ })
    t.match(diagnosed.checks.get('webhook-called'), { status: 'unknown', action: /administrator/ })
    t.equal(diagnosed.code, 1, 'nobody knows whether the Go program runs')
  })

  await t.test('it fails while the Go program is running beside us', async t => {
    const stop = await startProgram(cluster, admin, GO_PROGRAM)
    const diagnosed = await look()
    t.equal(diagnosed.code, 1)
    t.strictSame(withStatus(diagnosed, 'fail'), ['go-program'])
    t.match(diagnosed.checks.get('go-program'), { fact: /kube-system\/phoenixnap-ccm/, action: /Stop it/ })
    await stop()
    t.equal((await look()).code, 0)
  })

  await t.test('it fails while somebody leads as a cloud controller manager does', async t => {
    const name = 'cloud-controller-manager'
    const spec = {
      holderIdentity: 'other',
      renewTime: new Date().toISOString().replace('Z', '000Z'),
      leaseDurationSeconds: 15,
    }
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec }
    await admin.request({ method: 'POST', path: LEASES, body })
    await expect(t, 'other-managers', { status: 'fail', fact: /other holds the Lease/ })
    await admin.request({ method: 'DELETE', path: `${LEASES}/${name}` })
  })

  await t.test('nodes that do not fit to servers are named', async t => {
    backend.addServer({ hostname: 'twin' })
    backend.addServer({ hostname: 'TWIN' })
    await addNode('lost', { providerID: 'phoenixnap://no-such-server' })
    await addNode('second', { providerID: `phoenixnap://${id}` })
    await addNode('plain', {})
    await addNode('stranger', { taints: [{ key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' }] })
    const { checks, code } = await look()
    t.equal(code, 1)
    t.match(checks.get('nodes-have-servers'), { status: 'fail', fact: /lost \(no-such-server\)/ })
    t.match(checks.get('provider-ids-unique'), {
      status: 'fail',
      fact: /second and worker-1|worker-1 and second/,
    })
    t.match(checks.get('nodes-initialised'), {
      status: 'fail',
      fact: /stranger \(no server has this hostname\)/,
    })
    t.match(checks.get('kubelets-external'), { status: 'fail', fact: /: plain$/ })
    t.match(checks.get('hostnames-unique'), { status: 'warn', fact: /^twin: / })
    for (const name of ['lost', 'second', 'plain', 'stranger'])
      await admin.request({ method: 'DELETE', path: `${NODES}/${name}` })
  })

  await t.test('a webhook that is not as it should be', async t => {
    const { body } = await admin.request<{ webhooks: Record<string, unknown>[] }>({ path: WEBHOOK })
    const change = (webhooks: unknown) =>
      admin.request({ method: 'PATCH', path: WEBHOOK, patch: 'merge', body: { webhooks } })
    await change(body.webhooks.map(webhook => ({ ...webhook, failurePolicy: 'Fail' })))
    await expect(t, 'webhook-registered', { status: 'warn', fact: /nodes\.phoenixnap\.com: failurePolicy/ })
    await change(
      body.webhooks.map(webhook => ({
        ...webhook,
        clientConfig: { url: 'https://127.0.0.1:1/admission/0123' },
      })),
    )
    const { checks } = await look()
    t.match(checks.get('webhook-secret'), { status: 'fail' })
    t.match(checks.get('webhook-certificate'), {
      status: 'unknown',
      fact: /127\.0\.0\.1:1 cannot be reached/,
    })
    t.match(checks.get('webhook-called'), { status: 'fail' })
    await served.register()
    await expect(t, 'webhook-user', { status: 'ok' })
    t.match((await look({}, ['--user', 'somebody'])).checks.get('webhook-user'), { status: 'fail' })
  })

  await t.test('who registers its own webhook needs the rights for that', async t => {
    const registering = { PNAP_WEBHOOK_SERVICE: 'kube-system/cloud-provider-phoenixnap:443' }
    const missing = /may not: .*patch mutatingwebhookconfigurations\.admissionregistration\.k8s\.io/
    await expect(t, 'permissions', { status: 'ok' })
    await expect(t, 'permissions', { status: 'fail', fact: missing, action: /rbac-self\.yaml/ }, registering)
    const { body } = await admin.request<{ webhooks: { clientConfig: object }[] }>({ path: WEBHOOK })
    const service = { namespace: 'kube-system', name: 'cloud-provider-phoenixnap', path: '/admission' }
    const change = (webhooks: object[]) =>
      admin.request({ method: 'PATCH', path: WEBHOOK, patch: 'merge', body: { webhooks } })
    await change(body.webhooks.map(webhook => ({ ...webhook, clientConfig: { service } })))
    await expect(t, 'permissions', { status: 'warn', fact: missing, action: /rbac-self\.yaml/ })
    const roles = await readRbac(SERVICE_ACCOUNT_USER, 'rbac-self')
    const put = (object: KubeObject): Promise<unknown> =>
      admin.request({
        method: 'PATCH',
        path: toPath(object),
        patch: 'apply',
        query: { fieldManager: 'test' },
        body: object,
      })
    const [role, ...others] = roles
    if (role) await put(role)
    await expect(t, 'permissions', { status: 'fail', fact: missing })
    for (const object of others) await put(object)
    await soon('the API server has heard of the roles', async () => {
      const { checks } = await look({}, ['--timeout', '20s'])
      return checks.get('permissions')?.status === 'ok'
    })
    for (const object of roles) await admin.request({ method: 'DELETE', path: toPath(object) })
    await change(body.webhooks)
  })

  await t.test('a Service that has to wait tells why', async t => {
    backend.setQuota('bmc.public_ips.max_count', 0)
    await admin.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/services',
      body: createManifest('web'),
    })
    const diagnosed = await look()
    t.match(diagnosed.checks.get('services-waiting'), { status: 'warn', fact: /^waiting: default\/web/ })
  })

  await t.test('trouble of BMC fails its own checks, and no other', async t => {
    const down = { PNAP_BASE_URL: 'http://127.0.0.1:1' }
    const diagnosed = await look(down)
    t.equal(diagnosed.code, 1)
    t.match(diagnosed.checks.get('bmc-credentials'), { status: 'fail' })
    t.equal(statusOf(diagnosed, 'permissions'), 'ok')
    t.match(diagnosed.checks.get('bmc-quota'), { status: 'unknown', action: /See the check/ })
    await expect(
      t,
      'bmc-credentials',
      { status: 'fail', fact: /BMC_CREDENTIALS_INVALID/ },
      { PNAP_CLIENT_SECRET: 'wrong-secret' },
    )
    await expect(
      t,
      'bmc-network',
      { status: 'fail', fact: /CCM_PUBLIC_NETWORK_UNKNOWN/ },
      { PNAP_LOAD_BALANCER: 'kube-vip://nowhere' },
    )
  })

  await t.test('wrong settings are findings', async t => {
    const diagnosed = await look({ PNAP_RESYNC_INTERVAL: 'often', PNAP_MAX_BLOCKS: 'many' })
    t.equal(diagnosed.code, 1)
    t.match(diagnosed.checks.get('settings'), {
      status: 'fail',
      fact: /PNAP_RESYNC_INTERVAL.*PNAP_MAX_BLOCKS/,
    })
    t.equal(withStatus(diagnosed, 'ok').length, 2, 'nothing else can be found out but about this machine')
    const away = await look({ KUBECONFIG: '/nowhere' })
    t.match(away.checks.get('cluster-version'), { status: 'fail', fact: /KUBE_CONFIG_INVALID/ })
    t.equal(statusOf(away, 'bmc-servers'), 'ok')
  })

  await stopKubeVip()
  await expect(t, 'announcer-running', { status: 'fail', fact: /kube-vip does not run/ })
  const secrets = [
    'sim-secret',
    'wrong-secret',
    WEBHOOK_TOKEN,
    admissionPathSecret(WEBHOOK_TOKEN),
    cluster.tokenFor('admin'),
  ]
  t.strictSame(
    secrets.filter(secret => told.some(text => text.includes(secret))),
    [],
    'no secret is told',
  )
})
