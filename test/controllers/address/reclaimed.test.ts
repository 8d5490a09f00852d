import { A, ask, testAllocations, theirs } from './_allocations.ts'
import { ALL_RIGHTS, makeClaim } from './_view.ts'

/** Its announcer serves it with this address. */
const SERVED = { ...ALL_RIGHTS, proven: ['203.0.113.3'] }

testAllocations([
  [
    'served with one whose claim somebody deleted, asks for a taken one: it is claimed again',
    { blocks: [A], claims: [theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], rights: SERVED, ...ask('203.0.113.5') },
    { candidates: ['203.0.113.3'], otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'that and its request cannot be read',
    { blocks: [A] },
    { live: ['203.0.113.3'], rights: SERVED, wish: { isUnclear: true } },
    { candidates: ['203.0.113.3'], otherwise: 'refused' },
  ],
  [
    'that and its location cannot be any more',
    { blocks: [A] },
    { live: ['203.0.113.3'], rights: SERVED, wish: { isBlocked: true } },
    { candidates: ['203.0.113.3'], otherwise: 'refused' },
  ],
  [
    'that and the one that it asks for is free: it gets that one',
    { blocks: [A] },
    { live: ['203.0.113.3'], rights: SERVED, ...ask('203.0.113.5') },
    { candidates: ['203.0.113.5'], otherwise: 'refused' },
  ],
  [
    'that and somebody else has it now',
    { blocks: [A], claims: [theirs('203.0.113.3'), theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], rights: SERVED, ...ask('203.0.113.5') },
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'that and it has a claim of another one that it was served with: keeps that',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a'), theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], held: ['203.0.113.4'], isServed: true, rights: SERVED, ...ask('203.0.113.5') },
    { keep: '203.0.113.4', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'says that it is served with one, and nobody serves it: none',
    { blocks: [A], claims: [theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], ...ask('203.0.113.5') },
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
])
