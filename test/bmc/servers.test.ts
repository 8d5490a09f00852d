import t from 'tap'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const SERVER = {
  id: 'server-1',
  status: 'powered-on',
  hostname: 'Node-A',
  type: 's1.c1.medium',
  location: 'PHX',
  privateIpAddresses: ['10.0.0.11 - 10.0.0.15'],
}

t.test('lists every server of the account as the API has it', async t => {
  const { bmc, simulator } = await simulated(t)
  const added = [
    simulator.backend.addServer({ hostname: 'node-a' }),
    simulator.backend.addServer({ hostname: 'node-b', networkType: 'PRIVATE_ONLY' }),
  ]
  const servers = await bmc.listServers()
  const facts = ({ id, hostname, status, type, location, privateIpAddresses }: (typeof servers)[number]) => [
    [id, hostname, status, type, location],
    privateIpAddresses,
  ]
  t.strictSame(servers.map(facts), added.map(facts))
  t.match(servers[0], { publicIpAddresses: added[0]?.publicIpAddresses, networkType: 'PUBLIC_AND_PRIVATE' })
})

t.test('reads the same server by id, and an account without servers as an empty list', async t => {
  const { bmc, simulator } = await simulated(t)
  t.strictSame(await bmc.listServers(), [])
  const { id } = simulator.backend.addServer()
  const [listed] = await bmc.listServers()
  t.strictSame(await bmc.getServer(id), { state: 'found', server: listed })
})

t.test('a server that the account does not have is absent', async t => {
  const { bmc, simulator } = await simulated(t)
  t.strictSame(await bmc.getServer('no-such-server'), { state: 'absent', status: 403 })
  const foreign = simulator.backend.account('other').addServer()
  t.strictSame(await bmc.getServer(foreign.id), { state: 'absent', status: 403 })
  const { bmc: other } = scripted({ api: [{ status: 404 }] })
  t.strictSame(await other.getServer('gone'), { state: 'absent', status: 404 })
})

t.test('nothing but 403 and 404 makes a server absent', async t => {
  const cases = [
    [{ status: 400 }, 'BMC_BAD_REQUEST'],
    [{ status: 401 }, 'BMC_CREDENTIALS_INVALID'],
    [{ status: 429 }, 'BMC_RATE_LIMITED'],
    [{ status: 500 }, 'BMC_SERVER_ERROR'],
    [{ fail: 'ECONNRESET' }, 'BMC_UNREACHABLE'],
    [{ status: 302, headers: { location: 'https://login.proxy.test' } }, 'BMC_RESPONSE_INVALID'],
    [{ body: 'welcome' }, 'BMC_RESPONSE_INVALID'],
    [{ body: [] }, 'BMC_RESPONSE_INVALID'],
    [{ body: { ...SERVER, id: null } }, 'BMC_RESPONSE_INVALID'],
    [{ body: { ...SERVER, id: 'another' } }, 'BMC_RESPONSE_INVALID'],
    [{ status: 403, body: { message: 'The token lacks the scope bmc.read.' } }, 'BMC_SCOPE_MISSING'],
  ] as const
  for (const [step, code] of cases) {
    const { bmc } = scripted({ api: [step] })
    await t.rejects(bmc.getServer('server-1', { maxAttempts: 2 }), { code }, JSON.stringify(step))
  }
})

t.test('an id that would lead to the list, or to another path, is not sent', async t => {
  const { bmc, seen } = scripted()
  for (const id of ['', '.', '..']) await t.rejects(bmc.getServer(id), { code: 'BMC_BAD_REQUEST' })
  t.strictSame(seen, [])
  await t.rejects(bmc.getServer('a/../b?c'))
  t.equal(seen[0]?.path, '/bmc/v1/servers/a%2F..%2Fb%3Fc')
})

t.test('optional fields may be null or missing, and values may be new', async t => {
  const bare = { ...SERVER, status: 'defrosting', networkType: 'PUBLIC_ONLY_V7' }
  const nulls = {
    ...bare,
    publicIpAddresses: null,
    os: null,
    description: null,
    provisionedOn: null,
    networkConfiguration: null,
    tags: null,
    unknown: { a: 1 },
  }
  for (const body of [bare, nulls]) {
    const { bmc } = scripted({ api: [{ body: [body] }] })
    const [server] = await bmc.listServers()
    t.match(server, { status: 'defrosting', networkType: 'PUBLIC_ONLY_V7' })
    t.equal(server?.publicIpAddresses, undefined)
    t.equal(server?.networkConfiguration, undefined)
    t.equal(server?.tags, undefined)
    t.notOk(server && 'unknown' in server)
  }
})

