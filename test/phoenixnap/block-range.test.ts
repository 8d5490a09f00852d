import t from 'tap'
import { doubtOverlaps, toBlockRange } from '../../shared/phoenixnap/block-range.ts'

const BELIEVED: readonly [told: string, size: string | undefined, cidr: string][] = [
  ['203.0.113.0/30', '/29', '203.0.113.0/30'],
  ['203.0.113.8/29', '/29', '203.0.113.8/29'],
  ['203.0.113.13/29', undefined, '203.0.113.8/29'],
  ['198.18.16.0/20', '/20', '198.18.16.0/20'],
  ['10.111.14.0/29', '/29', '10.111.14.0/29'],
  ['223.255.255.248/29', '/29', '223.255.255.248/29'],
  ['2001:DB8::1/64', '/64', '2001:db8::/64'],
  ['2001:db8::/48', '/48', '2001:db8::/48'],
]
for (const [told, size, cidr] of BELIEVED)
  t.test(`${told} of size ${size} is believed`, async t =>
    t.strictSame(toBlockRange({ cidr: told, cidrBlockSize: size }), { cidr, doubt: undefined }),
  )

const says = (cidr: string, why: string) => `BMC says that its range is ${cidr}, ${why}`
const NO_HOST = 'which no host can have'
const DOUBTED: readonly [told: string, size: string | undefined, doubt: string][] = [
  ['0.0.0.0/0', '/0', says('0.0.0.0/0', 'which is larger than /20')],
  ['203.0.112.0/19', '/19', says('203.0.96.0/19', 'which is larger than /20')],
  ['::/0', '/64', says('::/0', 'which is larger than /48')],
  ['2001:db8::/47', undefined, says('2001:db8::/47', 'which is larger than /48')],
  ['203.0.113.0/24', '/29', says('203.0.113.0/24', 'and that its size is /29')],
  ['0.1.2.0/29', '/29', says('0.1.2.0/29', NO_HOST)],
  ['127.0.0.0/29', '/29', says('127.0.0.0/29', NO_HOST)],
  ['169.254.169.248/29', '/29', says('169.254.169.248/29', NO_HOST)],
  ['224.0.0.0/29', '/29', says('224.0.0.0/29', NO_HOST)],
  ['255.255.255.248/29', '/29', says('255.255.255.248/29', NO_HOST)],
  ['::/64', '/64', says('::/64', NO_HOST)],
  ['fe80::/64', '/64', says('fe80::/64', NO_HOST)],
  ['ff02::/64', '/64', says('ff02::/64', NO_HOST)],
  ['nonsense/99', undefined, 'BMC tells a range that cannot be read'],
  ['203.0.113.0', undefined, 'BMC tells a range that cannot be read'],
]
for (const [told, size, doubt] of DOUBTED)
  t.test(`${told} of size ${size} is doubted`, async t =>
    t.strictSame(toBlockRange({ cidr: told, cidrBlockSize: size }), { cidr: undefined, doubt }),
  )

t.test('what is not told is no reason to doubt', async t => {
  for (const cidr of [undefined, ''])
    t.strictSame(toBlockRange({ cidr, cidrBlockSize: '/29' }), { cidr: undefined, doubt: undefined })
})

const block = (id: string, cidr: string | undefined, ageMs: number | undefined, state = 'assigned') => ({
  id,
  cidr,
  ageMs,
  state,
  marked: false,
})
const overlap = (cidr: string, id: string) =>
  `BMC says that its range is ${cidr}, which overlaps that of block ${id}`

t.test('of two that share addresses the older one is believed', async t => {
  const blocks = [
    block('a', '203.0.113.8/29', undefined),
    block('b', '203.0.113.0/28', 5),
    block('c', '203.0.113.16/29', 4),
    block('d', '203.0.113.0/28', 5),
    block('e', '203.0.113.0/24', 6, 'going'),
    block('f', undefined, 7),
    block('g', '2001:db8::/64', 1),
    { ...block('h', '203.0.113.16/28', 9), marked: true },
  ]
  t.strictSame(
    [...doubtOverlaps(blocks)],
    [
      ['d', overlap('203.0.113.0/28', 'b')],
      ['a', overlap('203.0.113.8/29', 'b')],
    ],
  )
})

const NARROW = '203.0.113.0/29'
const doubtYounger = (first: string, second: string) =>
  Object.fromEntries(doubtOverlaps([block('a', first, 2), block('b', second, 1)]))
for (const edge of ['203.0.113.0/32', '203.0.113.7/32'])
  t.test(`${edge} lies in ${NARROW}, whichever is older`, async t => {
    t.strictSame(doubtYounger(edge, NARROW), { b: overlap(NARROW, 'a') })
    t.strictSame(doubtYounger(NARROW, edge), { b: overlap(edge, 'a') })
  })

const ORDERS: readonly [
  name: string,
  one: number | undefined,
  other: number | undefined,
  believed: string,
][] = [
  ['the older one', 1, 2, 'b'],
  ['one that was just made, and not one of which no age is known', undefined, 0, 'b'],
  ['the first by id where they are of one age', 5, 5, 'a'],
  ['the first by id where no age is known', undefined, undefined, 'a'],
]
for (const [name, one, other, believed] of ORDERS)
  t.test(`of two that share addresses is believed: ${name}`, async t => {
    const blocks = [block('a', NARROW, one), block('b', NARROW, other)]
    const doubted = believed === 'a' ? 'b' : 'a'
    for (const listed of [blocks, blocks.toReversed()])
      t.strictSame(Object.fromEntries(doubtOverlaps(listed)), { [doubted]: overlap(NARROW, believed) })
  })
