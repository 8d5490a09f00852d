import { join } from 'node:path'
import t, { type Test } from 'tap'
import { secretForms } from '../../shared/log.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { findNode } from '../scenarios/_deletion.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { getPackaged } from '../support/lambda/package.ts'
import { assignedTo, createManifest, findService, listAddresses, publishedFor } from '../support/services.ts'
import {
  functionOf,
  nodeKey,
  reconcile,
  SECRETS,
  type Stage,
  serviceKey,
  setStage,
  untilDone,
} from './_runtime.ts'

t.setTimeout(240_000)

const packaged = await getPackaged(join(t.testdir(), 'service'))

/** Nothing failed, nothing was left under way, and every function had memory to spare. */
function expectClean(t: Test, { lambda }: Pick<Stage, 'lambda'>): void {
  for (const { functionName, isError, body, leftovers, memoryMb } of lambda.records) {
    t.notOk(isError, `${functionName} answers: ${body.slice(0, 100)}`)
    t.strictSame(leftovers, [], 'and leaves nothing under way, no connection either')
    const { config } =
      Object.values(lambda.functions).find(one => one.config.functionName === functionName) ?? {}
    t.ok(memoryMb < (config?.memoryMb ?? 0), 'within its memory')
  }
}

t.test('a cold process, then the same one warm', async t => {
  const stage = await setStage(t, packaged)
  const { lambda, admin, bmc } = stage
  const first = bmc.backend.addServer({ hostname: 'first' })
  await fakeKubelet(admin, 'first')
  await lambda.tick()
  const second = bmc.backend.addServer({ hostname: 'second' })
  await fakeKubelet(admin, 'second')
  await lambda.tick()
  const [cold, warm] = lambda.records
  t.match([cold, warm], [{ isCold: true }, { isCold: false }])
  t.equal(warm?.pid, cold?.pid)
  for (const { id, hostname } of [first, second])
    t.equal((await findNode(admin, hostname))?.spec?.providerID, `phoenixnap://${id}`)

  await functionOf(stage, 'resync').recycle()
  await lambda.tick()
  t.match(lambda.records[2], { isCold: true })
  t.match(JSON.parse(lambda.records[2]?.body ?? ''), { state: 'complete' })
  expectClean(t, stage)
})

t.test('reconcile answers who waits, and takes over what nobody waits for', async t => {
  const stage = await setStage(t, packaged)
  const { admin, bmc } = stage
  const ids = ['asked', 'told'].map(hostname => bmc.backend.addServer({ hostname }).id)
  await fakeKubelet(admin, 'asked')
  await fakeKubelet(admin, 'told')
  t.strictSame(await reconcile(stage, 'RequestResponse', [nodeKey('asked')]), {
    status: 200,
    error: undefined,
    answer: { keys: 1, malformed: 0, retry: 0, waiting: 0 },
  })
  t.equal((await findNode(admin, 'asked'))?.spec?.providerID, `phoenixnap://${ids[0]}`)
  t.match(await reconcile(stage, 'Event', [nodeKey('told')]), { status: 202, answer: undefined })
  await untilDone(stage)
  t.equal((await findNode(admin, 'told'))?.spec?.providerID, `phoenixnap://${ids[1]}`)
  expectClean(t, stage)
})

/** A joined node and a Service that needs a block, each by one event; what cluster and cloud hold at the end. */
async function tell(t: Test, isTwice: boolean): Promise<object> {
  const stage = await setStage(t, packaged)
  const { lambda, admin, bmc } = stage
  bmc.backend.addServer({ hostname: 'worker', id: '5f0c0a3e8a6d2b0000000001' })
  await fakeKubelet(admin, 'worker')
  await admin.request({
    method: 'POST',
    path: '/api/v1/namespaces/default/services',
    body: createManifest('web'),
  })
  for (const key of [nodeKey('worker'), serviceKey('web')]) {
    if (isTwice) lambda.deliverTwice()
    await reconcile(stage, 'Event', [key])
  }
  await untilDone(stage)
  t.equal(lambda.records.length, isTwice ? 4 : 2)
  expectClean(t, stage)
  return readEnd(stage)
}

async function readEnd({ admin, bmc }: Stage): Promise<object> {
  const { metadata, spec, status } = (await findNode(admin, 'worker')) ?? {}
  const service = await findService(admin, 'web')
  const events = await admin.request<{ items: { reason: string; count?: number }[] }>({
    path: '/api/v1/namespaces/default/events',
  })
  return {
    node: { labels: metadata?.labels, providerID: spec?.providerID, taints: spec?.taints, status },
    service: { assigned: assignedTo(service), published: service && publishedFor(service) },
    addresses: (await listAddresses(admin)).map(({ address, service, state, why }) => [
      address,
      service,
      state,
      why,
    ]),
    events: events.body.items.map(({ reason, count }) => `${reason} ${count}`).toSorted(),
    blocks: bmc.backend
      .ipBlocks()
      .map(({ cidr, status, assignedResourceId }) => [cidr, status, assignedResourceId !== undefined]),
    purchases: bmc.requests.count('POST /ips/v1/ip-blocks'),
    assignments: bmc.requests.count('POST /networks/v1/public-networks/{publicNetworkId}/ip-blocks'),
  }
}

t.test('an event that comes twice leaves what it leaves when it comes once', async t => {
  const once = await tell(t, false)
  t.match(once, { service: { assigned: [/./] }, purchases: 1, assignments: 1 })
  t.strictSame(await tell(t, true), once)
})

t.test('no function has a secret that it does not use, and no log line holds one', async t => {
  const stage = await setStage(t, packaged)
  const { lambda, admin, bmc } = stage
  bmc.backend.addServer({ hostname: 'quiet' })
  await fakeKubelet(admin, 'quiet')
  bmc.backend.revokeTokens()
  bmc.backend.setCredentials('another', 'another-secret')
  await lambda.tick()
  await reconcile(stage, 'RequestResponse', [nodeKey('quiet')])
  t.match(lambda.log(), /BMC_CREDENTIALS_INVALID/, 'there was something to tell')
  const tokens = [lambda.functions['reconcile']?.config.environment['KUBE_TOKEN'] ?? '']
  const secrets = [...Object.values(SECRETS).slice(1), ...tokens].flatMap(secretForms)
  for (const secret of [...secrets, admissionPathSecret(SECRETS.PNAP_WEBHOOK_TOKEN)])
    t.notOk(lambda.log().includes(secret))
  const holders = (name: string): string[] =>
    Object.values(lambda.functions).flatMap(({ config }) => (config.environment[name] ? [config.name] : []))
  t.strictSame(holders('PNAP_CLIENT_SECRET'), ['admission', 'reconcile', 'resync'])
  t.strictSame(holders('PNAP_WEBHOOK_TOKEN'), ['admission', 'audit'])
})