t.test('networks and tags keep what the API wrote', async t => {
  const networkConfiguration = {
    gatewayAddress: '10.0.0.1',
    privateNetworkConfiguration: { privateNetworks: [{ id: 'p', ips: ['10.0.0.11 - 10.0.0.15'] }] },
    publicNetworkConfiguration: { publicNetworks: [{ id: 'q', ips: ['192.0.2.4', '2001:db8::b'] }] },
    ipBlocksConfiguration: { ipBlocks: [{ id: 'b' }] },
  }
  const tags = [{ id: 't', name: 'env', value: 'dev' }]
  const { bmc } = scripted({
    api: [{ body: [{ ...SERVER, networkConfiguration, tags, password: 'hidden' }] }],
  })
  const [server] = await bmc.listServers()
  t.strictSame(server?.networkConfiguration, networkConfiguration)
  t.strictSame(server?.tags, tags)
  t.notOk(server && 'password' in server)
})

t.test('an item without an id makes the whole list fail: a cut list deletes nodes', async t => {
  const broken: [unknown, RegExp][] = [
    [{ ...SERVER, id: undefined }, /body\[1\]\.id is missing/],
    [{ ...SERVER, id: '' }, /body\[1\]\.id is missing/],
    [{ ...SERVER, id: {} }, /body\[1\]\.id is no string/],
    [null, /body\[1\] is no object/],
    ['server-1', /body\[1\] is no object/],
  ]
  for (const [item, message] of broken) {
    const { bmc } = scripted({ api: [{ body: [SERVER, item] }] })
    await t.rejects(bmc.listServers(), { code: 'BMC_RESPONSE_INVALID', message })
  }
})

/** [what is odd, what is said of it] */
const UNREADABLE: readonly [Record<string, unknown>, RegExp][] = [
  [{ hostname: null }, /hostname is missing/],
  [{ hostname: '' }, /hostname is missing/],
  [{ type: [] }, /type is no string/],
  [{ location: null }, /location is missing/],
  [{ privateIpAddresses: undefined }, /privateIpAddresses is missing/],
  [{ privateIpAddresses: '10.0.0.11' }, /privateIpAddresses is no array/],
]
for (const [odd, reason] of UNREADABLE)
  t.test(`a server of which ${String(reason)} is there, and matched by nothing`, async t => {
    const body = { ...SERVER, publicIpAddresses: ['203.0.113.1'], ...odd }
    const { bmc } = scripted({ api: [{ body: [body, { ...SERVER, id: 'other' }] }, { body }] })
    const [server, other] = await bmc.listServers()
    const nothing = { hostname: '', type: '', location: '', privateIpAddresses: [] }
    t.match(server, { id: 'server-1', status: 'powered-on', ...nothing, unreadable: reason })
    t.equal(server?.publicIpAddresses, undefined)
    t.match(other, { id: 'other', hostname: 'Node-A', unreadable: undefined })
    t.match(await bmc.getServer('server-1'), { state: 'found', server: { hostname: '', unreadable: reason } })
  })

t.test('a status that cannot be read is none', async t => {
  const { bmc } = scripted({ api: [{ body: [{ ...SERVER, status: {} }] }] })
  t.match((await bmc.listServers())[0], { status: '', hostname: '', unreadable: /status is no string/ })
})

t.test('an odd field that nobody needs is left out', async t => {
  const odd = {
    os: {},
    description: [],
    networkType: {},
    provisionedOn: [],
    networkConfiguration: { privateNetworkConfiguration: { privateNetworks: [{ id: null }] } },
    tags: ['env'],
  }
  const { bmc } = scripted({ api: [{ body: [{ ...SERVER, ...odd }] }] })
  const [server] = await bmc.listServers()
  t.match(server, { hostname: 'Node-A', unreadable: undefined })
  for (const key of Object.keys(odd)) t.equal(server?.[key as keyof typeof odd], undefined, key)
})

t.test('an odd entry among addresses stays one, for whoever expands them', async t => {
  const odd = { privateIpAddresses: [null, '10.0.0.11'], publicIpAddresses: '203.0.113.1' }
  const { bmc } = scripted({ api: [{ body: [{ ...SERVER, ...odd }] }] })
  t.match((await bmc.listServers())[0], {
    privateIpAddresses: ['(object)', '10.0.0.11'],
    publicIpAddresses: ['(string)'],
    unreadable: undefined,
  })
})

t.test('an entry too deep to be written costs no other server', async t => {
  const deep = `{"id":"server-2","privateIpAddresses":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`
  const body = `[${JSON.stringify(SERVER)},${deep.replace('{', `${JSON.stringify(SERVER).slice(0, -1)},`)}]`
  const { bmc } = scripted({ api: [{ body }] })
  t.match(await bmc.listServers(), [{ id: SERVER.id }, { id: 'server-2', privateIpAddresses: ['(object)'] }])
})

t.test('a body that is no array is no list', async t => {
  for (const body of [undefined, '', 'null', '{}', '{"servers":[]}', '"ok"', '[{', '<html></html>']) {
    const { bmc } = scripted({ api: [{ body }] })
    await t.rejects(bmc.listServers(), { code: 'BMC_RESPONSE_INVALID' }, String(body))
  }
})

t.test('private addresses that are null are none', async t => {
  const { bmc } = scripted({ api: [{ body: [{ ...SERVER, privateIpAddresses: null }] }] })
  t.strictSame((await bmc.listServers())[0]?.privateIpAddresses, [])
})
