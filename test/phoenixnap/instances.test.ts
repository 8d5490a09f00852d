import t, { type Test } from 'tap'
import type { Server } from '../../shared/bmc/client.ts'
import type { InstancesV2, NodeRef } from '../../shared/cloud-provider/contract.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import { toInstance } from '../../shared/phoenixnap/instances.ts'
import { testGetValidCloud, type ValidCloud } from '../support/cloud.ts'

const LIST = 'GET /bmc/v1/servers'
const GET = 'GET /bmc/v1/servers/{serverId}'

async function setUp(t: Test): Promise<ValidCloud & { instances: InstancesV2 }> {
  const valid = await testGetValidCloud(t)
  const { instancesV2 } = valid.cloud
  if (!instancesV2) throw new Error('the cloud has instances')
  return { ...valid, instances: instancesV2 }
}

type Ask = (instances: InstancesV2, node: NodeRef) => Promise<unknown>
const NEEDS_ONE: readonly Ask[] = [
  (instances, node) => instances.instanceShutdown(node),
  (instances, node) => instances.instanceMetadata(node),
]
const ALL: readonly Ask[] = [...NEEDS_ONE, (instances, node) => instances.instanceExists(node)]
const byId = (id: string): NodeRef => ({ name: 'node-a', providerID: `phoenixnap://${id}` })

t.test('metadata of a server: type, region, addresses, and its system as a label', async t => {
  const { instances, backend } = await setUp(t)
  const { id } = backend.addServer({
    hostname: 'Node-A',
    type: 'd1.c1.small',
    location: 'ASH',
    os: 'ubuntu/jammy',
    privateIpAddresses: ['10.0.0.11 - 10.0.0.13', '2001:DB8::0011'],
    publicIpAddresses: ['203.0.113.11'],
  })
  for (const node of [{ name: 'node-a' }, byId(id), { name: 'node-a', providerID: id }])
    t.strictSame(await instances.instanceMetadata(node), {
      providerID: `phoenixnap://${id}`,
      instanceType: 'd1.c1.small',
      region: 'ASH',
      additionalLabels: { 'phoenixnap.com/os': 'ubuntu/jammy' },
      nodeAddresses: [
        { type: 'InternalIP', address: '10.0.0.11' },
        { type: 'InternalIP', address: '10.0.0.12' },
        { type: 'InternalIP', address: '10.0.0.13' },
        { type: 'InternalIP', address: '2001:db8::11' },
        { type: 'ExternalIP', address: '203.0.113.11' },
        { type: 'Hostname', address: 'node-a' },
      ],
    })
})

t.test('exists, and is shut down only when it is powered off', async t => {
  const { instances, backend } = await setUp(t)
  const { id } = backend.addServer()
  t.ok(await instances.instanceExists(byId(id)))
  t.notOk(await instances.instanceShutdown(byId(id)))
  backend.powerOff(id)
  t.ok(await instances.instanceShutdown(byId(id)))
  t.ok(await instances.instanceExists(byId(id)), 'what is off exists')
})

t.test('the API answers 403 for an id that the list holds: it exists', async t => {
  const { instances, backend, bmc } = await setUp(t)
  const { id } = backend.addServer()
  for (const status of [403, 404]) {
    const fault = bmc.faults.add({ operation: GET, status })
    t.ok(await instances.instanceExists(byId(id)), String(status))
    t.match(await instances.instanceMetadata(byId(id)), { providerID: `phoenixnap://${id}` })
    t.notOk(await instances.instanceShutdown(byId(id)))
    fault.remove()
  }
})

t.test('the API answers 403 for an id that the list lacks: it is gone', async t => {
  const { instances, backend, bmc } = await setUp(t)
  backend.addServer()
  t.notOk(await instances.instanceExists(byId('5f0c0a3e8a6d2b0000000000')))
  t.equal(bmc.requests.count(LIST), 1)
  for (const ask of NEEDS_ONE)
    await t.rejects(ask(instances, byId('5f0c0a3e8a6d2b0000000000')), { code: 'CCM_INSTANCE_NOT_FOUND' })
})

