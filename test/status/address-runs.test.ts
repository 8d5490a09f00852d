import * as fc from 'fast-check'
import t from 'tap'
import type { AddressBlock } from '../../shared/cloud-provider/load-balancer.ts'
import { indexAddresses } from '../../shared/controllers/address/address-index.ts'
import type { Claim } from '../../shared/controllers/address/contract.ts'
import { formatAddress, parseAddress, parseCidr } from '../../shared/ip-address.ts'
import { createRuns } from '../../shared/status/address-runs.ts'

const FIRST = parseAddress('203.0.113.0')?.value ?? 0n
const at = (place: number): string => formatAddress('IPv4', FIRST + BigInt(place))

const toBlock = (size: number): AddressBlock => ({
  id: 'b1',
  cidr: `203.0.113.0/${size}`,
  family: 'IPv4',
  location: 'PHX',
  state: 'assigned',
  status: 'assigned',
  usable: { first: at(2), last: at(2 ** (32 - size) - 2), count: 2 ** (32 - size) - 3 },
  dedicatedTo: undefined,
  purchase: undefined,
  marked: false,
  onNetwork: true,
  ageMs: undefined,
})

const toClaim = (place: number, state: Claim['state']): Claim => ({
  address: at(place),
  family: 'IPv4',
  service: { namespace: 'default', name: `web-${place}` },
  state,
  since: 1000,
  serviceUid: undefined,
  blockId: 'b1',
  restMs: undefined,
  why: undefined,
  uid: 'u',
  resourceVersion: '1',
})

const STATES = ['active', 'unconfirmed', 'released', 'retained'] as const
const places = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 12 })

t.test('a map has every address once, and free is what Services are given', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 27, max: 29 }),
      places,
      places,
      fc.tuple(fc.nat(30), fc.nat(10)),
      fc.integer({ min: 0, max: 3 }),
      (size, claimed, members, [from, more], state) => {
        const block = toBlock(size)
        const reserved = [
          { family: 'IPv4' as const, first: FIRST + BigInt(from), last: FIRST + BigInt(from + more) },
        ]
        const index = indexAddresses({
          source: { blocks: [block], location: 'PHX', memberAddresses: members.map(at) },
          book: {
            claims: claimed.map(place => toClaim(place, STATES[state] ?? 'active')),
            gates: [],
            unreadable: [],
            now: 0,
          },
          reserved,
        })
        const runs = createRuns({ index, releaseQuarantineMs: 1 })(block)
        let next = FIRST
        for (const { first, last, count } of runs) {
          const [start, end] = [parseAddress(first)?.value ?? 0n, parseAddress(last)?.value ?? 0n]
          if (start !== next || end - start + 1n !== BigInt(count)) return false
          next = end + 1n
        }
        const drawn = runs.filter(({ kind }) => kind === 'free').map(({ first, last }) => `${first} ${last}`)
        const given = index
          .freeIn(block)
          .map(({ first, last }) => `${formatAddress('IPv4', first)} ${formatAddress('IPv4', last)}`)
        return next - 1n === parseCidr(block.cidr ?? '')?.last && String(drawn) === String(given)
      },
    ),
    { numRuns: 300 },
  )
})

t.test('each state has its kind and its end', async t => {
  const claims = STATES.map((state, place) => toClaim(2 + place, state))
  const index = indexAddresses({
    source: { blocks: [toBlock(29)], location: '', memberAddresses: [] },
    book: { claims, gates: [], unreadable: [at(6)], now: 0 },
    reserved: [],
  })
  const runs = createRuns({ index, releaseQuarantineMs: 600_000 })(toBlock(29))
  t.strictSame(
    runs.map(({ kind, until }) => [kind, until]),
    [
      ['network', undefined],
      ['gateway', undefined],
      ['used', undefined],
      ['unconfirmed', 301_000],
      ['resting', 601_000],
      ['retained', undefined],
      ['unreadable', undefined],
      ['broadcast', undefined],
    ],
  )
})

t.test('a /64 costs no more than what lies in it', async t => {
  const block: AddressBlock = {
    ...toBlock(29),
    cidr: '2001:db8::/64',
    family: 'IPv6',
    usable: { first: '2001:db8::2', last: '2001:db8::ffff:ffff:ffff:ffff', count: Number.MAX_SAFE_INTEGER },
  }
  const claim: Claim = { ...toClaim(0, 'active'), address: '2001:db8::5', family: 'IPv6' }
  const index = indexAddresses({
    source: { blocks: [block], location: '', memberAddresses: [] },
    book: { claims: [claim], gates: [], unreadable: [], now: 0 },
    reserved: [],
  })
  t.strictSame(
    createRuns({ index, releaseQuarantineMs: 1 })(block).map(({ first, kind }) => [first, kind]),
    [
      ['2001:db8::', 'network'],
      ['2001:db8::1', 'gateway'],
      ['2001:db8::2', 'free'],
      ['2001:db8::5', 'used'],
      ['2001:db8::6', 'free'],
    ],
  )
})
