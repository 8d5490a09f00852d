import t from 'tap'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
import { settle } from '../../../shared/controllers/address/allocation.ts'
import { toDemand } from '../../../shared/controllers/address/demand.ts'
import {
  countDedicated,
  grantWish,
  isAmong,
  judgeRetention,
  listRetainedBeyond,
  type TenantPolicy,
  toRights,
} from '../../../shared/controllers/address/tenants.ts'
import { namespaces } from '../../../shared/setting-parsers.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { A, ask, DUAL, FAILED, FREE, testAllocations, V6 } from './_allocations.ts'
import {
  ALL_RIGHTS,
  API,
  first,
  makeBlock,
  makeClaim,
  makeIndex,
  makeRequest,
  NO_WISH,
  WEB,
} from './_view.ts'

const NOBODY = { names: [], prefixes: [] }
const policy = (fields: Partial<TenantPolicy> = {}): TenantPolicy => ({
  ...SERVICE_SETTINGS.tenants,
  ...fields,
})
const [FIRST = '', SECOND = ''] = FREE
const denied = { ...ALL_RIGHTS, mayRequest: false }
const full = { ...ALL_RIGHTS, room: 0 }

t.test('which namespaces a setting names', async t => {
  const cases: [set: string, namespace: string, isIn: boolean][] = [
    ['*', 'anything', true],
    ['none', 'none', false],
    ['a,team-*', 'a', true],
    ['a, team-*', 'team-b', true],
    ['a,team-*', 'ab', false],
    ['a,team-*', 'my-team-b', false],
    ['team', 'team-b', false],
  ]
  for (const [set, namespace, isIn] of cases)
    t.equal(isAmong(namespaces(set), namespace), isIn, `${namespace} in ${set}`)
  for (const wrong of ['a b', 'A', ',', '-a', 'a*b', '**', 'a,none', '../a'])
    t.throws(() => namespaces(wrong), /expected names of namespaces/, wrong)
})

testAllocations([
  [
    'who may not ask gets nothing, and no other address instead',
    { blocks: [A] },
    { ...ask(FIRST), rights: denied },
    { otherwise: 'refused', codes: ['CCM_ADDRESS_REQUEST_DENIED'] },
  ],
  [
    'what it has already it may ask for, and goes on with',
    { blocks: [A], claims: [makeClaim(FIRST, 'a')] },
    { ...ask(FIRST), rights: denied, live: [FIRST] },
    { keep: FIRST },
  ],
  [
    'also while its gate is closing: it waits for it',
    { blocks: [A], claims: [makeClaim(FIRST, 'a', { state: 'released' })], gates: { a: 'closing' } },
    { ...ask(FIRST), rights: denied },
    { otherwise: 'onHold' },
  ],
  [
    'and while its block is repaired',
    { known: [FAILED], claims: [makeClaim(FIRST, 'a', { state: 'released' })] },
    { ...ask(FIRST), rights: denied },
    { otherwise: 'onHold', broken: [FIRST] },
  ],
  [
    'a request that is refused takes nothing away',
    { blocks: [A], claims: [makeClaim(FIRST, 'a')] },
    { ...ask(SECOND), rights: denied, live: [FIRST] },
    { keep: FIRST, codes: ['CCM_ADDRESS_REQUEST_DENIED'] },
  ],
  [
    'what the API server knows it by needs no permission: adopted',
    { blocks: [A] },
    { ...ask(FIRST), rights: { ...denied, proven: [FIRST], room: 0 } },
    { candidates: [FIRST], otherwise: 'refused' },
  ],
  [
    'a restored backup asks as well',
    { blocks: [A] },
    { held: [FIRST], rights: denied },
    { candidates: 'some', otherwise: 'full', codes: ['CCM_ADDRESS_REPLACED'] },
  ],
  [
    'a namespace that is full gets nothing more, and no block is bought for it',
    { blocks: [A] },
    { rights: full },
    { otherwise: 'refused', codes: ['CCM_NAMESPACE_LIMIT'] },
  ],
  [
    'nor by asking',
    { blocks: [A] },
    { ...ask(FIRST), rights: full },
    { otherwise: 'refused', codes: ['CCM_NAMESPACE_LIMIT'] },
  ],
  [
    'and keeps what it has',
    { blocks: [A], claims: [makeClaim(FIRST, 'a')] },
    { rights: full, live: [FIRST] },
    { keep: FIRST },
  ],
])

t.test('what the API server knows it by it gets back, also where its namespace is full', async t => {
  const request = makeRequest({ held: [SECOND], rights: { ...denied, proven: [SECOND], room: 0 } })
  const { families, problems } = allocate(makeIndex({ blocks: [A] }), request)
  t.strictSame(first(families[0]?.candidates ?? [], 1), [SECOND])
  t.strictSame(problems, [])
})

