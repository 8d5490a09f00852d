import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { WEBHOOK_TOKEN } from '../support/served.ts'
import { type Child, startChild } from './_child.ts'
import { findNode, LEASE } from './_deletion.ts'
import { type Door, startDoor } from './_door.ts'
import { call } from './_hostile.ts'
import { clearCluster, expectInitialised, isTainted, readLease, until } from './_outage.ts'

const NODE = 'ending-a'

/** The second of a node's two writes. */
const isMainPatch = (method: string, path: string): boolean =>
  method === 'PATCH' && path === `/api/v1/nodes/${NODE}`

t.setTimeout(120_000)

forEachCluster(t, 'the end of the process', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const files = { cert: join(cluster.folder, 'tls.crt'), key: join(cluster.folder, 'tls.key') }
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key)])

  interface Scene {
    readonly door: Door
    readonly bmc: BmcSimulator
    readonly id: string
    readonly environment: Record<string, string>
  }

  async function createScene(t: Test): Promise<Scene> {
    await clearCluster(admin)
    const door = await startDoor(t, cluster)
    const bmc = await startBmcSimulator()
    t.teardown(() => bmc.close())
    const { id } = bmc.backend.addServer({ hostname: NODE })
    const environment = {
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
      PNAP_BASE_URL: bmc.url,
      PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      PNAP_LISTEN: '127.0.0.1:0',
      PNAP_TLS_CERT: files.cert,
      PNAP_TLS_KEY: files.key,
      PNAP_RESYNC_INTERVAL: '1h',
      KUBECONFIG: door.kubeconfig,
    }
    return { door, bmc, id, environment }
  }

  t.test('SIGTERM while a key is worked on: the work is finished, exit code 0', async t => {
    const { door, id, environment } = await createScene(t)
    const child = startChild(t, ['serve'], environment)
    await until(() => child.said().includes('"msg":"resync ended"'), 'the first pass is over')
    await fakeKubelet(admin, NODE)
    const held = hold(door, isMainPatch)
    await ring(child, ca)
    await held.came
    child.kill('SIGTERM')
    await until(() => child.said().includes('"msg":"ending"'), 'it knows that it shall end')
    held.go()
    t.same(await child.ended, { code: 0, signal: null })
    t.match(child.said(), /"msg":"reconciled"[^]*"msg":"ended"/, 'the work ends before the server')
    await expectInitialised(t, admin, NODE, id)
  })

  t.test('SIGTERM during a pass: the pass is finished, exit code 0', async t => {
    const { door, id, environment } = await createScene(t)
    await fakeKubelet(admin, NODE)
    const held = hold(door, isMainPatch)
    const child = startChild(t, ['serve'], environment)
    await held.came
    child.kill('SIGTERM')
    await until(() => child.said().includes('"msg":"ending"'), 'it knows that it shall end')
    held.go()
    t.same(await child.ended, { code: 0, signal: null })
    await expectInitialised(t, admin, NODE, id)
    t.notOk((await readLease(admin)).spec?.holderIdentity, 'the next pass may begin')
  })

  t.test('SIGTERM while the API server hangs: ends after the grace time, exit code 0', async t => {
    const { door, environment } = await createScene(t)
    await fakeKubelet(admin, NODE)
    const held = hold(door, isMainPatch)
    const child = startChild(t, ['serve'], { ...environment, PNAP_SHUTDOWN_GRACE: '1s' })
    await held.came
    child.kill('SIGTERM')
    t.same(await child.ended, { code: 0, signal: null })
    held.go()
    t.notOk((await readLease(admin)).spec?.holderIdentity, 'the next pass may begin')
  })

  for (const command of ['resync', 'serve'] as const) {
    t.test(`kill -9 of ${command} between the two writes of a node: the next run finishes`, async t => {
      const { door, id, environment } = await createScene(t)
      await fakeKubelet(admin, NODE)
      const held = hold(door, isMainPatch)
      const child = startChild(t, [command], environment)
      await held.came
      child.kill('SIGKILL')
      t.same(await child.ended, { code: null, signal: 'SIGKILL' })
      const between = await findNode(admin, NODE)
      t.ok(isTainted(between), 'it still has its taint')
      t.ok((between?.status?.addresses?.length ?? 0) > 1, 'and its addresses')
      // The request that was at the door dies there, as one in the network of a dead host does.
      const spec = { acquireTime: '2000-01-01T00:00:00.000000Z' }
      await admin.request({
        method: 'PATCH',
        path: LEASE,
        patch: 'merge',
        body: { spec },
      })
      door.guard(undefined)
      const next = startChild(t, ['resync'], environment)
      t.match(await next.ended, { code: 0 }, next.said())
      await expectInitialised(t, admin, NODE, id)
      const lease = await readLease(admin)
      t.notOk(lease.spec?.holderIdentity, 'the Lease of the dead one is taken over')
    })
  }
})

/** Stops the first request of a kind at the door until it is let go. */
function hold(door: Door, fits: (method: string, path: string) => boolean) {
  const [came, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let held = false
  door.guard(async ({ method, path }) => {
    if (held || !fits(method, path)) return undefined
    held = true
    came.resolve()
    await go.promise
    return undefined
  })
  return { came: came.promise, go: go.resolve }
}

/** Tells the server of the node, as the API server's audit webhook does. */
async function ring(child: Child, ca: string): Promise<void> {
  const { port } = JSON.parse(/\{[^\n]*"msg":"serving"[^\n]*/.exec(child.said())?.[0] ?? '{}') as {
    port: number
  }
  const event = {
    level: 'Metadata',
    auditID: '1',
    stage: 'ResponseComplete',
    verb: 'create',
    user: { username: 'system:node:x' },
    objectRef: { resource: 'nodes', name: NODE, apiVersion: 'v1' },
    responseStatus: { code: 201 },
  }
  const body = JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'EventList', items: [event] })
  const headers = { authorization: `Bearer ${WEBHOOK_TOKEN}` }
  const answer = await call({ url: `https://127.0.0.1:${port}`, ca }, { path: '/audit', headers, body })
  if (answer.status !== 200 || !answer.text.includes('"keys":1')) throw new Error(answer.text)
}
