import t from 'tap'
import type { IpBlock } from '../../shared/bmc/client.ts'
import {
  countOccupied,
  toCapacity,
  toQuotaCost,
  toSupplyBlock,
  toUsable,
} from '../../shared/phoenixnap/blocks.ts'

const USABLE: readonly [cidr: string, first: string, last: string, count: number][] = [
  ['198.51.100.8/30', '198.51.100.10', '198.51.100.10', 1],
  ['198.51.100.8/29', '198.51.100.10', '198.51.100.14', 5],
  ['198.51.100.16/28', '198.51.100.18', '198.51.100.30', 13],
  ['198.51.100.0/24', '198.51.100.2', '198.51.100.254', 253],
  ['2001:db8::/64', '2001:db8::2', '2001:db8::ffff:ffff:ffff:fffe', Number.MAX_SAFE_INTEGER],
  ['2001:db8::/124', '2001:db8::2', '2001:db8::e', 13],
]
for (const [cidr, first, last, count] of USABLE)
  t.test(`${cidr} leaves ${first} to ${last}`, async t => {
    t.strictSame(toUsable(cidr), { first, last, count })
    t.equal(toCapacity(cidr.includes(':') ? 'IPv6' : 'IPv4', Number(cidr.split('/')[1])), count)
  })

for (const cidr of ['198.51.100.8/31', '198.51.100.8/32', '2001:db8::/127'])
  t.test(`${cidr} leaves nothing`, async t => t.equal(toUsable(cidr), undefined))

t.test('a quota counts every address of IPv4, and an IPv6 block as one', async t => {
  t.equal(toQuotaCost('IPv4', 28), 16)
  t.equal(toQuotaCost('IPv6', 64), 1)
})

const BLOCK: IpBlock = {
  id: 'b',
  status: 'assigned',
  location: 'PHX',
  cidr: '198.51.100.8/29',
  cidrBlockSize: '/29',
  ipVersion: 'V4',
  assignedResourceId: 'net',
  assignedResourceType: 'PUBLIC_NETWORK',
  tags: [{ name: 'purchase', value: 'p' }],
  ageMs: 60_000,
}
const see = (change: Partial<IpBlock>, onNetwork = true) =>
  toSupplyBlock({ ...BLOCK, ...change }, 'net', onNetwork)
const off = { assignedResourceId: undefined, assignedResourceType: undefined }
const marked = { tags: [{ name: 'delete', value: 'true' }] }

t.test('says what a block is', async t => {
  t.match(see({}), {
    id: 'b',
    cidr: '198.51.100.8/29',
    family: 'IPv4',
    location: 'PHX',
    state: 'assigned',
    status: 'assigned',
    usable: { count: 5 },
    dedicatedTo: undefined,
    purchase: 'p',
    marked: false,
    onNetwork: true,
    ageMs: 60_000,
    prefixLength: 29,
  })
})

const STATES: readonly [
  name: string,
  change: Partial<IpBlock>,
  onNetwork: boolean,
  state: string | undefined,
][] = [
  ['creating', { status: 'creating', ...off }, false, 'coming'],
  ['unassigned', { status: 'unassigned', ...off }, false, 'coming'],
  ['assigning, named by the network alone', { status: 'assigning', ...off }, true, 'coming'],
  ['error assigning', { status: 'error assigning', ...off }, true, 'failed'],
  ['error unassigning', { status: 'error unassigning' }, true, 'failed'],
  ['error unassigning and marked', { status: 'error unassigning', ...marked }, true, 'failed'],
  ['unassigning', { status: 'unassigning' }, true, 'going'],
  ['assigned and marked', marked, true, 'assigned'],
  ['unassigned and marked', { status: 'unassigned', ...off, ...marked }, false, 'going'],
  ['a word that is new, on the network', { status: 'renumbering' }, true, 'assigned'],
  ['a word that is new, on no network', { status: 'renumbering', ...off }, false, 'coming'],
  [
    'that failed on another network',
    { status: 'error assigning', assignedResourceId: 'other' },
    false,
    'elsewhere',
  ],
  ['assigned to another network', { assignedResourceId: 'other' }, false, 'elsewhere'],
  ['assigned to something untold', off, false, 'elsewhere'],
  ['assigned, the network read before', {}, false, 'assigned'],
]
for (const [name, change, onNetwork, state] of STATES)
  t.test(`a block ${name} is ${state}`, async t => {
    t.equal(see(change, onNetwork).state, state)
  })

