import t from 'tap'
import {
  type AddressBlock,
  type AddressDemand,
  BLOCK_PATIENCE_MS,
} from '../../../shared/cloud-provider/load-balancer.ts'
import {
  type DemandSettings,
  mayServe,
  toDemand,
  type WaitingService,
} from '../../../shared/controllers/address/demand.ts'
import { API, makeBlock, makeClaim, makeIndex, type ViewSketch, WEB } from './_view.ts'

const A = makeBlock('a', '203.0.113.0/29')
const V6 = makeBlock('v6', '2001:db8::/64')
const MINE = makeBlock('mine', '203.0.113.16/29', { dedicatedTo: WEB })
const SMALL = makeBlock('small', '203.0.113.32/30', { dedicatedTo: WEB })
const THEIRS = makeBlock('theirs', '203.0.113.24/29', { dedicatedTo: API })
const FAILED = makeBlock('f', '203.0.113.8/29', { state: 'failed' })

const waiting = (fields: Partial<WaitingService> = {}): WaitingService => ({
  service: WEB,
  lacking: ['IPv4'],
  mode: 'packed',
  pinned: [],
  ...fields,
})
const many = (count: number, fields: Partial<WaitingService> = {}): WaitingService[] =>
  Array.from({ length: count }, (_, number) =>
    waiting({ service: { ...WEB, name: `web-${number}` }, ...fields }),
  )
const four = (count: number) => ({ family: 'IPv4', count })
const six = (count: number) => ({ family: 'IPv6', count })
const own = (service = WEB) => ({ family: 'IPv4', count: 1, service })

const CASES: readonly [
  name: string,
  sketch: ViewSketch,
  waiting: readonly WaitingService[],
  settings: Partial<DemandSettings>,
  needs: readonly unknown[],
][] = [
  ['nobody waits', {}, [], {}, []],
  ['12 at once on nothing', {}, many(12), {}, [four(12)]],
  ['what is free is enough', { blocks: [A] }, many(5), {}, []],
  ['what is free is not enough', { blocks: [A] }, many(12), {}, [four(7)]],
  [
    'claims are not free',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { service: API })] },
    many(5),
    {},
    [four(1)],
  ],
  ['a new block without a gate opens soon', { blocks: [A], gates: { a: null } }, many(5), {}, []],
  [
    'one that cannot open, because an object that nobody understands has the name of its gate, does not count',
    { blocks: [A], gates: { a: null }, unreadable: ['203.0.113.0'] },
    many(5),
    {},
    [four(5)],
  ],
  ['one that is closing does not count', { blocks: [A], gates: { a: 'closing' } }, many(5), {}, [four(5)]],
  ['one that is closed does not count', { blocks: [A], gates: { a: 'closed' } }, many(5), {}, [four(5)]],
  ['spares', {}, [], { minFreeAddresses: 3 }, [four(3)]],
  ['spares that are there', { blocks: [A] }, [], { minFreeAddresses: 5 }, []],
  ['spares besides those who wait', { blocks: [A] }, many(4), { minFreeAddresses: 3 }, [four(2)]],
  ['no spares where each has a block', {}, [], { minFreeAddresses: 3, mode: 'dedicated' }, []],
  ['one /64 for all', {}, many(3, { lacking: ['IPv6'] }), {}, [six(3)]],
  ['a /64 serves any number', { blocks: [V6] }, many(100, { lacking: ['IPv6'] }), {}, []],
  ['both families', {}, many(2, { lacking: ['IPv4', 'IPv6'] }), {}, [four(2), six(2)]],
  [
    'a block each',
    {},
    [waiting({ mode: 'dedicated' }), waiting({ service: API, mode: 'dedicated' })],
    {},
    [own(API), own()],
  ],
  [
    'a block each, IPv6 together',
    {},
    many(2, { mode: 'dedicated', lacking: ['IPv4', 'IPv6'] }),
    {},
    [six(2), own({ ...WEB, name: 'web-0' }), own({ ...WEB, name: 'web-1' })],
  ],
  [
    'a block of its own that is of no use is no reason for another',
    { blocks: [MINE], reserved: ['203.0.113.16/29'] },
    [waiting({ mode: 'dedicated' })],
    {},
    [],
  ],
  [
    'a block of its own that others have taken as a whole is none any more',
    { blocks: [SMALL], claims: [makeClaim('203.0.113.34', 'small', { service: API })] },
    [waiting({ mode: 'dedicated' })],
    {},
    [own()],
  ],
  [
    'and counts among those that its namespace may have',
    { blocks: [SMALL], claims: [makeClaim('203.0.113.34', 'small', { service: API, state: 'retained' })] },
    [waiting({ mode: 'dedicated' })],
    { maxDedicated: 1 },
    [],
  ],
  [
    'one in which an address of another only rests is waited for',
    { blocks: [SMALL], claims: [makeClaim('203.0.113.34', 'small', { service: API, state: 'released' })] },
    [waiting({ mode: 'dedicated' })],
    {},
    [],
  ],
  [
    'one that holds an address of its own is its own',
    { blocks: [SMALL], claims: [makeClaim('203.0.113.34', 'small')] },
    [waiting({ mode: 'dedicated' })],
    {},
    [],
  ],
  [
    'one that others have taken in part is its own',
    { blocks: [MINE], claims: [makeClaim('203.0.113.18', 'mine', { service: API })] },
    [waiting({ mode: 'dedicated' })],
    {},
    [],
  ],
  [
    'what others have elsewhere takes nothing of it',
    { blocks: [SMALL, A], claims: [makeClaim('203.0.113.3', 'a', { service: API })] },
    [waiting({ mode: 'dedicated' })],
    {},
    [],
  ],
  [
    'others’ blocks are no blocks of its own',
    { blocks: [THEIRS, A] },
    [waiting({ mode: 'dedicated' })],
    {},
    [own()],
  ],
  [
    'an IPv6 block of its own is no IPv4 one',
    { blocks: [{ ...V6, dedicatedTo: WEB }] },
    [waiting({ mode: 'dedicated' })],
    {},
    [own()],
  ],
  [
    'of those who ask for more than their namespace may have the first by name are served',
    {},
    ['r', 'p', 'q', 's'].map(name => waiting({ service: { ...WEB, name }, mode: 'dedicated' })),
    { maxDedicated: 2 },
    [own({ ...WEB, name: 'p' }), own({ ...WEB, name: 'q' })],
  ],
  [
    'what was begun goes on beside them',
    { known: [{ ...MINE, state: 'coming' }] },
    [API, WEB, { ...WEB, name: 'b' }].map(service => waiting({ service, mode: 'dedicated' })),
    { maxDedicated: 2 },
    [own(API), own()],
  ],
  ['what others’ blocks have to spare is used', { blocks: [THEIRS] }, many(5), {}, [four(1)]],
]
for (const [name, sketch, services, settings, needs] of CASES)
  t.test(name, async t => {
    const index = makeIndex({ known: sketch.blocks ?? [], ...sketch })
    const demand: AddressDemand = toDemand(index, services, {
      minFreeAddresses: 0,
      mode: 'packed',
      maxDedicated: 10,
      ...settings,
    })
    t.strictSame(demand.needs, needs)
  })

