import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findNode } from '../scenarios/_deletion.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { getPackaged } from '../support/lambda/package.ts'
import { readMemoryMb } from '../support/lambda/process-facts.ts'
import { readBody } from '../support/lambda/runtime-api.ts'
import { assignedTo, createManifest, findService, listAddresses } from '../support/services.ts'
import {
  functionOf,
  nodeKey,
  reconcile,
  SECRETS,
  type Stage,
  serviceKey,
  setStage,
  until,
  untilDone,
  untilRunning,
} from './_runtime.ts'

t.setTimeout(240_000)

const packaged = await getPackaged(join(t.testdir(), 'service'))
const LIST = 'GET /bmc/v1/servers'
const BUY = 'POST /ips/v1/ip-blocks'
const RECONCILE = 'cloud-provider-phoenixnap-prod-reconcile'

/** Takes connections and says nothing, ever. */
async function startSilence(t: Test): Promise<string> {
  const server = createServer(socket => socket.on('error', () => {}).resume())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A joining node's review, as an API server with this timeout sends it. */
async function review({ lambda }: Stage, timeout: string): Promise<unknown> {
  const body = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'review-1',
      kind: { group: '', version: 'v1', kind: 'Node' },
      resource: { group: '', version: 'v1', resource: 'nodes' },
      name: 'any',
      operation: 'CREATE',
      userInfo: { username: 'system:node:any' },
      object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'any' }, spec: {} },
    },
  }
  const { url, ca } = lambda
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${SECRETS.PNAP_WEBHOOK_TOKEN}`,
  }
  const call = request(`${url}/admission?timeout=${timeout}`, { method: 'POST', ca, headers, agent: false })
  const [response] = (await once(call.end(JSON.stringify(body)), 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: JSON.parse(await readBody(response)) as unknown }
}

t.test('every function answers before its time is over, though the API server hangs', async t => {
  const settings = { KUBE_API_SERVER: await startSilence(t), KUBE_CA_DATA: undefined }
  const stage = await setStage(t, packaged, { settings, change: { timeoutMs: 4000 } })
  t.strictSame(await review(stage, '2s'), {
    status: 200,
    body: {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'review-1', allowed: true },
    },
  })
  t.match(await reconcile(stage, 'RequestResponse', [nodeKey('any'), serviceKey('any')]), {
    status: 200,
    error: undefined,
    answer: { keys: 2, retry: 2 },
  })
  await stage.lambda.tick()
  const { records } = stage.lambda
  t.match(records, [{ isError: false }, { isError: false }, { body: /resync failed: KUBE_UNREACHABLE/ }])
  t.notMatch(records.map(({ body }) => body).join(), /Sandbox|Runtime/, 'none was ended by the platform')
  t.strictSame(
    records.flatMap(({ leftovers }) => leftovers),
    [],
    'and none leaves a request under way',
  )
})

t.test('a reconcile that cannot be set up fails, is counted, and kept for whoever looks', async t => {
  const stage = await setStage(t, packaged, { settings: { PNAP_CLIENT_SECRET: undefined } })
  const { lambda } = stage
  await reconcile(stage, 'Event', [nodeKey('any')])
  await untilDone(stage)
  t.match(lambda.records, [{ isError: true, body: /reconcile failed: CCM_CONFIG_INVALID/, leftovers: [] }])
  t.match(lambda.givenUp, [{ functionName: RECONCILE, condition: 'RetriesExhausted', payload: /any/ }])
  t.equal(lambda.givenUp.length, 1)
})

t.test('a process that hangs is ended at its time, and the next ring answered by another', async t => {
  const stage = await setStage(t, packaged, { change: { timeoutMs: 4000 } })
  const { lambda, admin, bmc } = stage
  const { id } = bmc.backend.addServer({ hostname: 'late' })
  await fakeKubelet(admin, 'late')
  bmc.faults.add({ operation: LIST, hang: true, times: 1 })
  await reconcile(stage, 'Event', [nodeKey('late')])
  const pid = await untilRunning(stage, 'reconcile')
  await until('it asks BMC', () => bmc.requests.count(LIST) > 0)
  process.kill(pid, 'SIGSTOP')
  await untilDone(stage)
  await reconcile(stage, 'Event', [nodeKey('late')])
  await untilDone(stage)
  t.match(lambda.records, [
    { isError: true, isCold: true, body: /Sandbox\.Timedout.*timed out after 4\.00 seconds/ },
    { isError: false, isCold: true },
  ])
  t.equal((await findNode(admin, 'late'))?.spec?.providerID, `phoenixnap://${id}`)
  t.match(lambda.givenUp, [{ functionName: RECONCILE, payload: /late/ }])
  t.equal(lambda.givenUp.length, 1)
})

