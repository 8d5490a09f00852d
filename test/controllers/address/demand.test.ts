import t from 'tap'
import type { AddressDemand } from '../../../shared/cloud-provider/load-balancer.ts'
import {
  type DemandSettings,
  toDemand,
  type WaitingService,
} from '../../../shared/controllers/address/demand.ts'
import { API, makeBlock, makeClaim, makeIndex, type ViewSketch, WEB } from './_view.ts'

const A = makeBlock('a', '203.0.113.0/29')
const V6 = makeBlock('v6', '2001:db8::/64')
const MINE = makeBlock('mine', '203.0.113.16/29', { dedicatedTo: WEB })
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
    'others’ blocks are no blocks of its own',
    { blocks: [THEIRS, A] },
    [waiting({ mode: 'dedicated' })],
    {},
    [own()],
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
  t.strictSame(demand.claimed, ['a'])
  t.strictSame(demand.counted, ['a', 'theirs'])
})
