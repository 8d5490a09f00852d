import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createKube, type Kube } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { runRegister } from '../../shared/register/register.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { assets, CONTROLLER } from '../support/cluster.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'

const TOKEN = 'a-token-of-sixteen-characters'

interface Call {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: unknown
}

interface AuditEvent {
  readonly level: string
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef: { readonly resource: string; readonly subresource?: string; readonly name: string }
  readonly requestObject?: unknown
}

/** A webhook that lets everything through and keeps what it was sent. */
async function startWebhook(t: Test) {
  const calls: Call[] = []
  const certificates = await createCertificates({ hosts: ['127.0.0.1'] })
  const server = createServer({ cert: certificates.cert, key: certificates.key }, (request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const body = JSON.parse(text) as { request?: { uid: string } }
      calls.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
      server.emit('called')
      response.setHeader('content-type', 'application/json')
      const answer = { uid: body.request?.uid, allowed: true }
      const [apiVersion, kind] = ['admission.k8s.io/v1', 'AdmissionReview']
      response.end(JSON.stringify({ apiVersion, kind, response: answer }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  async function waitFor<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      await once(server, 'called')
    }
  }
  return { calls, url, ca: certificates.ca, waitFor }
}

const auditEvents = (calls: readonly Call[]): AuditEvent[] =>
  calls
    .filter(({ path }) => path.startsWith('/audit'))
    .flatMap(({ body }) => (body as { items: AuditEvent[] }).items)

async function connect(t: Test, plane: ControlPlane, folder: string, user: string): Promise<Kube> {
  const path = join(folder, `${encodeURIComponent(user)}.kubeconfig`)
  await writeFile(path, plane.kubeconfig(user))
  const kube = createKube({ config: await loadKubeConfig({ kubeconfig: path }) })
  t.teardown(() => kube.close())
  return kube
}

const needsAssets = assets ? {} : { skip: 'needs a real API server (KUBEBUILDER_ASSETS)' }

t.test('a real API server starts with the files and calls us as they say', needsAssets, async t => {
  const webhook = await startWebhook(t)
  const folder = t.testdir({ 'ca.pem': webhook.ca })
  const lines: string[] = []
  const register = (env: Readonly<Record<string, string>>, ...more: string[]): Promise<number> =>
    runRegister(['--url', webhook.url, '--ca-file', join(folder, 'ca.pem'), '--bearer', ...more], {
      out: line => void lines.push(line),
      err: line => void lines.push(line),
      sources: { env: { PNAP_WEBHOOK_TOKEN: TOKEN, ...env } },
    })
  t.equal(await register({}, '--print', '--apiserver-dir', join(folder, 'files')), 0)
  const flags = lines.filter(line => line.startsWith('  --')).map(line => line.trim())
  t.equal(flags.length, 4)

  const plane = await startControlPlane(assets ?? '', { flags })
  t.teardown(() => plane.stop())
  const admin = await connect(t, plane, folder, 'admin')
  const controller = await connect(t, plane, folder, CONTROLLER)
  t.equal(await register({ KUBECONFIG: join(folder, 'admin.kubeconfig') }), 0)

  // A new webhook configuration reaches the API server by a watch: nodes are created until one is reviewed.
  let created = 0
  while (!webhook.calls.some(({ path }) => path.startsWith('/admission')))
    await createNode(admin, `node-${created++}`)
  const [review] = webhook.calls.filter(({ path }) => path.startsWith('/admission'))
  t.match(review, { path: '/admission?timeout=10s', authorization: `Bearer ${TOKEN}` })

  const reviews = webhook.calls.filter(({ path }) => path.startsWith('/admission')).length
  await admin.request({
    method: 'POST',
    path: '/api/v1/nodes',
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'initialised' } },
  })
  const patch = { metadata: { labels: { ours: 'yes' } } }
  await controller.request({ method: 'PATCH', path: '/api/v1/nodes/node-0', patch: 'merge', body: patch })
  const status = { status: { addresses: [] } }
  await controller.request({
    method: 'PATCH',
    path: '/api/v1/nodes/node-0/status',
    patch: 'merge',
    body: status,
  })
  await changeService(admin)
  await admin.request({ method: 'DELETE', path: '/api/v1/nodes/initialised' })
  await webhook.waitFor(() => auditEvents(webhook.calls).find(({ verb }) => verb === 'delete'))

  const events = auditEvents(webhook.calls)
  t.ok(events.every(({ level }) => level === 'Metadata'))
  t.ok(events.every(({ objectRef }) => ['nodes', 'services'].includes(objectRef.resource)))
  t.ok(events.every(({ objectRef }) => objectRef.subresource === undefined))
  t.ok(events.every(({ requestObject }) => requestObject === undefined))
  t.notOk(
    events.some(({ user }) => user.username === CONTROLLER),
    'it does not ring for itself',
  )
  t.ok(events.some(({ verb, objectRef }) => verb === 'create' && objectRef.name === 'initialised'))
  t.match(
    events.filter(({ objectRef }) => objectRef.name === 'internal'),
    [{ verb: 'create', objectRef: { resource: 'services', namespace: 'default' } }],
  )
  t.ok(
    webhook.calls.every(({ authorization }) => authorization === `Bearer ${TOKEN}`),
    'audit sends the token too',
  )
  t.equal(
    webhook.calls.filter(({ path }) => path.startsWith('/admission')).length,
    reviews,
    'neither a node without the taint nor a Service inside the cluster is sent',
  )
})

/** A Service that is no load balancer, and something that writes its status. */
async function changeService(admin: Kube): Promise<void> {
  const path = '/api/v1/namespaces/default/services'
  const body = { metadata: { name: 'internal' }, spec: { ports: [{ port: 80 }] } }
  await admin.request({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'Service', ...body } })
  const status = { metadata: { annotations: { a: '1' } } }
  await admin.request({ method: 'PATCH', path: `${path}/internal/status`, patch: 'merge', body: status })
}

async function createNode(admin: Kube, name: string): Promise<void> {
  await admin.request({
    method: 'POST',
    path: '/api/v1/nodes',
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { taints: [{ key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' }] },
    },
  })
}
