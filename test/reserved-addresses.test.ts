import t from 'tap'
import { formatAddress } from '../shared/ip-address.ts'
import { parseReserved } from '../shared/reserved-addresses.ts'

const READ: readonly [entry: string, range: string][] = [
  ['203.0.113.4', '203.0.113.4-203.0.113.4'],
  ['203.0.113.4-203.0.113.6', '203.0.113.4-203.0.113.6'],
  ['203.0.113.4 - 203.0.113.4', '203.0.113.4-203.0.113.4'],
  ['203.0.113.8/30', '203.0.113.8-203.0.113.11'],
  ['2001:db8::1-2001:db8::ff', '2001:db8::1-2001:db8::ff'],
  ['2001:db8::/64', '2001:db8::-2001:db8::ffff:ffff:ffff:ffff'],
]
for (const [entry, range] of READ)
  t.test(`reads ${entry}`, async t => {
    const { ranges, malformed } = parseReserved([entry])
    t.strictSame(malformed, [])
    const texts = ranges.map(
      ({ family, first, last }) => `${formatAddress(family, first)}-${formatAddress(family, last)}`,
    )
    t.strictSame(texts, [range])
  })

const REFUSED = [
  'x',
  '203.0.113.6-203.0.113.4',
  '203.0.113.4-::5',
  '0.0.0.1-::5',
  '203.0.113.4-',
  '1.1.1.1-1.1.1.2-1.1.1.3',
  '1.1.1.1/40',
  '-',
]
t.test('names what it cannot read, and reads the rest', async t => {
  const { ranges, malformed } = parseReserved([...REFUSED, '203.0.113.4'])
  t.strictSame(malformed, REFUSED)
  t.equal(ranges.length, 1)
})
