import t from 'tap'
import type { IpBlock, PublicNetwork } from '../../shared/bmc/client.ts'
import { toLeftover } from '../../shared/phoenixnap/leftovers.ts'
import { testGetValidCloud } from '../support/cloud.ts'

const CLUSTER = 'cluster-uid'
const TAGS = [
  { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
  { name: 'cluster', value: CLUSTER },
]

const block = (change: Partial<IpBlock> = {}): IpBlock => ({
  id: 'a',
  status: 'assigned',
  location: 'PHX',
  cidr: '203.0.113.8/29',
  assignedResourceId: 'one',
  assignedResourceType: 'PUBLIC_NETWORK',
  tags: TAGS,
  ...change,
})
const off = (status: string): IpBlock =>
  block({ status, assignedResourceId: undefined, assignedResourceType: undefined })

const network = (id: string, change: Partial<PublicNetwork> = {}): PublicNetwork => ({
  id,
  name: id,
  location: 'PHX',
  status: 'READY',
  memberships: [],
  ipBlocks: [],
  ...change,
})
const holds = (id: string, change: Partial<PublicNetwork> = {}): PublicNetwork =>
  network(id, { ipBlocks: [{ id: 'a' }], ...change })
const member = (...ips: string[]): Partial<PublicNetwork> => ({
  memberships: [{ resourceId: 'server-7', resourceType: 'server', ips }],
})
const MARKED = [...TAGS, { name: 'delete', value: 'true' }]

type Expected = [due: readonly string[], publicNetworkId: string | undefined, rest?: object]
const CASES: readonly [name: string, block: IpBlock, networks: PublicNetwork[], Expected][] = [
  ['on its network', block(), [holds('one')], [['mark', 'unassign'], 'one', { wait: /leaving/ }]],
  ['marked already', block({ tags: MARKED }), [holds('one')], [['unassign'], 'one']],
  ['on none', off('unassigned'), [network('one')], [['mark', 'delete'], undefined]],
  [
    'failed, and only a network knows where it is',
    off('error assigning'),
    [network('one'), holds('two')],
    [['mark', 'unassign'], 'two'],
  ],
  ['failed, and on no network', off('error assigning'), [network('one')], [['mark', 'delete'], undefined]],
  [
    'leaving',
    block({ status: 'unassigning' }),
    [holds('one')],
    [['mark'], undefined, { wait: /unassigning/ }],
  ],
  ['its network is busy', block(), [holds('one', { status: 'BUSY' })], [['mark'], 'one', { wait: /BUSY/ }]],
  [
    'its network has failed',
    block(),
    [holds('one', { status: 'ERROR' })],
    [['mark'], 'one', { refusal: { code: 'CCM_PUBLIC_NETWORK_FAILED' } }],
  ],
  [
    'its network is unknown',
    block(),
    [network('two')],
    [['mark'], 'one', { refusal: { code: 'CCM_PUBLIC_NETWORK_UNKNOWN' } }],
  ],
  [
    'on a server',
    block({ assignedResourceType: 'SERVER' }),
    [network('one')],
    [[], undefined, { refusal: { code: 'CCM_BLOCK_FAILED' } }],
  ],
  [
    'a server has an address in it',
    block(),
    [holds('one', member('unreadable', '203.0.113.11'))],
    [[], 'one', { wait: undefined, refusal: { code: 'CCM_BLOCK_FAILED', message: /server server-7$/ } }],
  ],
  [
    'a server has a range that touches it',
    block(),
    [holds('one', member('203.0.113.1 - 203.0.113.9'))],
    [[], 'one', { refusal: { message: /server-7/ } }],
  ],
  [
    'a server has an address beside it',
    block(),
    [holds('one', member('203.0.113.7', '203.0.113.16', '2001:db8::a'))],
    [['mark', 'unassign'], 'one'],
  ],
  [
    'its cidr cannot be read',
    block({ cidr: 'soon' }),
    [holds('one', member('203.0.113.11'))],
    [['mark', 'unassign'], 'one'],
  ],
]
for (const [name, one, networks, [due, publicNetworkId, rest = { refusal: undefined }]] of CASES) {
  t.test(name, async t => {
    const found = toLeftover(one, networks)
    t.strictSame(found.due, due)
    t.equal(found.publicNetworkId, publicNetworkId)
    t.match(found, { blockId: 'a', ...rest })
  })
}

t.test('lists and gives back without any setting of load balancers', async t => {
  const { cloud, backend, bmc, clock } = await testGetValidCloud(t)
  t.equal(cloud.loadBalancer, undefined)
  const { leftovers } = cloud
  if (!leftovers) throw new Error('the cloud knows no leftovers')
  t.strictSame(await leftovers.list(CLUSTER), [])
  t.strictSame(
    bmc.requests.entries.filter(({ path }) => path.includes('networks')),
    [],
    'one request',
  )
  const { id } = backend.addIpBlock({ tags: TAGS })
  backend.addIpBlock({ tags: [{ name: 'cluster', value: CLUSTER }] })
  await clock.turn(10_000)
  const [leftover, ...more] = await leftovers.list(CLUSTER)
  t.strictSame(more, [])
  if (!leftover) throw new Error('nothing is listed')
  t.match(leftover, { blockId: id, due: ['mark', 'delete'] })
  t.match(await leftovers.giveBack('another-uid', leftover), { state: 'done', did: [], why: /left alone/ })
  t.equal(backend.ipBlocks().length, 2)
  t.match(await leftovers.giveBack(CLUSTER, leftover), {
    state: 'done',
    did: [{ do: 'mark' }, { do: 'delete' }],
  })
  t.strictSame(await leftovers.list(CLUSTER), [])
  t.equal(backend.ipBlocks().length, 1)
})
