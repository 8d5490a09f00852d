import t from 'tap'
import { describeUse, findUse, toGateAddress } from '../../../shared/controllers/address/use.ts'
import { makeClaim } from './_view.ts'

const FOUR = { id: 'a', cidr: '203.0.113.0/29' }
const SIX = { id: 'a', cidr: '2001:db8::/64' }

t.test('in a block lies what names it, and what has an address of its range', async t => {
  const [named, inside, outside, six] = [
    makeClaim('198.51.100.2', 'a'),
    makeClaim('203.0.113.7', 'before'),
    makeClaim('203.0.113.8', 'b'),
    makeClaim('2001:db8::5', 'b'),
  ]
  const claims = [named, inside, outside, six]
  const unreadable = ['203.0.113.0', '203.0.113.8', '2001:db8::6', 'no-address']
  const book = { claims, unreadable }
  t.strictSame(findUse(book, FOUR), { claims: [named, inside], unreadable: ['203.0.113.0'] })
  t.strictSame(findUse(book, SIX), { claims: [named, six], unreadable: ['2001:db8::6'] })
  for (const cidr of [undefined, 'nonsense'])
    t.strictSame(findUse(book, { id: 'a', cidr }), { claims: [named], unreadable: [] }, `range ${cidr}`)
})

t.test('whatever the order of the book, what lies in a block comes in that order', async t => {
  const claims = [
    makeClaim('203.0.113.7', 'before'),
    makeClaim('198.51.100.2', 'a'),
    makeClaim('203.0.113.2', 'a'),
    makeClaim('203.0.113.1', 'before'),
    makeClaim('203.0.113.9', 'b'),
  ]
  const names = ['203.0.113.5', '203.0.113.9', '203.0.113.0', '198.51.100.3']
  for (const [turn] of claims.entries()) {
    const turned = [...claims.slice(turn), ...claims.slice(0, turn)]
    for (const order of [turned, turned.toReversed()])
      t.strictSame(
        findUse({ claims: order, unreadable: [] }, FOUR).claims.map(({ address }) => address),
        order.flatMap(({ address }) => (address === '203.0.113.9' ? [] : address)),
      )
    const unreadable = [...names.slice(turn), ...names.slice(0, turn)]
    t.strictSame(findUse({ claims: [], unreadable }, FOUR).unreadable, ['203.0.113.0', '203.0.113.5'])
  }
})

t.test('an address of the other family lies in no block, be it the same number', async t => {
  const unreadable = ['::cb00:7105', '203.0.113.5']
  t.strictSame(findUse({ claims: [], unreadable }, FOUR).unreadable, ['203.0.113.5'])
})

t.test('three of those that keep a block are named, and how many more there are', async t => {
  const names = ['203.0.113.2', '203.0.113.3', '203.0.113.4']
  const unreadable = ['203.0.113.5', '203.0.113.6']
  const claims = names.map(address => makeClaim(address, 'a'))
  const said = names.map(address => `${address} (active, default/web)`).join(', ')
  const [last = ''] = names
  t.equal(describeUse({ claims: [], unreadable: [] }), undefined)
  t.equal(describeUse({ claims, unreadable: [] }), said)
  t.equal(describeUse({ claims, unreadable }), `${said} and 2 more`)
  t.equal(
    describeUse({ claims: [makeClaim(last, 'a', { state: 'retained' })], unreadable: ['203.0.113.5'] }),
    `${last} (retained, default/web), 203.0.113.5 (unreadable)`,
  )
})

t.test('a gate has the name of the network address of its block', async t => {
  t.equal(toGateAddress({ cidr: '203.0.113.13/29' }), '203.0.113.8')
  t.equal(toGateAddress({ cidr: '2001:DB8:0::5/64' }), '2001:db8::')
  t.equal(toGateAddress({ cidr: undefined }), undefined)
  t.equal(toGateAddress({ cidr: 'nonsense' }), undefined)
})