t.test('blocks with claims, and those that hold what a waiting Service had, are in use', async t => {
  const claims = [
    makeClaim('203.0.113.3', 'a', { state: 'released' }),
    makeClaim('203.0.113.4', 'a'),
    makeClaim('198.51.100.3', 'gone'),
  ]
  const index = makeIndex({ blocks: [A, THEIRS], known: [A, THEIRS, FAILED], claims })
  const demand = toDemand(index, [waiting({ pinned: ['203.0.113.10', '192.0.2.1'] })], {
    minFreeAddresses: 0,
    mode: 'packed',
    maxDedicated: 10,
  })
  t.strictSame(demand.inUse, ['a', 'f'])
  t.strictSame(demand.claimed, ['a', 'a'])
  t.strictSame(demand.counted, ['a', 'theirs'])
  t.strictSame(demand.known, ['a', 'f', 'theirs'])
})

t.test('blocks are named in one order, however they are listed', async t => {
  const [x, y, z] = [
    makeBlock('x', '203.0.113.0/29'),
    makeBlock('y', '203.0.113.8/29'),
    makeBlock('z', '203.0.113.16/29'),
  ]
  const claims = [
    makeClaim('203.0.113.18', 'z'),
    makeClaim('203.0.113.10', 'y'),
    makeClaim('203.0.113.19', 'z', { state: 'released' }),
  ]
  const index = makeIndex({ blocks: [z, x, y], known: [z, x, y], claims })
  const settings = { minFreeAddresses: 0, mode: 'packed', maxDedicated: 10 } as const
  t.strictSame(toDemand(index, [waiting({ lacking: [], pinned: ['203.0.113.3'] })], settings), {
    needs: [],
    inUse: ['x', 'y', 'z'],
    claimed: ['y', 'z', 'z'],
    counted: ['x', 'y', 'z'],
    known: ['x', 'y', 'z'],
  })
})

const OWN_TWO = waiting({ mode: 'dedicated', lacking: ['IPv4', 'IPv6'] })
const failed = (ageMs: number): AddressBlock => ({ ...FAILED, ageMs })
const one = { first: '203.0.113.26', last: '203.0.113.26', count: 1 }

const SERVES: readonly [name: string, block: AddressBlock, waiting: WaitingService, may: boolean][] = [
  ['any block may, on its way or not', { ...A, state: 'coming' }, waiting(), true],
  ['one of a family that it does not lack may not', V6, waiting(), false],
  ['one that failed may, as long as others are patient', failed(BLOCK_PATIENCE_MS), waiting(), true],
  ['but no longer', failed(BLOCK_PATIENCE_MS + 1), waiting(), false],
  ['nor if it is its own', { ...failed(BLOCK_PATIENCE_MS + 1), dedicatedTo: WEB }, waiting(), false],
  ['one of unknown age may', { ...FAILED, ageMs: undefined }, waiting(), true],
  [
    'an old one that is on its way may',
    { ...A, state: 'coming', ageMs: BLOCK_PATIENCE_MS + 1 },
    waiting(),
    true,
  ],
  ['its own one may', MINE, OWN_TWO, true],
  ['who wants a block alone is not served by a shared one', A, OWN_TWO, false],
  ['nor by another Service’s', THEIRS, OWN_TWO, false],
  ['but with IPv6, of which a network takes one block', V6, OWN_TWO, true],
  ['who lacks IPv6 only is not served by an IPv4 block', MINE, { ...OWN_TWO, lacking: ['IPv6'] }, false],
  ['another Service’s block may, beside its first address', THEIRS, waiting(), true],
  ['and not where there is no other', { ...THEIRS, usable: one }, waiting(), false],
  ['its own one may with one address', { ...THEIRS, usable: one }, waiting({ service: API }), true],
  ['one whose addresses are not known yet may', { ...THEIRS, usable: undefined }, waiting(), true],
  ['a shared one may with one address', { ...A, usable: one }, waiting(), true],
]
for (const [name, block, service, may] of SERVES)
  t.test(`which block a waiting Service waits for: ${name}`, async t => {
    t.equal(mayServe(block, service), may)
  })
