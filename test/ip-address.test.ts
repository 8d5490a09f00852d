import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { familyOf, formatAddress, isInRange, liesIn, parseAddress, parseCidr } from '../shared/ip-address.ts'

const READ: readonly [text: string, canonical: string | undefined][] = [
  ['203.0.113.9', '203.0.113.9'],
  ['  203.0.113.9 ', '203.0.113.9'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['2001:DB8:0:0:0:0:0:5', '2001:db8::5'],
  ['2001:db8::', '2001:db8::'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::', '::'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['203.0.113', undefined],
  ['203.0.113.256', undefined],
  ['203.0.113.09', undefined],
  ['0xcb.0.113.9', undefined],
  ['203.0.113.9/32', undefined],
  ['fe80::1%eth0', undefined],
  ['2001:db8:::5', undefined],
  ['web.example.org', undefined],
  ['', undefined],
  [' ', undefined],
  [':', undefined],
]
for (const [text, canonical] of READ)
  t.test(`reads ${JSON.stringify(text)}`, async t => {
    t.equal(parseAddress(text)?.text, canonical)
  })

const BLOCKS: readonly [text: string, first: string | undefined, last?: string][] = [
  ['203.0.113.0/29', '203.0.113.0', '203.0.113.7'],
  ['203.0.113.5/29', '203.0.113.0', '203.0.113.7'],
  ['203.0.113.5/32', '203.0.113.5', '203.0.113.5'],
  ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
  ['2001:db8::/64', '2001:db8::', '2001:db8::ffff:ffff:ffff:ffff'],
  ['2001:db8::/128', '2001:db8::', '2001:db8::'],
  [' 203.0.113.0/29 ', '203.0.113.0', '203.0.113.7'],
  ['203.0.113.0/33', undefined],
  ['2001:db8::/129', undefined],
  ['203.0.113.0', undefined],
  ['203.0.113.0/', undefined],
  ['203.0.113.0/x', undefined],
  ['203.0.113.0/24/24', undefined],
  ['x/203.0.113.0/24', undefined],
]
for (const [text, from, to] of BLOCKS)
  t.test(`reads the block ${text}`, async t => {
    const range = parseCidr(text)
    t.equal(range && formatAddress(range.family, range.first), from)
    t.equal(range && formatAddress(range.family, range.last), to)
  })

t.test('a text and its number are the same address', async t => {
  const six = fc.bigInt({ min: 1n << 64n, max: (1n << 128n) - 1n })
  const four = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n })
  for (const [family, numbers] of [
    ['IPv6', six],
    ['IPv4', four],
  ] as const)
    fc.assert(
      fc.property(numbers, value => {
        const text = formatAddress(family, value)
        assert.deepStrictEqual(parseAddress(text), { family, value, text })
      }),
    )
  t.pass('held')
})

t.test('an address lies in a range of its own family only', async t => {
  const range = parseCidr('0.0.0.0/29')
  const [four, six] = [parseAddress('0.0.0.7'), parseAddress('::7')]
  t.ok(range && four && isInRange(range, four))
  t.notOk(range && six && isInRange(range, six))
})

/** [address, block, whether it lies in it] */
const LYING: readonly [string, string, boolean][] = [
  ['203.0.113.8', '203.0.113.8/29', true],
  ['203.0.113.15', '203.0.113.8/29', true],
  ['203.0.113.7', '203.0.113.8/29', false],
  ['203.0.113.16', '203.0.113.8/29', false],
  ['2001:db8::5', '2001:DB8::/64', true],
  ['::7', '0.0.0.0/29', false],
  ['nonsense', '203.0.113.8/29', false],
  ['203.0.113.8', 'nonsense', false],
]
for (const [address, cidr, expected] of LYING)
  t.test(`${address} ${expected ? 'lies' : 'does not lie'} in ${cidr}`, async t => {
    t.equal(liesIn(address, cidr), expected)
  })

t.test('addresses and blocks tell their family', async t => {
  t.strictSame(['203.0.113.8', '10.96.0.0/16', '2001:db8::5', 'fd00::/112'].map(familyOf), [
    'IPv4',
    'IPv4',
    'IPv6',
    'IPv6',
  ])
})
