import t from 'tap'
import {
  findBlock,
  isSameService,
  toKey,
  usableRange,
} from '../../../shared/controllers/address/address-index.ts'
import { parseCidr } from '../../../shared/ip-address.ts'
import { API, makeBlock, makeClaim, makeGate, makeIndex, WEB } from './_view.ts'

const A = makeBlock('a', '203.0.113.0/29')
const B = makeBlock('b', '203.0.113.8/29')
const ELSEWHERE = { namespace: 'other', name: 'web' }

t.test('claims are found by Service, by namespace and by address', async t => {
  const web = [makeClaim('203.0.113.2', 'a'), makeClaim('203.0.113.3', 'a', { state: 'released' })]
  const api = makeClaim('203.0.113.4', 'a', { service: API })
  const other = makeClaim('203.0.113.5', 'a', { service: ELSEWHERE })
  const index = makeIndex({ blocks: [A], claims: [...web, api, other] })
  t.strictSame(index.claimsOf(WEB), web)
  t.strictSame(index.claimsOf({ ...WEB, name: 'none' }), [])
  t.strictSame(index.claimsIn('default'), [...web, api])
  t.strictSame(index.claimsIn('none'), [])
  t.strictSame(index.claimAt('203.0.113.4'), api)
  t.equal(index.claimAt('203.0.113.6'), undefined)
})

t.test('a gate is found by its block', async t => {
  const index = makeIndex({ blocks: [A, B], gates: { a: 'closing', b: null } })
  t.strictSame(index.gateOf('a'), makeGate(A, 'closing'))
  t.equal(index.gateOf('b'), undefined)
})

t.test('blocks to choose from are apart from those that are known', async t => {
  const index = makeIndex({ blocks: [A], known: [A, B] })
  t.equal(index.blockAt('203.0.113.9'), undefined)
  t.strictSame(index.knownBlockAt('203.0.113.9'), B)
  t.strictSame(makeIndex({ blocks: [A] }).knownBlockAt('203.0.113.3'), A)
})

t.test('an address lies in the block with its range, and in none that has no readable one', async t => {
  const unknown = [
    { ...A, cidr: undefined },
    { ...A, cidr: 'nonsense' },
  ]
  const blocks = [...unknown, makeBlock('v6', '2001:db8::/64'), A, B]
  t.strictSame(findBlock(blocks, '203.0.113.7'), A, 'the broadcast address as well')
  t.strictSame(findBlock(blocks, '203.0.113.8'), B)
  t.equal(findBlock(blocks, '203.0.113.16'), undefined)
  t.equal(findBlock(blocks, 'nonsense'), undefined)
  t.equal(findBlock(unknown, '203.0.113.3'), undefined)
})

t.test('what is free is worked out once', async t => {
  const index = makeIndex({ blocks: [A, B] })
  const { first = 0n } = parseCidr('203.0.113.0/29') ?? {}
  t.strictSame(index.freeIn(A), [{ family: 'IPv4', first: first + 2n, last: first + 6n }])
  t.equal(index.freeIn(A), index.freeIn(A))
  t.strictSame(index.freeIn({ ...B, usable: undefined }), [])
})

t.test('a block whose usable addresses cannot be read gives none', async t => {
  const usable = { first: '203.0.113.2', last: '203.0.113.6', count: 5 }
  const { first = 0n } = parseCidr('203.0.113.0/29') ?? {}
  t.strictSame(usableRange({ ...A, usable }), { family: 'IPv4', first: first + 2n, last: first + 6n })
  for (const broken of [undefined, { first: 'x' }, { last: 'x' }, { last: '2001:db8::5' }])
    t.equal(
      usableRange({ ...A, usable: broken && { ...usable, ...broken } }),
      undefined,
      JSON.stringify(broken),
    )
})

t.test('a Service is its namespace and name', async t => {
  t.equal(toKey(WEB), 'default/web')
  t.ok(isSameService({ ...WEB }, WEB))
  t.notOk(isSameService(API, WEB))
  t.notOk(isSameService(ELSEWHERE, WEB))
  t.notOk(isSameService(undefined, WEB))
})
