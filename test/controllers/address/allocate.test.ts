import t from 'tap'
import type { AddressBlock } from '../../../shared/cloud-provider/load-balancer.ts'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import { A, B, FAILED, FREE, full, testAllocations, theirs } from './_allocations.ts'
import { first, makeClaim, makeIndex, makeRequest, WEB } from './_view.ts'

testAllocations([
  ['a new Service: any free address', { blocks: [A] }, {}, { candidates: FREE, otherwise: 'full' }],
  ['no block', {}, {}, { otherwise: 'full' }],
  ['all taken', { blocks: [A], claims: full }, {}, { otherwise: 'full' }],
  [
    'its own claim, whatever its state: unconfirmed',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state: 'unconfirmed' })] },
    {},
    { keep: '203.0.113.4', otherwise: 'full' },
  ],
  [
    'released',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })] },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'retained, before one that was released later',
    {
      blocks: [A],
      claims: [
        makeClaim('203.0.113.3', 'a', { state: 'released', since: 9e15 }),
        makeClaim('203.0.113.4', 'a', { state: 'retained' }),
      ],
    },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'of several released ones the last',
    {
      blocks: [A],
      claims: [
        makeClaim('203.0.113.3', 'a', { state: 'released', since: 1 }),
        makeClaim('203.0.113.4', 'a', { state: 'released', since: 2 }),
      ],
    },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'what it is served with, before any other',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { since: 9e15 }), makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  [
    'no claim of the same name elsewhere',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { service: { ...WEB, namespace: 'other' } })] },
    {},
    { candidates: FREE.filter(address => address !== '203.0.113.4') },
  ],
  [
    'its released claim while the gate is closing: wait for it',
    {
      blocks: [A, B],
      claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })],
      gates: { a: 'closing' },
    },
    {},
    { otherwise: 'onHold' },
  ],
  [
    'its claim that nobody has seen with an open gate: another',
    {
      blocks: [A, B],
      claims: [makeClaim('203.0.113.4', 'a', { state: 'unconfirmed' })],
      gates: { a: 'closing' },
    },
    {},
    { candidates: 'some', otherwise: 'full' },
  ],
  [
    'in use, its annotation removed by hand, while the gate is closing',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a')], gates: { a: 'closing' } },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'live, while the gate is closing',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a')], gates: { a: 'closing' } },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  ['restored, its address free', { blocks: [A, B] }, { live: ['203.0.113.12'] }, { candidates: 'some' }],
  [
    'restored, its address taken',
    { blocks: [A], claims: [theirs('203.0.113.5')] },
    { live: ['203.0.113.5'] },
    { candidates: FREE.filter(address => address !== '203.0.113.5'), codes: ['CCM_ADDRESS_REPLACED'] },
  ],
  [
    'restored elsewhere',
    { blocks: [A] },
    { live: ['192.0.2.1'] },
    { candidates: FREE, codes: ['CCM_ADDRESS_REPLACED'] },
  ],
  [
    'restored, the gate of its block not open yet',
    { blocks: [A, B], gates: { a: null } },
    { live: ['203.0.113.5'] },
    { otherwise: 'onHold' },
  ],
  [
    'its block has failed: it comes back',
    { blocks: [B], known: [FAILED, B], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { otherwise: 'onHold', broken: ['203.0.113.4'], codes: ['CCM_ADDRESS_WITHDRAWN'] },
  ],
  [
    'its block has gone: another',
    { blocks: [B], known: [B], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { candidates: 'some', broken: ['203.0.113.4'], codes: ['CCM_ADDRESS_REPLACED', 'CCM_ADDRESS_WITHDRAWN'] },
  ],
  [
    'the inventory does not know its block: no proof',
    { blocks: [B], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  [
    'its block is marked by mistake',
    { blocks: [], known: [{ ...A, marked: true }], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  [
    'a released claim in a failed block is waited for, and nothing is said of it',
    { blocks: [B], known: [FAILED, B], claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })] },
    {},
    { otherwise: 'onHold', broken: ['203.0.113.4'] },
  ],
  [
    'an unconfirmed claim in a failed block is nothing to wait for',
    { blocks: [B], known: [FAILED, B], claims: [makeClaim('203.0.113.4', 'a', { state: 'unconfirmed' })] },
    {},
    { candidates: 'some' },
  ],
])

t.test('what it had before comes first, then any other, each once', async t => {
  const request = makeRequest({ held: ['203.0.113.12'] })
  const offered = first(allocate(makeIndex({ blocks: [A, B] }), request).families[0]?.candidates ?? [])
  t.equal(offered[0], '203.0.113.12')
  t.equal(offered.length, 10)
  t.equal(new Set(offered).size, 10)
})

const kept = (claims: readonly Claim[], live: readonly string[] = []): string | undefined =>
  allocate(makeIndex({ blocks: [A], claims }), makeRequest({ live })).families[0]?.keep?.state

t.test('it goes on with what it is served with, else with what is nearest to that', async t => {
  const order = ['active', 'unconfirmed', 'retained', 'released'] as const
  const claims = order.map((state, n) => makeClaim(FREE[n] ?? '', 'a', { state, since: n }))
  for (const [n, state] of order.entries()) {
    t.equal(kept(claims.slice(n)), state)
    t.equal(kept(claims.slice(n).toReversed()), state, 'in whatever order they are listed')
    t.equal(kept(claims, [FREE[n] ?? '']), state, 'it is served with it')
  }
})

t.test('of two that are equal everybody chooses the same', async t => {
  const claims = ['203.0.113.5', '203.0.113.3', '203.0.113.4'].map(address =>
    makeClaim(address, 'a', { state: 'released' }),
  )
  for (const listed of [
    claims,
    claims.toReversed(),
    [claims[1], claims[2], claims[0]].flatMap(claim => claim ?? []),
  ])
    t.equal(
      allocate(makeIndex({ blocks: [A], claims: listed }), makeRequest()).families[0]?.keep?.address,
      '203.0.113.3',
    )
})

t.test('what is broken is told with its block, which is in trouble or gone', async t => {
  const claim = makeClaim('203.0.113.4', 'a')
  const broken = (known: readonly AddressBlock[]) => {
    const { broken, problems } = allocate(
      makeIndex({ blocks: [B], known, claims: [claim] }),
      makeRequest({ live: [claim.address], held: [] }),
    )
    return { broken, problems }
  }
  t.strictSame(broken([B, FAILED]), {
    broken: [{ claim, why: 'failed', block: FAILED }],
    problems: [
      {
        code: 'CCM_ADDRESS_WITHDRAWN',
        message:
          'The IP block a of the address 203.0.113.4 is "error assigning": it is not announced until the block is assigned again.',
      },
    ],
  })
  t.strictSame(broken([B]), {
    broken: [{ claim, why: 'gone', block: undefined }],
    problems: [
      {
        code: 'CCM_ADDRESS_WITHDRAWN',
        message: 'The IP block a of the address 203.0.113.4 does not belong to this cluster any more.',
      },
    ],
  })
})

t.test('who cannot have what he had before is told why, and that he gets another', async t => {
  const { problems } = allocate(
    makeIndex({ blocks: [A], claims: [theirs('203.0.113.5')] }),
    makeRequest({ held: ['203.0.113.5'] }),
  )
  t.strictSame(problems, [
    {
      code: 'CCM_ADDRESS_REPLACED',
      message:
        'The address 203.0.113.5 that the Service had before belongs to another Service (kubectl get ipaddress 203.0.113.5). The Service gets another one.',
    },
  ])
})