t.test('nobody has the hostname: it is gone', async t => {
  const { instances } = await setUp(t)
  t.notOk(await instances.instanceExists({ name: 'node-a' }))
  for (const ask of NEEDS_ONE)
    await t.rejects(ask(instances, { name: 'node-a' }), { code: 'CCM_INSTANCE_NOT_FOUND', message: /node-a/ })
})

/** Failures that must never read as an absent server: [name, fault, code] */
const FAILURES: readonly [string, Parameters<ValidCloud['bmc']['faults']['add']>[0], string][] = [
  ['500', { status: 500 }, 'BMC_SERVER_ERROR'],
  ['a reset', { reset: 'before' }, 'BMC_UNREACHABLE'],
  ['half an answer', { malformed: true }, 'BMC_RESPONSE_INVALID'],
  ['a page of a proxy', { status: 200, body: '<html></html>' }, 'BMC_RESPONSE_INVALID'],
  ['nothing', { status: 200, body: '' }, 'BMC_RESPONSE_INVALID'],
  ['401 again and again', { status: 401 }, 'BMC_CREDENTIALS_INVALID'],
  ['a missing scope', { status: 403, body: { message: 'insufficient_scope' } }, 'BMC_SCOPE_MISSING'],
]
for (const [name, fault, code] of FAILURES) {
  for (const operation of [GET, LIST]) {
    t.test(`${operation} answers ${name}: thrown`, async t => {
      const { instances, backend, bmc } = await setUp(t)
      const node = operation === LIST ? { name: 'node-a' } : byId(backend.addServer().id)
      bmc.faults.add({ ...fault, operation })
      for (const ask of ALL) await t.rejects(ask(instances, node), { code })
      if (operation === LIST)
        await t.rejects(instances.instanceExists(byId('gone')), { code }, 'after a 403 as well')
    })
  }
}

t.test('a list that is refused is thrown, and not empty', async t => {
  const { instances, bmc } = await setUp(t)
  bmc.faults.add({ operation: LIST, status: 403 })
  await t.rejects(instances.instanceExists({ name: 'node-a' }), { code: 'BMC_FORBIDDEN' })
  await t.rejects(instances.instanceExists(byId('gone')), { code: 'BMC_FORBIDDEN' })
})

t.test('two servers of one hostname are told apart by an address, in any spelling', async t => {
  const { instances, backend } = await setUp(t)
  const one = backend.addServer({ hostname: 'node-a', privateIpAddresses: ['2001:db8::11'] })
  const other = backend.addServer({ hostname: 'NODE-A', privateIpAddresses: ['10.0.0.12'] })
  const find = async (addresses: readonly string[]): Promise<string> =>
    (await instances.instanceMetadata({ name: 'node-a', addresses })).providerID
  t.equal(await find(['10.0.0.12']), `phoenixnap://${other.id}`)
  t.equal(await find(['2001:db8::11']), `phoenixnap://${one.id}`)
  t.equal(await find(['node-a', '2001:0DB8:0::0011']), `phoenixnap://${one.id}`)
  for (const ask of ALL)
    await t.rejects(ask(instances, { name: 'node-a', addresses: ['10.9.9.9'] }), {
      code: 'CCM_INSTANCE_AMBIGUOUS',
      message: new RegExp(`${one.id}|${other.id}`),
    })
  backend.updateServer(other.id, { status: 'deleting' })
  t.equal(await find([]), `phoenixnap://${one.id}`, 'one that is being deleted is nobody’s')
})

t.test('a node of another cloud is refused without a request', async t => {
  const { instances, bmc } = await setUp(t)
  for (const ask of ALL)
    await t.rejects(ask(instances, { name: 'node-a', providerID: 'aws:///x/i-1' }), {
      code: 'CCM_PROVIDER_ID_INVALID',
    })
  t.equal(bmc.requests.count(), 0)
})

