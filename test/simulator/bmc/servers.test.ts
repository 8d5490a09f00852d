import t from 'tap'
import type { ServerSeed } from '../../../shared/simulator/bmc/server-rows.ts'
import type { Server } from '../../../shared/simulator/bmc/types.ts'
import { start } from './support.ts'

const SERVERS = '/bmc/v1/servers'
const NEW = { hostname: 'node-a', location: 'PHX', os: 'ubuntu/jammy', type: 's1.c1.small' }

t.test('lists and gets servers; an unknown id is forbidden, not missing', async t => {
  const { sim, send } = await start(t)
  const a = sim.backend.addServer({ hostname: 'same-name' })
  const b = sim.backend.addServer({ hostname: 'same-name' })
  t.strictSame((await send('GET', SERVERS)).body, [a, b])
  t.match(await send('GET', `${SERVERS}/${b.id}`), { status: 200, body: b })
  t.match(await send('GET', `${SERVERS}/nothing`), { status: 403, body: { message: String } })
})

t.test('seeded servers have addresses of their own', async t => {
  const { sim } = await start(t)
  for (let count = 0; count < 450; count += 1) sim.backend.addServer()
  const servers = sim.backend.servers()
  const addresses = servers.flatMap(({ privateIpAddresses, publicIpAddresses = [] }) => [
    ...privateIpAddresses,
    ...publicIpAddresses,
  ])
  t.equal(new Set(addresses).size, 900)
  t.equal(new Set(servers.map(({ id }) => id)).size, 450)
})

const kinds: [string, ServerSeed, unknown[]][] = [
  ['private only', { networkType: 'PRIVATE_ONLY' }, ['PRIVATE_ONLY', ['10.0.0.12'], []]],
  ['public only', { networkType: 'PUBLIC_ONLY' }, ['PUBLIC_ONLY', [], ['198.18.0.12']]],
  ['no public address', { publicIpAddresses: [] }, ['PRIVATE_ONLY', ['10.0.0.12'], []]],
  ['no private address', { privateIpAddresses: [] }, ['PUBLIC_ONLY', [], ['198.18.0.12']]],
  ['no address', { privateIpAddresses: [], publicIpAddresses: [] }, ['NONE', [], []]],
]
for (const [what, seed, expected] of kinds) {
  t.test(`seeds ${what}`, async t => {
    const { sim, send } = await start(t)
    const { id } = sim.backend.addServer(seed)
    const server = (await send('GET', `${SERVERS}/${id}`)).body as Server
    t.same([server.networkType, server.privateIpAddresses, server.publicIpAddresses], expected)
    const networks = server.networkConfiguration.privateNetworkConfiguration?.privateNetworks
    t.same(
      networks?.flatMap(({ ips }) => ips),
      expected[1],
    )
  })
}

t.test('answers a status that no document names', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addServer({ status: 'levitating' })
  t.match(await send('GET', `${SERVERS}/${id}`), { body: { status: 'levitating' } })
})

t.test('answers null and missing fields, as seeded or everywhere', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addServer({ publicIpAddresses: null, privateIpAddresses: undefined })
  const { body } = await send('GET', `${SERVERS}/${id}`)
  t.match(body, { publicIpAddresses: null })
  t.notOk(Object.hasOwn(body as object, 'privateIpAddresses'))
  t.notOk(Object.hasOwn(body as object, 'clusterId'))
  sim.backend.updateServer(id, { publicIpAddresses: ['198.51.100.1'] })
  t.match((await send('GET', `${SERVERS}/${id}`)).body, { publicIpAddresses: ['198.51.100.1'] })

  const nulls = await start(t, { absent: 'null' })
  const server = nulls.sim.backend.addServer()
  t.match(await nulls.send('GET', `${SERVERS}/${server.id}`), {
    body: { clusterId: null, description: null },
  })
  t.match(await nulls.send('GET', `${SERVERS}/x`), { body: { validationErrors: null } })
})

t.test('creates a server that comes up after a while', async t => {
  const { sim, clock, send } = await start(t)
  const created = await send('POST', SERVERS, { ...NEW, description: 'first' })
  t.match(created, { status: 200, body: { ...NEW, description: 'first', status: 'creating' } })
  const { id } = created.body as { id: string }
  await clock.turn(59_999)
  t.equal(sim.backend.server(id).status, 'creating')
  await clock.turn(1)
  t.equal(sim.backend.server(id).status, 'powered-on')
  t.equal(sim.backend.ipBlocks().length, 1)
  t.match(sim.backend.ipBlocks()[0], {
    status: 'assigned',
    cidrBlockSize: '/31',
    assignedResourceId: id,
    assignedResourceType: 'server',
  })
})

