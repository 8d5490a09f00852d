import t from 'tap'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
import { type Settlement, settle, type Taken } from '../../../shared/controllers/address/allocation.ts'
import { A, ask, DUAL, FAILED, V6 } from './_allocations.ts'
import { makeClaim, makeIndex, makeRequest, type RequestSketch, type ViewSketch } from './_view.ts'

function settled(sketch: ViewSketch, request: RequestSketch, take: 'all' | 'none' = 'all'): Settlement {
  const allocation = allocate(makeIndex(sketch), makeRequest(request))
  const taken: Taken = Object.fromEntries(
    allocation.families.flatMap(({ family, candidates }) => {
      const [candidate] = candidates
      return candidate && take === 'all' ? [[family, candidate]] : []
    }),
  )
  return settle(allocation, taken)
}

const SIX = makeClaim('2001:db8::5', 'v6')
const FOUR = makeClaim('203.0.113.3', 'a')
const ENDS: readonly [name: string, end: Settlement, expected: Partial<Record<keyof Settlement, unknown>>][] =
  [
    ['nothing free', settled({}, {}), { kind: 'wait', addresses: [], lacking: ['IPv4'] }],
    [
      'what was refused is not to be bought',
      settled({ blocks: [A] }, ask('192.0.2.1')),
      { kind: 'wait', lacking: [] },
    ],
    [
      'candidates that all turned out taken',
      settled({ blocks: [A] }, {}, 'none'),
      { kind: 'wait', lacking: ['IPv4'] },
    ],
    [
      'a requested one that turned out taken',
      settled({ blocks: [A] }, ask('203.0.113.5'), 'none'),
      { kind: 'wait', lacking: [] },
    ],
    [
      'primary family first',
      settled({ blocks: [A, V6], claims: [SIX, FOUR] }, { families: ['IPv6', 'IPv4'] }),
      { kind: 'serve', addresses: ['2001:db8::5', '203.0.113.3'] },
    ],
    [
      'both required, one there: waits and keeps it',
      settled({ blocks: [A], claims: [{ ...FOUR, state: 'unconfirmed' }] }, DUAL),
      { kind: 'wait', addresses: ['203.0.113.3'], lacking: ['IPv6'], surplus: [] },
    ],
    [
      'one is welcome only: served without, and still lacking',
      settled({ blocks: [A], claims: [FOUR] }, { ...DUAL, required: ['IPv4'] }),
      { kind: 'serve', addresses: ['203.0.113.3'], lacking: ['IPv6'] },
    ],
    [
      'both required, one live already: goes on with it',
      settled({ blocks: [A], claims: [FOUR] }, { ...DUAL, live: ['203.0.113.3'] }),
      { kind: 'serve', addresses: ['203.0.113.3'], lacking: ['IPv6'] },
    ],
    [
      'a family was dropped',
      settled({ blocks: [A, V6], claims: [FOUR, SIX] }, { live: ['203.0.113.3', '2001:db8::5'] }),
      { kind: 'serve', addresses: ['203.0.113.3'], surplus: [SIX] },
    ],
    [
      'moved to the one that it asks for',
      settled({ blocks: [A], claims: [FOUR] }, { live: ['203.0.113.3'], ...ask('203.0.113.5') }),
      { kind: 'serve', addresses: ['203.0.113.5'], claims: [], surplus: [FOUR] },
    ],
    [
      'could not move',
      settled({ blocks: [A], claims: [FOUR] }, { live: ['203.0.113.3'], ...ask('203.0.113.5') }, 'none'),
      { kind: 'serve', addresses: ['203.0.113.3'], claims: [FOUR], surplus: [] },
    ],
    [
      'one in a failed block stays its own',
      settled({ blocks: [], known: [FAILED], claims: [FOUR] }, { live: ['203.0.113.3'] }),
      { kind: 'wait', addresses: [], surplus: [], lacking: [] },
    ],
    [
      'released ones that it does not use rest on',
      settled(
        { blocks: [A], claims: [FOUR, makeClaim('203.0.113.4', 'a', { state: 'released' })] },
        { live: ['203.0.113.3'] },
      ),
      { claims: [FOUR], surplus: [] },
    ],
    [
      'nothing is required and nothing there: nobody is served with no address',
      settled({}, { ...DUAL, required: [] }),
      { kind: 'wait', addresses: [], lacking: ['IPv4', 'IPv6'] },
    ],
    [
      'one in a block that has gone is needed no longer',
      settled({ known: [], claims: [FOUR] }, { live: ['203.0.113.3'] }),
      { kind: 'wait', addresses: [], surplus: [FOUR], lacking: ['IPv4'] },
    ],
    [
      'has all: says so',
      settled({ blocks: [A], claims: [FOUR] }, {}),
      { kind: 'serve', why: 'it has its addresses' },
    ],
    [
      'says what each family lacks',
      settled({ known: [FAILED], claims: [FOUR] }, { ...DUAL, live: ['203.0.113.3'] }),
      {
        kind: 'wait',
        lacking: ['IPv6'],
        why: 'IPv4: its own address is not ready; IPv6: no address is free',
      },
    ],
    [
      'says what was refused, and nothing of what it has',
      settled({ blocks: [A, V6], claims: [SIX] }, { ...DUAL, ...ask('192.0.2.1') }),
      { kind: 'wait', addresses: ['2001:db8::5'], why: 'IPv4: what it asks for cannot be had' },
    ],
  ]
for (const [name, end, expected] of ENDS)
  t.test(`in the end: ${name}`, async t => {
    for (const [key, value] of Object.entries(expected))
      t.strictSame(end[key as keyof Settlement], value, key)
  })
