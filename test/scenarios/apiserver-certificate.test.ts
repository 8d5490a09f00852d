import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { createCertificates, LIFE_MS } from '../../shared/certificates.ts'
import { diagnose } from '../doctor/_doctor.ts'
import { assets, startTestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { startServed, WEBHOOK_TOKEN } from '../support/served.ts'
import { createWorld } from '../support/world.ts'
import { eventually } from './_apiserver.ts'
import { findNode } from './_deletion.ts'
import { startFront } from './_front.ts'
import { createOutage, expectInitialised, isTainted } from './_outage.ts'
import {
  createJumpingClock,
  createSelfScene,
  readServingSecret,
  readTrusted,
  startReplica,
} from './_self-serving.ts'

t.setTimeout(240_000)

/** The certificate is good until everything is set up, and not for long. */
const LEFT_MS = 15_000
const HOUR_MS = 3_600_000
const MOST_JOINS = 200

t.test('a certificate expires', { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t => {
  const cluster = await startTestCluster(t)
  await installRole(await cluster.kube())

  await t.test('that an operator gave: nodes join, passes initialise them, doctor names it', async t => {
    const { admin, bmc } = await createOutage(t, cluster)
    const hostnames = Array.from({ length: MOST_JOINS }, (_, index) => `given-${index}`)
    const ids = new Map(hostnames.map(hostname => [hostname, bmc.backend.addServer({ hostname }).id]))
    const join = async () => {
      const name = hostnames.shift() ?? ''
      return { name, tainted: isTainted(await fakeKubelet(admin, name)) }
    }
    const front = await startFront(t)
    const certificate = await createCertificates({
      hosts: ['127.0.0.1'],
      now: Date.now() - LIFE_MS + LEFT_MS,
    })
    const url = `https://127.0.0.1:${front.port}`
    const served = await startServed(t, cluster, { bmc, certificate, url, resyncInterval: '5s' })
    const port = Number(new URL(served.url).port)
    await front.lead(port)
    await eventually(async () => !(await join()).tainted, 'the webhook is called')

    const { validToDate } = new X509Certificate(certificate.cert)
    await eventually(() => Date.now() > validToDate.getTime(), 'the certificate has expired')
    // Connections that were made before are good for as long as they live.
    await front.lead(port)
    const late = await join()
    t.ok(late.tainted, 'a node joins, and nobody reviews it')
    await eventually(async () => !isTainted(await findNode(admin, late.name)), 'a pass initialises it')
    await expectInitialised(t, admin, late.name, ids.get(late.name) ?? '')

    const { code, checks } = await diagnose({
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
      PNAP_BASE_URL: bmc.url,
      PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      KUBECONFIG: await cluster.kubeconfigFile(),
    })
    t.equal(code, 1)
    const ended = new RegExp(`certificate of 127.0.0.1:${front.port} ended \\d+s ago`)
    t.match(checks.get('webhook-certificate'), { status: 'fail', fact: ended, action: /Renew/ })
    t.match(checks.get('webhook-called'), { status: 'fail' })
  })

  await t.test('that serve made, while nobody could renew it: it is made anew and works again', async t => {
    const scene = await createSelfScene(t, cluster)
    const { admin, front, environment, bmc, join } = scene
    const [long, ago] = [LIFE_MS + 2 * HOUR_MS, Date.now()]
    const clocks = [createJumpingClock(ago - long), createJumpingClock(ago - long)] as const
    const replicas = [
      await startReplica(t, environment, clocks[0]),
      await startReplica(t, environment, clocks[1]),
    ] as const
    await front.lead(...replicas.map(({ serving }) => serving.port))
    await Promise.all(clocks.map(clock => clock.turn(1000)))
    const trusts = async (): Promise<boolean> =>
      (await readTrusted(admin).catch(() => '')).endsWith((await readServingSecret(admin))['ca.crt'] ?? '-')
    await eventually(trusts, 'it is registered')
    const before = await readServingSecret(admin)
    const late = await join()
    t.ok(late.tainted, 'the API server refuses what has expired by its clock, and the node joins')
    const world = await createWorld(t, cluster, { bmc })
    await eventually(async () => (await world.resync()).state === 'complete', 'a pass is made')
    await expectInitialised(t, admin, late.name, late.id)

    for (const clock of clocks) clock.jump(long)
    const changed = 'certificate changed, taken into use'
    await eventually(async () => {
      await Promise.all(clocks.map(clock => clock.turn(30_000)))
      return replicas.every(({ said }) => said().includes(changed)) && (await trusts())
    }, 'both serve another one, which the API server is told to trust')
    t.not((await readServingSecret(admin))['tls.crt'], before['tls.crt'])
    for (const { serving } of replicas) {
      await front.lead(serving.port)
      await eventually(async () => !(await join()).tainted, 'its webhook is called again')
    }
  })
})