const bad: [string, object, string][] = [
  ['without a hostname', { hostname: undefined }, 'body.hostname is required'],
  ['with a null hostname', { hostname: null }, 'body.hostname is required'],
  ['with a hostname of digits', { hostname: '123' }, 'body.hostname must match'],
  ['with a long hostname', { hostname: 'a'.repeat(101) }, 'body.hostname must have 1 to 100 characters'],
  ['with a number as type', { type: 1 }, 'body.type must be a string'],
  ['with an unknown field', { colour: 'red' }, 'body.colour is not known'],
  ['with an unknown location', { location: 'MOON' }, 'body.location is not known'],
  ['with a tag that does not exist', { tags: [{ name: 'nope' }] }, 'tag nope does not exist'],
  [
    'with a flag that is none',
    { installDefaultSshKeys: 'yes' },
    'body.installDefaultSshKeys must be a boolean',
  ],
  ['with keys that are no list', { sshKeyIds: 'a' }, 'body.sshKeyIds must be an array'],
  ['without network, unforced', { networkType: 'NONE' }, 'body.networkType NONE needs force=true'],
]
for (const [what, change, problem] of bad) {
  t.test(`refuses a server ${what}`, async t => {
    const { sim, send } = await start(t)
    const reply = await send('POST', SERVERS, { ...NEW, ...change })
    t.match(reply, { status: 400, body: { validationErrors: [RegExp(`^${problem}`)] } })
    t.same(sim.backend.servers(), [])
  })
}

t.test('a server without network is created by force', async t => {
  const { send } = await start(t)
  const reply = await send('POST', `${SERVERS}?force=true`, { ...NEW, networkType: 'NONE' })
  t.equal(reply.status, 200)
  t.strictSame((reply.body as Server).privateIpAddresses, [])
  t.strictSame((reply.body as Server).publicIpAddresses, [])
})

t.test('refuses what is out of stock or beyond the quota', async t => {
  const { sim, send } = await start(t)
  sim.backend.setStock('PHX', NEW.type, 1)
  t.equal((await send('POST', SERVERS, NEW)).status, 200)
  t.equal((await send('POST', SERVERS, NEW)).status, 406)
  sim.backend.setQuota('bmc.servers.max_count', 1)
  t.match(await send('POST', SERVERS, { ...NEW, location: 'ASH' }), {
    status: 403,
    body: { message: /bmc\.servers\.max_count/ },
  })
})

t.test('changes hostname and description, and replaces all tags', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addServer({ tags: [{ name: 'env', value: 'dev' }, { name: 'team' }] })
  await send('PATCH', `${SERVERS}/${id}`, { hostname: 'renamed', description: 'text' })
  t.match(await send('PUT', `${SERVERS}/${id}/tags`, [{ name: 'env', value: 'prod' }]), { status: 200 })
  t.match(sim.backend.server(id), { hostname: 'renamed', description: 'text' })
  t.strictSame(
    sim.backend.server(id).tags?.map(({ name, value }) => [name, value]),
    [['env', 'prod']],
  )
})

t.test('filters by tags, which together mean AND or OR', async t => {
  const query = `${SERVERS}?tag=env.dev&tag=team.red`
  const seeds = [
    ['dev', 'red'],
    ['dev', 'blue'],
    ['prod', 'blue'],
  ] as const
  for (const [tagFilter, found] of [
    ['and', 1],
    ['or', 2],
  ] as const) {
    const { sim, send } = await start(t, { tagFilter })
    for (const [env, team] of seeds) {
      sim.backend.addServer({
        tags: [
          { name: 'env', value: env },
          { name: 'team', value: team },
        ],
      })
    }
    t.equal(((await send('GET', query)).body as unknown[]).length, found, tagFilter)
    t.equal(((await send('GET', `${SERVERS}?tag=env.dev`)).body as unknown[]).length, 2)
    t.equal(((await send('GET', `${SERVERS}?tag=env`)).body as unknown[]).length, 3)
  }
})

t.test('deletes a server in time; its blocks and memberships go with it', async t => {
  const { sim, clock, send } = await start(t)
  const { id } = sim.backend.addServer()
  sim.backend.addIpBlock({ status: 'assigned', assignedResourceId: id, assignedResourceType: 'server' })
  const network = sim.backend.addPublicNetwork()
  sim.backend.addMembership(network.id, { resourceId: id, ips: ['198.51.100.2'] })
  t.match(await send('DELETE', `${SERVERS}/${id}`), { status: 200, body: { serverId: id } })
  t.match(await send('GET', `${SERVERS}/${id}`), { status: 200, body: { status: 'deleting' } })
  t.equal((await send('DELETE', `${SERVERS}/${id}`)).status, 403)
  await clock.turn(10_000)
  t.equal((await send('GET', `${SERVERS}/${id}`)).status, 403)
  t.same(sim.backend.ipBlocks(), [])
  t.same(sim.backend.publicNetwork(network.id).memberships, [])
})
