import t from 'tap'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
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
    { keep: '203.0.113.4' },
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