/** A list that BMC never had, of a size that is still read, and of some twenty times that as objects. */
const HUGE_LIST = `[${'{},'.repeat(20_000_000)}{}]`

t.test('a function that runs out of memory', async t => {
  const stage = await setStage(t, packaged)
  const { lambda, admin, bmc } = stage
  const { id } = bmc.backend.addServer({ hostname: 'heavy' })
  await fakeKubelet(admin, 'heavy')
  const fault = bmc.faults.add({ operation: LIST, status: 200, body: HUGE_LIST })

  await t.test('is given up, and the event kept for whoever looks', async t => {
    await reconcile(stage, 'Event', [nodeKey('heavy')])
    await untilDone(stage)
    const { retries, onFailure } = functionOf(stage, 'reconcile').config
    const died = { isError: true, isCold: true, body: /Runtime\.ExitError.*signal: (killed|aborted)/ }
    t.match(
      lambda.records,
      Array.from({ length: 1 + retries }, () => died),
    )
    t.match(lambda.givenUp, [
      { functionName: RECONCILE, destination: onFailure, condition: 'RetriesExhausted', payload: /heavy/ },
    ])
    t.equal((await findNode(admin, 'heavy'))?.spec?.providerID, undefined, 'nothing half was written')
  })

  await t.test('does its work in another process when the cause has gone', async t => {
    fault.remove()
    await reconcile(stage, 'Event', [nodeKey('heavy')])
    await untilDone(stage)
    t.match(lambda.records.at(-1), { isError: false, isCold: true })
    t.equal((await findNode(admin, 'heavy'))?.spec?.providerID, `phoenixnap://${id}`)
  })
})

t.test('a process that dies between a purchase and its note of it', async t => {
  const stage = await setStage(t, packaged)
  const { lambda, admin, bmc } = stage
  const path = '/api/v1/namespaces/default/services'
  await admin.request({ method: 'POST', path, body: createManifest('web') })
  // The purchase takes effect, and its answer does not come.
  bmc.faults.add({ operation: BUY, hang: true, afterEffect: true, times: 1 })
  await reconcile(stage, 'Event', [serviceKey('web')])
  const pid = await untilRunning(stage, 'reconcile')
  await until('it has bought', () => bmc.backend.ipBlocks().length > 0)
  process.kill(pid, 'SIGKILL')
  await untilDone(stage)
  await reconcile(stage, 'Event', [serviceKey('web')])
  await untilDone(stage)
  t.match(lambda.records, [
    { isError: true, body: /signal: killed/ },
    { isError: false, isCold: true },
  ])
  await until('a later pass has served it', async () => {
    if (assignedTo(await findService(admin, 'web')).length > 0) return true
    await lambda.tick()
    return false
  })
  t.equal(bmc.backend.ipBlocks().length, 1, 'one block, bought once')
  const [address] = assignedTo(await findService(admin, 'web'))
  t.match(
    (await listAddresses(admin)).filter(({ service }) => service),
    [{ address, service: 'web' }],
  )
})

t.test('what happens while it is frozen does no harm', async t => {
  const stage = await setStage(t, packaged)
  const { lambda, admin, bmc } = stage
  bmc.backend.addServer({ hostname: 'before' })
  await fakeKubelet(admin, 'before')
  await lambda.tick()
  const pid = lambda.records[0]?.pid ?? 0
  const memoryMb = await readMemoryMb(pid)
  bmc.faults.dropConnections()
  bmc.backend.revokeTokens()
  const { id } = bmc.backend.addServer({ hostname: 'after' })
  await fakeKubelet(admin, 'after')
  t.equal(await readMemoryMb(pid), memoryMb, 'it stands still')
  await lambda.tick()
  t.match(lambda.records[1], { pid, isCold: false, isError: false, leftovers: [] })
  t.match(JSON.parse(lambda.records[1]?.body ?? ''), { state: 'complete' })
  t.equal((await findNode(admin, 'after'))?.spec?.providerID, `phoenixnap://${id}`)
})