const FAMILIES: readonly [change: Partial<IpBlock>, family: string, cidr: string | undefined][] = [
  [{ cidr: '2001:DB8:0::5/64', cidrBlockSize: '/64', ipVersion: undefined }, 'IPv6', '2001:db8::/64'],
  [{ cidr: undefined }, 'IPv4', undefined],
  [{ cidr: undefined, ipVersion: 'V6' }, 'IPv6', undefined],
  [{ cidr: undefined, ipVersion: undefined, cidrBlockSize: '/32' }, 'IPv4', undefined],
  [{ cidr: undefined, ipVersion: undefined, cidrBlockSize: '/64' }, 'IPv6', undefined],
  [{ cidr: 'nonsense/99', ipVersion: undefined, cidrBlockSize: undefined }, 'IPv4', undefined],
  [{ cidr: '198.51.100.13/29' }, 'IPv4', '198.51.100.8/29'],
  [{ cidr: '2001:db8::/64', cidrBlockSize: undefined, ipVersion: 'V4' }, 'IPv6', '2001:db8::/64'],
]
for (const [change, family, cidr] of FAMILIES)
  t.test(`${JSON.stringify(change)} is ${family}`, async t => {
    t.match(see(change), { family, cidr })
  })

const UNTOLD = 'BMC tells no range of it although it is assigned'
const DOUBTS: readonly [name: string, change: Partial<IpBlock>, doubt: string | undefined][] = [
  ['assigned', {}, undefined],
  ['assigned, with a range that nobody tells', { cidr: undefined }, UNTOLD],
  ['assigned, with an empty range', { cidr: '' }, UNTOLD],
  ['on its way, with a range that nobody tells', { cidr: undefined, status: 'assigning' }, undefined],
  ['on its way, with its range', { status: 'assigning' }, undefined],
  ['elsewhere, with a range that nobody tells', { cidr: undefined, assignedResourceId: 'other' }, undefined],
  ['assigned, with a range that is none', { cidr: 'none' }, 'BMC tells a range that cannot be read'],
  ['on its way, with one', { cidr: 'none', status: 'assigning' }, 'BMC tells a range that cannot be read'],
]
for (const [name, change, doubt] of DOUBTS)
  t.test(`a block ${name} is ${doubt === undefined ? 'believed' : 'doubted'}`, async t => {
    const seen = see(change, change.assignedResourceId === undefined)
    t.equal(seen.doubt, doubt)
    t.equal('doubt' in seen, doubt !== undefined, 'the inventory holds no field for nothing')
  })

t.test('what cannot be read is left undefined', async t => {
  t.match(see({ cidr: '198.51.100.8', location: undefined, tags: undefined }), {
    cidr: undefined,
    usable: undefined,
    location: '',
    prefixLength: 29,
  })
  t.strictSame(see({ tags: undefined }).tags, [])
  t.equal(see({ ageMs: undefined }).ageMs, undefined)
  const size = (cidrBlockSize: string | undefined) => see({ cidr: undefined, cidrBlockSize }).prefixLength
  t.strictSame([undefined, 'small', '/29x', '/129', '/128'].map(size), [
    undefined,
    undefined,
    undefined,
    undefined,
    128,
  ])
})

t.test('a network’s blocks are counted by family', async t => {
  const network = { id: 'n', name: 'n', location: 'PHX', status: 'READY', memberships: [] }
  const ipBlocks = [{ id: 'a', cidr: '198.51.100.8/29' }, { id: 'b' }, { id: 'c', cidr: '2001:db8::/64' }]
  t.strictSame(countOccupied({ ...network, ipBlocks }), { IPv4: 2, IPv6: 1 })
})