t.test('what it goes on with takes no room', async t => {
  const request = makeRequest({ ...DUAL, rights: { ...ALL_RIGHTS, room: 1 } })
  const index = makeIndex({ blocks: [A, V6], claims: [makeClaim(FIRST, 'a')] })
  const { families, problems } = allocate(index, request)
  t.match(families, [{ keep: { address: FIRST } }, { family: 'IPv6', otherwise: 'full' }])
  t.equal(first(families[1]?.candidates ?? [], 1).length, 1)
  t.strictSame(problems, [])
})

t.test('of two families only one has room', async t => {
  const request = makeRequest({ ...DUAL, rights: { ...ALL_RIGHTS, room: 1 } })
  const { families, problems } = allocate(makeIndex({ blocks: [A, V6] }), request)
  t.match(families, [{ otherwise: 'full' }, { otherwise: 'refused', candidates: [] }])
  t.match(problems, [{ code: 'CCM_NAMESPACE_LIMIT' }])
})

t.test('a refusal never makes anybody buy', async t => {
  const allocation = allocate(makeIndex({ blocks: [A] }), makeRequest({ rights: full }))
  t.match(settle(allocation, {}), { kind: 'wait', lacking: [] })
})

t.test('room counts what rests and what is retained', async t => {
  const claims = (['active', 'released', 'retained', 'unconfirmed'] as const).map((state, n) =>
    makeClaim(FREE[n] ?? '', 'a', { state }),
  )
  const index = makeIndex({ blocks: [A], claims })
  t.equal(toRights(policy({ maxAddresses: 6 }), index, WEB, []).room, 2)
  t.equal(toRights(policy({ maxAddresses: 2 }), index, WEB, []).room, 0)
  t.equal(toRights(policy({ maxAddresses: 6 }), index, { namespace: 'other', name: 'web' }, []).room, 6)
  t.equal(toRights(policy(), index, WEB, []).room, Number.POSITIVE_INFINITY)
})

t.test('who may retain, and how many', async t => {
  const retained = FREE.slice(0, 2).map((address, n) =>
    makeClaim(address, 'a', {
      state: 'retained',
      service: { ...API, name: `api-${n}` },
      resourceVersion: `${9 - n}`,
    }),
  )
  const index = makeIndex({ blocks: [A], claims: retained })
  const judge = (fields: Partial<TenantPolicy>) => judgeRetention(policy(fields), index, WEB)?.code
  t.equal(judge({}), undefined)
  t.equal(judge({ retention: NOBODY }), 'CCM_RETAIN_DENIED')
  t.equal(judge({ maxRetained: 2 }), 'CCM_NAMESPACE_LIMIT')
  t.equal(
    judgeRetention(policy({ maxRetained: 2 }), index, { ...API, name: 'api-0' }),
    undefined,
    'its own one',
  )
  const beyond = listRetainedBeyond(index.view.book, 'default', policy({ maxRetained: 1 }))
  t.strictSame(
    beyond.map(({ address }) => address),
    [FIRST],
    'the one that was retained last',
  )
  t.strictSame(listRetainedBeyond(index.view.book, 'other', policy({ maxRetained: 0 })), [])
})

t.test('only what is retained counts, and only that is ever beyond the limit', async t => {
  const claims = (['active', 'released', 'unconfirmed'] as const).map((state, n) =>
    makeClaim(FREE[n] ?? '', 'a', { state, service: API }),
  )
  const index = makeIndex({ blocks: [A], claims })
  t.equal(judgeRetention(policy({ maxRetained: 1 }), index, WEB), undefined)
  t.strictSame(listRetainedBeyond(index.view.book, 'default', policy({ maxRetained: 0 })), [])
})

const own = (id: string, cidr: string, name: string) =>
  makeBlock(id, cidr, { dedicatedTo: { namespace: 'default', name } })
const TWO = [own('x', '203.0.113.8/29', 'x'), own('y', '203.0.113.16/29', 'y')]

