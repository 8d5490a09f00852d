import t from 'tap'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
import { sortRequested } from '../../../shared/controllers/address/requested.ts'
import { A, ask, DUAL, testAllocations, theirs, V6 } from './_allocations.ts'
import { API, makeBlock, makeClaim, makeIndex, makeRequest, type RequestSketch } from './_view.ts'

testAllocations([
  [
    'a requested address that is free',
    { blocks: [A] },
    ask('203.0.113.5'),
    { candidates: ['203.0.113.5'], otherwise: 'refused' },
  ],
  [
    'a requested address in another Service’s own block',
    { blocks: [makeBlock('a', '203.0.113.0/29', { dedicatedTo: API })] },
    ask('203.0.113.2'),
    { candidates: ['203.0.113.2'] },
  ],
  [
    'requested and claimed already',
    {
      blocks: [A],
      claims: [makeClaim('203.0.113.3', 'a'), makeClaim('203.0.113.5', 'a', { state: 'released' })],
    },
    ask('203.0.113.5'),
    { keep: '203.0.113.5', otherwise: 'refused' },
  ],
  [
    'requested but taken',
    { blocks: [A], claims: [theirs('203.0.113.5')] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'requested but reserved',
    { blocks: [A], reserved: ['203.0.113.5'] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested but a server’s',
    { blocks: [A], members: ['203.0.113.5'] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested but the gateway',
    { blocks: [A] },
    ask('203.0.113.1'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested but its claim is unreadable',
    { blocks: [A], unreadable: ['203.0.113.5'] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested outside',
    { blocks: [A] },
    ask('192.0.2.1'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_OUTSIDE'] },
  ],
  [
    'requested in a block on its way',
    { known: [makeBlock('b', '203.0.113.8/29', { state: 'coming' })] },
    ask('203.0.113.10'),
    { otherwise: 'onHold' },
  ],
  [
    'requested in a block on its way out',
    { known: [makeBlock('b', '203.0.113.8/29', { state: 'going' })] },
    ask('203.0.113.10'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_OUTSIDE'] },
  ],
  [
    'requested in a block whose gate is closed',
    { blocks: [A], gates: { a: 'closed' } },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_OUTSIDE'] },
  ],
  [
    'requested in a block whose gate opens soon',
    { blocks: [A], gates: { a: null } },
    ask('203.0.113.5'),
    { otherwise: 'onHold' },
  ],
  [
    'requested of the other family: no other instead',
    { blocks: [A, V6] },
    ask('2001:db8::5'),
    { otherwise: 'refused', codes: ['CCM_FAMILY_UNAVAILABLE'] },
  ],
  [
    'two requested of one family',
    { blocks: [A] },
    ask('203.0.113.4', '203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_MALFORMED'] },
  ],
  [
    'the same requested twice',
    { blocks: [A] },
    ask('203.0.113.4', '203.0.113.4'),
    { candidates: ['203.0.113.4'] },
  ],
  [
    'part of the request is no address',
    { blocks: [A] },
    { wish: { isUnclear: true } },
    { otherwise: 'refused' },
  ],
  ['its location cannot be', { blocks: [A] }, { wish: { isBlocked: true } }, { otherwise: 'refused' }],
  [
    'its location cannot be, and it asks for a free address',
    { blocks: [A] },
    { wish: { isBlocked: true, requested: ['203.0.113.5'] } },
    { otherwise: 'refused' },
  ],
  [
    'its location cannot be: what it is not served with is not taken back',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })] },
    { wish: { isBlocked: true } },
    { otherwise: 'refused' },
  ],
  [
    'its location cannot be any more: what was claimed for it stays, though it lost its marks',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a')] },
    { wish: { isBlocked: true } },
    { keep: '203.0.113.4' },
  ],
  [
    'its location cannot be any more, and it asks for another one than was claimed for it',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a')] },
    { wish: { isBlocked: true, requested: ['203.0.113.5'] } },
    { otherwise: 'refused' },
  ],
  [
    'live, asks for a free one: moves when that is claimed',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a')] },
    { live: ['203.0.113.3'], ...ask('203.0.113.5') },
    { keep: '203.0.113.3', candidates: ['203.0.113.5'] },
  ],
  [
    'live, asks for a taken one: keeps what it has',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a'), theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], ...ask('203.0.113.5') },
    { keep: '203.0.113.3', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'served without saying with what, asks for a taken one: keeps what it has',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a'), theirs('203.0.113.5')] },
    { isServed: true, ...ask('203.0.113.5') },
    { keep: '203.0.113.3', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'served without saying with what, asks for a taken one while another is unconfirmed: none',
    {
      blocks: [A],
      claims: [makeClaim('203.0.113.3', 'a', { state: 'unconfirmed' }), theirs('203.0.113.5')],
    },
    { isServed: true, ...ask('203.0.113.5') },
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'never served, asks for a taken one while another was claimed for it: none',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a'), theirs('203.0.113.5')] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'its own address went to another, asks for a taken one while one was claimed for it: none',
    {
      blocks: [A],
      claims: [makeClaim('203.0.113.3', 'a'), theirs('203.0.113.4'), theirs('203.0.113.5')],
    },
    { live: ['203.0.113.4'], ...ask('203.0.113.5') },
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'served with another than it says, asks for a taken one: keeps what its status has',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a'), theirs('203.0.113.5')] },
    { live: ['203.0.113.4'], held: ['203.0.113.4', '203.0.113.3'], ...ask('203.0.113.5') },
    { keep: '203.0.113.3', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'live but not active, asks for a taken one: keeps what it has',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { state: 'released' }), theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], ...ask('203.0.113.5') },
    { keep: '203.0.113.3', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'live, its location cannot be any more',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a')] },
    { live: ['203.0.113.3'], wish: { isBlocked: true } },
    { keep: '203.0.113.3' },
  ],
  [
    'live, and the request cannot be read',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a')] },
    { live: ['203.0.113.3'], wish: { isUnclear: true } },
    { keep: '203.0.113.3' },
  ],
  [
    'not served yet, asks for a taken one: not what it had before',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { state: 'released' }), theirs('203.0.113.5')] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
])

const asked = (request: RequestSketch) => sortRequested(makeRequest(request))

t.test('one address of each family can be asked for', async t => {
  t.strictSame(asked({ ...DUAL, ...ask('2001:db8::5', '203.0.113.4', '203.0.113.4') }), {
    byFamily: { IPv4: '203.0.113.4', IPv6: '2001:db8::5' },
    isImpaired: false,
    problems: [],
  })
  t.strictSame(asked({}), { byFamily: {}, isImpaired: false, problems: [] })
  t.strictSame(asked({ wish: { requested: ['203.0.113.4', 'x'], isUnclear: true } }), {
    byFamily: { IPv4: '203.0.113.4' },
    isImpaired: true,
    problems: [],
  })
})

t.test(
  'what cannot be honoured as it stands is told whole, and the other family gets nothing new',
  async t => {
    t.strictSame(asked({ ...DUAL, ...ask('203.0.113.4', '2001:db8::5', '203.0.113.5') }), {
      byFamily: { IPv6: '2001:db8::5' },
      isImpaired: true,
      problems: [
        {
          code: 'CCM_ADDRESS_MALFORMED',
          message:
            'spec.loadBalancerIP asks for more than one IPv4 address (203.0.113.4, 203.0.113.5): a Service has one of each family.',
        },
      ],
    })
    t.strictSame(asked(ask('2001:db8::5', '2001:db8::6', '203.0.113.4')), {
      byFamily: { IPv4: '203.0.113.4' },
      isImpaired: true,
      problems: [
        {
          code: 'CCM_FAMILY_UNAVAILABLE',
          message:
            'spec.loadBalancerIP asks for 2001:db8::5, 2001:db8::6, but the IP families of the Service are IPv4.',
        },
      ],
    })
  },
)

t.test('who cannot have what he asks for is told which address that is, and where he asked', async t => {
  const index = makeIndex({ blocks: [A], claims: [theirs('203.0.113.5')] })
  t.strictSame(allocate(index, makeRequest(ask('203.0.113.5'))).problems, [
    {
      code: 'CCM_ADDRESS_TAKEN',
      message:
        'The address 203.0.113.5 (spec.loadBalancerIP) belongs to another Service (kubectl get ipaddress 203.0.113.5).',
    },
  ])
})
