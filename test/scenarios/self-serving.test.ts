import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createCertificates } from '../../shared/certificates.ts'
import { splitCertificates } from '../../shared/serving-identity/state.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { type Child, startChild } from './_child.ts'
import { findNode } from './_deletion.ts'
import { expectInitialised, isTainted, until, WEBHOOK } from './_outage.ts'
import {
  createJumpingClock,
  createSelfScene,
  installSelfRole,
  type JumpingClock,
  type Registered,
  readServingSecret,
  readTrusted,
  registerEarlierLife,
  remove,
  SECRET,
  type SelfScene,
  startReplica,
} from './_self-serving.ts'

t.setTimeout(240_000)
const DAY_MS = 24 * 3_600_000

const portOf = (child: Child): number =>
  (JSON.parse(/\{[^\n]*"msg":"serving"[^\n]*/.exec(child.said())?.[0] ?? '{}') as { port?: number }).port ?? 0

forEachCluster(t, 'serve without help', {}, async (t, cluster) => {
  t.test('comes up on nodes that it has yet to initialise, with a dead webhook of its own', async t => {
    const scene = await createSelfScene(t, cluster)
    const { admin, front, environment, join } = scene
    await registerEarlierLife(admin, scene, (await createCertificates({ hosts: ['a'] })).ca)
    const first = await join()
    t.ok(first.tainted, 'nobody answers, and it joins all the same')

    const children = [startChild(t, ['serve'], environment), startChild(t, ['serve'], environment)] as const
    await until(() => children.every(portOf), 'both replicas serve')
    await front.lead(...children.map(portOf))
    await until(async () => !isTainted(await findNode(admin, first.name)), 'the first pass initialises it')
    await expectInitialised(t, admin, first.name, first.id)
    await untilTrusted(scene)
    await untilCalled(scene)

    const [secret, versions] = [await readServingSecret(admin), await readVersions(scene)]
    t.equal(countMade(children), 2, 'one of them made token and certificate')
    for (const child of children)
      t.notMatch(child.said(), secret['webhook-token'] ?? '', 'no log has the token')

    children[0].kill('SIGKILL')
    await children[0].ended
    t.notOk((await join()).tainted, 'the other one answers')
    const third = startChild(t, ['serve'], environment)
    await until(() => portOf(third) > 0 && /"resync ended"/.test(third.said()), 'a third one serves')
    await front.lead(portOf(third))
    t.notOk((await join()).tainted, 'with the same certificate and token')
    t.same(await readServingSecret(admin), secret)
    t.same(await readVersions(scene), versions, 'nothing was written')
  })

  t.test('renews its certificate without a gap, whichever replica is asked', async t => {
    const scene = await createSelfScene(t, cluster)
    const { admin, front, environment } = scene
    // Eight months ago, so that what is made on the way is valid by the API server's own clock.
    const start = Date.now() - 246 * DAY_MS
    const clocks = [createJumpingClock(start), createJumpingClock(start)] as const
    const replicas = [
      await startReplica(t, environment, clocks[0]),
      await startReplica(t, environment, clocks[1]),
    ] as const
    const [one, other] = replicas.map(({ serving }) => serving.port)
    await front.lead(one ?? 0)
    await Promise.all(clocks.map(clock => clock.turn(1000)))
    await untilTrusted(scene)
    await untilCalled(scene)
    const old = await readServingSecret(admin)

    async function bothAnswer(t: Test, when: string): Promise<void> {
      for (const [name, port] of Object.entries({ one, other })) {
        await front.lead(port ?? 0)
        t.notOk((await scene.join()).tainted, `${name} answers, ${when}`)
      }
    }

    await bothAnswer(t, 'at first')
    const published = /authority of the next serving certificate published/
    await turnUntil(clocks[0], () => published.test(replicas[0].said()), 244 * DAY_MS)
    await until(async () => splitCertificates(await readTrusted(admin)).length === 2, 'both are trusted')
    await bothAnswer(t, 'when the next authority is known to one of them')
    t.equal((await readServingSecret(admin))['tls.crt'], old['tls.crt'])

    const changed = /certificate changed, taken into use/
    await turnUntil(clocks[0], () => changed.test(replicas[0].said()), DAY_MS)
    await bothAnswer(t, 'when one serves the new certificate and the other has an older Secret')
    t.not((await readServingSecret(admin))['tls.crt'], old['tls.crt'])
    t.notMatch(replicas[1].said(), changed)
    await turnUntil(clocks[1], () => changed.test(replicas[1].said()), 245 * DAY_MS)
    await bothAnswer(t, 'when both serve the new one')

    const retired = /authority of the old serving certificate retired/
    const isRetired = (): boolean => replicas.some(replica => retired.test(replica.said()))
    await turnUntil(clocks[0], isRetired, DAY_MS + 60_000)
    await until(async () => splitCertificates(await readTrusted(admin)).length === 1, 'one is trusted')
    await bothAnswer(t, 'when the old authority has left')
  })

  t.test('follows a token that an operator wrote, without a gap', async t => {
    const scene = await createSelfScene(t, cluster)
    const { admin, front, environment } = scene
    const clocks = [createJumpingClock(Date.now()), createJumpingClock(Date.now())] as const
    const [one, other] = [
      await startReplica(t, environment, clocks[0]),
      await startReplica(t, environment, clocks[1]),
    ] as const
    await front.lead(one.serving.port)
    await Promise.all(clocks.map(clock => clock.turn(1000)))
    await untilTrusted(scene)
    await untilCalled(scene)
    const [before] = await readVersions(scene)
    const token = Buffer.from('a-token-of-the-operator').toString('base64')
    const body = { data: { 'webhook-token': token } }
    await admin.request({ method: 'PATCH', path: SECRET, patch: 'merge', body })
    await turnUntil(clocks[1], async () => (await readVersions(scene))[0] !== before)
    await front.lead(other.serving.port)
    await untilCalled(scene)
    await turnUntil(clocks[0], () => true)
    for (const { serving } of [one, other]) {
      await front.lead(serving.port)
      t.notOk((await scene.join()).tainted)
    }
  })

  // The simulator knows no rights.
  if (cluster.kind === 'simulator') return
  t.test('goes on without its rights, and says so once', async t => {
    const scene = await createSelfScene(t, cluster)
    const { admin, front, environment } = scene
    const clock = createJumpingClock(Date.now())
    // Beside the authority that it makes itself; read again whenever it looks at its registration.
    const file = join(cluster.folder, 'webhook-ca.crt')
    const { ca } = await createCertificates({ hosts: ['a'] })
    await writeFile(file, ca)
    const replica = await startReplica(t, { ...environment, PNAP_WEBHOOK_CA: file }, clock)
    await front.lead(replica.serving.port)
    await clock.turn(1000)
    await untilTrusted(scene)
    // As unregister does it: the rights first.
    for (const kind of ['clusterrolebindings', 'clusterroles'])
      await remove(admin, `/apis/rbac.authorization.k8s.io/v1/${kind}/cloud-provider-phoenixnap-self`)
    await remove(admin, WEBHOOK)
    const told = (): number => replica.said().split('not registered by this process').length - 1
    await turnUntil(clock, () => told() > 0)
    const before = replica.reads(file)
    await turnUntil(clock, () => replica.reads(file) > before + 3)
    t.equal(told(), 1)
    t.match(replica.said(), /"code":"CCM_REGISTRATION_FORBIDDEN"/)
    await t.rejects(admin.request({ path: WEBHOOK }), { code: 'KUBE_NOT_FOUND' })
    await installSelfRole(admin, await cluster.kube(CONTROLLER))
    await turnUntil(clock, async () => (await readTrusted(admin).catch(() => '')) !== '')
    t.ok((await readTrusted(admin)).startsWith(ca))
    await untilCalled(scene)
  })
})

/** The API server was told to trust what is in the Secret. */
async function untilTrusted({ admin }: SelfScene): Promise<void> {
  await until(async () => {
    const { 'ca.crt': ca } = await readServingSecret(admin).catch(() => ({ 'ca.crt': undefined }))
    return ca !== undefined && (await readTrusted(admin).catch(() => '')).endsWith(ca)
  }, 'it is registered with the authority of its certificate')
}

/** An API server hears of a registration some moments after it stored it. */
const untilCalled = ({ join }: SelfScene): Promise<void> =>
  until(async () => !(await join()).tainted, 'a joining node is initialised')

async function readVersions({ admin }: SelfScene): Promise<string[]> {
  const { body } = await admin.request<Registered>({ path: WEBHOOK })
  const secret = await admin.request<Registered>({ path: SECRET })
  return [body.metadata.resourceVersion, secret.body.metadata.resourceVersion]
}

const countMade = (children: readonly Child[]): number =>
  children.flatMap(child => child.said().match(/"(?:webhook token|serving certificate) made"/g) ?? []).length

/** Turns by a refresh at a time, after `first` at once and unseen. */
async function turnUntil(
  clock: JumpingClock,
  holds: () => boolean | Promise<boolean>,
  first = 0,
): Promise<void> {
  clock.jump(first)
  await until(async () => {
    await clock.turn(30_000)
    return holds()
  }, 'a refresh does it')
}
