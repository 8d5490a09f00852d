import t from 'tap'
import { silentLog } from '../../shared/log.ts'
import { initialize, newRegistry } from '../../shared/phoenixnap/cloud.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { testGetValidCloud } from '../support/cloud.ts'

const config = (clientId: string, clientSecret = 'secret') => ({
  baseUrl: 'https://api.bmc.test',
  tokenUrl: 'https://auth.bmc.test/token',
  credentials: async () => ({ clientId, clientSecret }),
  clock: createTurnableClock(),
  random: () => 0,
  log: silentLog,
})

t.test('is registered by its name, with an initializer that takes client ID and secret', async t => {
  const registry = newRegistry()
  t.strictSame(registry.names(), ['phoenixnap'])
  t.equal(registry.get('phoenixnap', config('id')).providerName, 'phoenixnap')
  t.throws(() => registry.get('equinixmetal', config('id')), { code: 'CCM_PROVIDER_UNKNOWN' })
})

t.test('has instances; what is not built is undefined', async t => {
  const cloud = initialize(config('id'))
  t.ok(cloud.instancesV2)
  t.match(cloud, { loadBalancer: undefined, routes: undefined, zones: undefined, clusters: undefined })
  for (const part of ['loadBalancer', 'routes', 'zones', 'clusters']) t.ok(part in cloud, part)
})

t.test('connects to a valid cloud', async t => {
  const { cloud, backend, bmc } = await testGetValidCloud(t)
  const { id } = backend.addServer({ hostname: 'node-a' })
  t.match(await cloud.instancesV2?.listInstances(), [{ id, hostname: 'node-a' }])
  t.equal(cloud.requestCounts().get('GET /bmc/v1/servers'), 1)
  t.equal(bmc.requests.count('GET /bmc/v1/servers'), 1)
  t.equal(cloud.requestCounts().get('POST token'), 1)
})

t.test('wrong credentials are said to be wrong', async t => {
  const { cloud, backend } = await testGetValidCloud(t)
  backend.setCredentials('other', 'other-secret')
  await t.rejects(async () => cloud.instancesV2?.listInstances(), { code: 'BMC_CREDENTIALS_INVALID' })
})

t.test('a missing scope is named', async t => {
  const { cloud, backend } = await testGetValidCloud(t)
  backend.setCredentials('sim-client', 'sim-secret', ['tags.read'])
  await t.rejects(async () => cloud.instancesV2?.listInstances(), {
    code: 'BMC_SCOPE_MISSING',
    message: /bmc\.read/,
  })
})

t.test('the fingerprint tells client IDs apart, not secrets, and gives neither away', async t => {
  const one = await initialize(config('client-one')).accountFingerprint()
  t.equal(await initialize(config('client-one', 'rotated')).accountFingerprint(), one)
  t.not(await initialize(config('client-two')).accountFingerprint(), one)
  t.notMatch(one, /client|secret/)
})

t.test('can be used again after it was closed', async t => {
  const { cloud } = await testGetValidCloud(t)
  await cloud.instancesV2?.listInstances()
  cloud.close()
  t.strictSame(await cloud.instancesV2?.listInstances(), [])
})

t.test('tells since when the API is silent, and that a refusal is an answer', async t => {
  const { cloud, bmc, clock } = await testGetValidCloud(t)
  const ask = (): Promise<unknown> | undefined =>
    cloud.instancesV2?.listInstances({ deadline: clock.now() + 1 })
  await ask()
  t.equal(cloud.unreachableSince(), undefined)
  const silence = bmc.faults.add({ operation: 'GET /bmc/v1/servers', status: 503 })
  await t.rejects(async () => ask(), { code: 'BMC_SERVER_ERROR' })
  const since = clock.now()
  t.equal(cloud.unreachableSince(), since)
  await clock.turn(5000)
  await t.rejects(async () => ask(), { code: 'BMC_SERVER_ERROR' })
  t.equal(cloud.unreachableSince(), since)
  silence.remove()
  bmc.faults.add({ operation: 'GET /bmc/v1/servers', status: 403 })
  await t.rejects(async () => ask(), { code: 'BMC_FORBIDDEN' })
  t.equal(cloud.unreachableSince(), undefined)
})