t.test('a look-up by id tells what the API says', async t => {
  const { instances, backend } = await setUp(t)
  const { id } = backend.addServer()
  t.match(await instances.getInstance(id), { state: 'found', instance: { id } })
  t.match(await instances.getInstance('gone'), { state: 'absent', why: /gone answers 403/ })
})

const SERVER: Server = {
  id: 'a1',
  status: 'powered-on',
  hostname: 'Node-A',
  type: 's1.c1.small',
  location: 'PHX',
  privateIpAddresses: ['10.0.0.11'],
}

t.test('a server with the least that the API answers', async t => {
  t.strictSame(toInstance(SERVER, silentLog), {
    id: 'a1',
    providerID: 'phoenixnap://a1',
    hostname: 'Node-A',
    instanceType: 's1.c1.small',
    region: 'PHX',
    status: 'powered-on',
    shutdown: false,
    terminating: false,
    privateAddresses: ['10.0.0.11'],
    publicAddresses: [],
    addressesIncomplete: false,
    additionalLabels: {},
  })
})

/** [status, shut down, terminating] */
const STATUSES: readonly [string, boolean, boolean][] = [
  ['creating', false, false],
  ['powered-on', false, false],
  ['powered-off', true, false],
  ['rebooting', false, false],
  ['resetting', false, false],
  ['deleting', false, true],
  ['reserved', false, false],
  ['error', false, false],
  ['reinstating', false, false],
  ['hibernating', false, false],
]
for (const [status, shutdown, terminating] of STATUSES)
  t.test(`a server that is ${status}`, async t => {
    t.match(toInstance({ ...SERVER, status }, silentLog), { status, shutdown, terminating })
  })

t.test('an address that comes twice is one', async t => {
  const server = { ...SERVER, privateIpAddresses: ['10.0.0.11', '10.0.0.10 - 10.0.0.12'] }
  t.strictSame(toInstance(server, silentLog).privateAddresses, ['10.0.0.11', '10.0.0.10', '10.0.0.12'])
})

t.test('an entry that cannot be read costs no other address, and makes a line of log', async t => {
  const lines: unknown[] = []
  const log: Log = { ...silentLog, warn: fields => void lines.push(fields) }
  const entries = {
    privateIpAddresses: ['pending', '10.0.0.11 - 10.0.0.12', ''],
    publicIpAddresses: ['203.0.113.1', '203.0.113.9 - 203.0.113.1'],
  }
  t.match(toInstance({ ...SERVER, ...entries }, log), {
    id: 'a1',
    privateAddresses: ['10.0.0.11', '10.0.0.12'],
    publicAddresses: ['203.0.113.1'],
    addressesIncomplete: true,
  })
  t.match(lines, [{ serverId: 'a1', error: { code: 'BMC_RESPONSE_INVALID' } }])
  t.equal(lines.length, 1)
})

t.test('a server that cannot be read is there, matches no node, and makes one line of log', async t => {
  const lines: unknown[] = []
  const log: Log = { ...silentLog, warn: fields => void lines.push(fields) }
  const nothing = { hostname: '', type: '', location: '', privateIpAddresses: [] }
  const server = { ...SERVER, ...nothing, unreadable: 'body[3].location is missing' }
  t.match(toInstance(server, log), {
    providerID: 'phoenixnap://a1',
    hostname: '',
    privateAddresses: [],
    publicAddresses: [],
    addressesIncomplete: true,
  })
  t.strictSame(lines, [{ serverId: 'a1', reason: 'body[3].location is missing' }])
})

t.test('metadata of a server that cannot be read is not known', async t => {
  const { instances, bmc } = await setUp(t)
  const body = { id: 'a1', status: 'powered-off', hostname: null }
  bmc.faults.add({ operation: GET, status: 200, body })
  t.ok(await instances.instanceExists(byId('a1')))
  t.ok(await instances.instanceShutdown(byId('a1')))
  await t.rejects(instances.instanceMetadata(byId('a1')), { code: 'BMC_RESPONSE_INVALID', message: /a1/ })
})
