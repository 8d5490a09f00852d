import * as fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import t from 'tap'
import { expandAddresses } from '../../shared/bmc/addresses.ts'
import { CcmError } from '../../shared/errors.ts'

const CASES: Record<string, string[]> = {
  '10.0.0.11': ['10.0.0.11'],
  ' 10.0.0.11 ': ['10.0.0.11'],
  '10.0.0.11 - 10.0.0.13': ['10.0.0.11', '10.0.0.12', '10.0.0.13'],
  '10.0.0.11-10.0.0.11': ['10.0.0.11'],
  '10.0.0.254 - 10.0.1.1': ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1'],
  '255.255.255.254 - 255.255.255.255': ['255.255.255.254', '255.255.255.255'],
  '2001:0DB8:0:0::000B': ['2001:db8::b'],
  '2001:db8::fffe - 2001:db8::1:1': ['2001:db8::fffe', '2001:db8::ffff', '2001:db8::1:0', '2001:db8::1:1'],
  '::ffff:10.0.0.1': ['10.0.0.1'],
}
for (const [entry, addresses] of Object.entries(CASES)) {
  t.test(`reads ${entry}`, async t => t.strictSame(expandAddresses(entry), addresses))
}

const REFUSED: Record<string, RegExp> = {
  '': /no address and no range/,
  'node-a': /no address and no range/,
  '10.0.0': /no address and no range/,
  '10.0.0.256': /no address and no range/,
  '010.0.0.1': /no address and no range/,
  '0x0a.0.0.1': /no address and no range/,
  '10.0.0.0/29': /no address and no range/,
  '10.0.0.1 -': /no address and no range/,
  '10.0.0.1 - 10.0.0.2 - 10.0.0.3': /no address and no range/,
  'fe80::1%eth0': /no address and no range/,
  '10.0.0.1 - 2001:db8::1': /mixes IPv4 and IPv6/,
  '10.0.0.2 - 10.0.0.1': /runs backwards/,
  '10.0.0.0 - 10.0.4.0': /spans more than 1024/,
  '2001:db8:: - 2001:db8:ffff::': /spans more than 1024/,
}
for (const [entry, message] of Object.entries(REFUSED)) {
  t.test(`refuses "${entry}"`, async t => {
    t.throws(() => expandAddresses(entry), { code: 'BMC_RESPONSE_INVALID', message })
  })
}

t.test('the longest range that is taken has 1,024 addresses', async t => {
  t.equal(expandAddresses('10.0.0.0 - 10.0.3.255').length, 1024)
})

const seed = Number(process.env['SEED'] ?? 20_260_101)
t.comment(`seed ${seed} (set SEED for another)`)

/** A start, a length, and the family's bytes. */
const ranges = fc.oneof(
  fc.record({
    bytes: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    count: fc.integer({ min: 1, max: 1024 }),
  }),
  fc.record({
    bytes: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    count: fc.integer({ min: 1, max: 1024 }),
  }),
)
const toNumber = (bytes: Iterable<number>): bigint =>
  [...bytes].reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)

function toText(value: bigint, length: number): string {
  const bytes = Array.from({ length }, (_, i) => Number((value / 256n ** BigInt(length - 1 - i)) % 256n))
  return ipaddr.fromByteArray(bytes).toString()
}

t.test('a range gives each of its addresses once, in order, and its ends as first and last', async t => {
  fc.assert(
    fc.property(ranges, ({ bytes, count }) => {
      const length = bytes.length
      const first = toNumber(bytes)
      const last = first + BigInt(count - 1)
      fc.pre(last < 256n ** BigInt(length))
      const expanded = expandAddresses(`${toText(first, length)} - ${toText(last, length)}`)
      const numbers = expanded.map(address => toNumber(ipaddr.parse(address).toByteArray()))
      return numbers.length === count && numbers.every((value, index) => value === first + BigInt(index))
    }),
    { seed },
  )
  t.pass('holds')
})

t.test('what comes out goes in unchanged', async t => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), address => {
      const [canonical = ''] = expandAddresses(address)
      return expandAddresses(canonical)[0] === canonical
    }),
    { seed },
  )
  t.pass('holds')
})

t.test('any text gives addresses or the one error', async t => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f.: -]{0,40}$/)), entry => {
      try {
        return expandAddresses(entry).every(address => ipaddr.isValid(address))
      } catch (error) {
        return (error as { code?: string }).code === 'BMC_RESPONSE_INVALID'
      }
    }),
    { seed, numRuns: 500 },
  )
  t.pass('holds')
})

const refused = (entry: string): unknown => {
  try {
    return expandAddresses(entry)
  } catch (error) {
    return error instanceof CcmError && [error.message, error.fields]
  }
}

t.test('an entry that is refused is named as it stands, and cut', async t => {
  t.strictSame(refused('a"b'), ['address entry "a\\"b" is no address and no range', { entry: '"a\\"b"' }])
  t.match(refused('x'.repeat(101)), [/^address entry "x{100}" is/])
})
