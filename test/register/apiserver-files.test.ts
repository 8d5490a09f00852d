import { join } from 'node:path'
import t from 'tap'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { runRegister } from '../../shared/register/register.ts'
import { assets, CONTROLLER } from '../support/cluster.ts'
import { startControlPlane } from '../support/control-plane.ts'
import { auditEvents, connect, createNode, startWebhook } from './_webhook.ts'

const TOKEN = 'a-token-of-sixteen-characters'

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