t.test('who may have a block of his own, and how many', async t => {
  const grant = (
    fields: Partial<TenantPolicy>,
    blocks = TWO,
    fallback: 'packed' | 'dedicated' = 'packed',
  ) => {
    const wish = { ...NO_WISH, mode: 'dedicated', retain: true } as const
    const { mode, problems } = grantWish(policy(fields), makeIndex({ blocks }), WEB, wish, fallback)
    return [mode, ...problems.map(({ code }) => code)]
  }
  t.strictSame(grant({ maxDedicated: 3 }), ['dedicated'])
  t.strictSame(grant({}), ['packed', 'CCM_NAMESPACE_LIMIT'])
  t.strictSame(grant({ dedicated: NOBODY }, []), ['packed', 'CCM_DEDICATED_DENIED'])
  t.strictSame(
    grant({ dedicated: NOBODY }, [own('w', '203.0.113.24/29', 'web')]),
    ['dedicated'],
    'it has one',
  )
  t.strictSame(grant({ dedicated: NOBODY, maxDedicated: 0 }, TWO, 'dedicated'), ['dedicated'], 'all have one')
  t.strictSame(grant({ maxDedicated: 3, retention: NOBODY }), ['dedicated', 'CCM_RETAIN_DENIED'])
  t.strictSame(
    grantWish(policy({ dedicated: NOBODY }), makeIndex({}), WEB, NO_WISH, 'packed'),
    NO_WISH,
    'who shares a block asks for nothing',
  )
})

t.test('what counts as a block of his own', async t => {
  const [x = A, y = A] = TWO
  const blocks = [x, { ...y, marked: true }, { ...V6, dedicatedTo: x.dedicatedTo }, A]
  t.equal(countDedicated(makeIndex({ blocks }), 'default'), 1, 'IPv4, and not on its way out')
  t.equal(countDedicated(makeIndex({ blocks, known: [...blocks, { ...y, state: 'coming' }] }), 'default'), 2)
  t.equal(countDedicated(makeIndex({ blocks }), 'other'), 0)
})

t.test('each refusal says what is denied, or which limit is reached', async t => {
  const claims = [makeClaim(FIRST, 'a', { state: 'retained', service: API })]
  const index = makeIndex({ blocks: [...TWO, A], claims })
  const wish = { ...NO_WISH, mode: 'dedicated', retain: true } as const
  const said = (fields: Partial<TenantPolicy>) =>
    grantWish(policy(fields), index, WEB, wish, 'packed').problems
  t.strictSame(said({ retention: NOBODY, dedicated: NOBODY }), [
    {
      code: 'CCM_RETAIN_DENIED',
      message:
        'phoenixnap.com/retain-ip has no effect: the operator lets this namespace not retain addresses.',
    },
    {
      code: 'CCM_DEDICATED_DENIED',
      message:
        'phoenixnap.com/ip-allocation: dedicated is not allowed for this namespace: the Service shares a block.',
    },
  ])
  t.strictSame(said({ maxRetained: 1, maxDedicated: 2 }), [
    {
      code: 'CCM_NAMESPACE_LIMIT',
      message:
        'phoenixnap.com/retain-ip has no effect: as many addresses as the operator allows are retained. They belong to deleted Services of this namespace.',
    },
    {
      code: 'CCM_NAMESPACE_LIMIT',
      message:
        'phoenixnap.com/ip-allocation: dedicated: this namespace has as many blocks of its own as the operator allows; the Service shares a block.',
    },
  ])
  t.strictSame(allocate(index, makeRequest({ ...ask(SECOND), rights: denied })).problems, [
    {
      code: 'CCM_ADDRESS_REQUEST_DENIED',
      message: `The address ${SECOND} (spec.loadBalancerIP) may not be asked for: the operator lets Services of this namespace not choose their address.`,
    },
  ])
  t.strictSame(allocate(index, makeRequest({ rights: full })).problems, [
    {
      code: 'CCM_NAMESPACE_LIMIT',
      message:
        'This namespace has as many addresses as the operator allows, those included that rest or are retained.',
    },
  ])
})

t.test('Services that ask at the same moment get no more blocks than their namespace may have', async t => {
  const waiting = ['p', 'q', 'r'].map(name => ({
    service: { namespace: 'default', name },
    lacking: ['IPv4'] as const,
    mode: 'dedicated' as const,
    pinned: [],
  }))
  const index = makeIndex({ blocks: [TWO[0] ?? A], known: [TWO[0] ?? A] })
  const demand = (mode: 'packed' | 'dedicated') =>
    toDemand(index, waiting, { minFreeAddresses: 0, mode, maxDedicated: 2 }).needs.map(
      ({ service }) => service?.name,
    )
  t.strictSame(demand('packed'), ['p'])
  t.strictSame(demand('dedicated'), ['p', 'q', 'r'])
  const coming = makeBlock('r', '203.0.113.32/29', {
    state: 'coming',
    status: 'unassigned',
    dedicatedTo: { namespace: 'default', name: 'r' },
  })
  const known = makeIndex({ blocks: TWO, known: [...TWO, coming] })
  const settings = { minFreeAddresses: 0, mode: 'packed', maxDedicated: 2 } as const
  t.match(toDemand(known, waiting, settings).needs, [{ service: { name: 'r' } }], 'what was begun goes on')
})
