import t from 'tap'
import type { Instance } from '../../../shared/cloud-provider/contract.ts'
import { decideAddresses, sameAddresses } from '../../../shared/controllers/node/addresses.ts'
import { host, ip, makeInstance, makeNode, type NodeSketch, outer } from '../_make.ts'

const [A, B, SIX] = ['10.0.0.11', '10.0.0.12', '2001:db8::11'] as const
const [PUBLIC, MORE] = ['203.0.113.11', '203.0.113.12'] as const
const NAME = host('node-a')

interface Case {
  readonly name: string
  readonly inside?: readonly string[]
  readonly outside?: readonly string[]
  readonly node?: NodeSketch
  readonly wanted: readonly { readonly type: string; readonly address: string }[]
}

const CASES: readonly Case[] = [
  { name: 'private only', inside: [A], wanted: [ip(A), NAME] },
  { name: 'public only', outside: [PUBLIC], wanted: [outer(PUBLIC), NAME] },
  { name: 'both', inside: [A], outside: [PUBLIC], wanted: [ip(A), outer(PUBLIC), NAME] },
  { name: 'dual stack, in the cloud’s order', inside: [SIX, A], wanted: [ip(SIX), ip(A), NAME] },
  {
    name: 'many addresses, grouped by type',
    inside: [A, B, SIX],
    outside: [PUBLIC, MORE],
    wanted: [ip(A), ip(B), ip(SIX), outer(PUBLIC), outer(MORE), NAME],
  },
  {
    name: '--node-ip comes first and drops the others of its type',
    inside: [A, B],
    outside: [PUBLIC],
    node: { nodeIP: B },
    wanted: [ip(B), outer(PUBLIC), NAME],
  },
  {
    name: 'a public --node-ip comes first',
    inside: [A, B],
    outside: [PUBLIC, MORE],
    node: { nodeIP: MORE },
    wanted: [outer(MORE), ip(A), ip(B), NAME],
  },
  {
    name: 'a dual-stack pair of one type, in its own order',
    inside: [A, B, SIX],
    outside: [PUBLIC],
    node: { nodeIP: `${SIX},${A}` },
    wanted: [ip(SIX), ip(A), outer(PUBLIC), NAME],
  },
  {
    name: 'a pair of two types drops the others of both',
    inside: [A, B],
    outside: [PUBLIC, MORE],
    node: { nodeIP: `${A},${PUBLIC}` },
    wanted: [ip(A), outer(PUBLIC), NAME],
  },
  {
    name: 'another spelling of the same IPv6 address, written canonically',
    inside: [A, SIX],
    node: { nodeIP: '2001:0DB8::0011' },
    wanted: [ip(SIX), NAME],
  },
  {
    name: 'one address given twice is written once',
    inside: [A, SIX],
    outside: [PUBLIC],
    node: { nodeIP: `${SIX},2001:DB8:0::11` },
    wanted: [ip(SIX), outer(PUBLIC), NAME],
  },
  {
    name: 'an existing Hostname is kept',
    inside: [A],
    node: { addresses: [ip(B), host('node-a.example.org')] },
    wanted: [ip(A), host('node-a.example.org')],
  },
  {
    name: 'a node that reports nothing has its name as Hostname',
    inside: [A],
    node: { addresses: [] },
    wanted: [ip(A), NAME],
  },
]

const instanceWith = (
  privateAddresses: readonly string[] = [],
  publicAddresses: readonly string[] = [],
): Instance => makeInstance('a1', { privateAddresses, publicAddresses })

for (const { name, inside, outside, node, wanted } of CASES) {
  t.test(name, async t => {
    const decision = decideAddresses(makeNode('node-a', node), instanceWith(inside, outside))
    t.strictSame(decision, { state: 'wanted', addresses: wanted })
  })
}

const MISMATCHES: readonly [name: string, nodeIP: string, provided: readonly string[]][] = [
  ['an address of another machine', '10.9.9.9', ['10.9.9.9']],
  ['a pair of which one is wrong', `${A},2001:db8::99`, [A, '2001:db8::99']],
  ['no address at all', 'eth0', ['eth0']],
]
for (const [name, nodeIP, provided] of MISMATCHES) {
  t.test(`--node-ip is ${name}`, async t => {
    const decision = decideAddresses(makeNode('node-a', { nodeIP }), instanceWith([A], [PUBLIC]))
    t.strictSame(decision, { state: 'mismatch', provided, actual: [A, PUBLIC] })
  })
}

t.test('a cloud that knows no address leaves the old ones', async t => {
  t.strictSame(decideAddresses(makeNode('node-a', { addresses: [ip(B)] }), instanceWith()), {
    state: 'none',
    addresses: [],
  })
})

/** [name, readable private addresses, node, what may be used of them] */
const INCOMPLETE: readonly [string, readonly string[], NodeSketch, Case['wanted']][] = [
  ['some are readable', [A], {}, [ip(A), outer(PUBLIC), NAME]],
  ['--node-ip names a readable one', [A, B], { nodeIP: B }, [ip(B), outer(PUBLIC), NAME]],
  ['--node-ip names none of them: it may be the one that is not', [A], { nodeIP: B }, []],
  ['one of a pair is none of them', [A], { nodeIP: `${A},${SIX}` }, []],
]
for (const [name, inside, node, addresses] of INCOMPLETE) {
  t.test(`some addresses cannot be read: ${name}`, async t => {
    const instance = { ...instanceWith(inside, [PUBLIC]), addressesIncomplete: true }
    const decision = decideAddresses(makeNode('node-a', node), instance)
    t.strictSame(decision, { state: 'incomplete', addresses })
  })
}

t.test('no address can be read', async t => {
  const instance = { ...instanceWith(), addressesIncomplete: true }
  for (const node of [{}, { nodeIP: A }])
    t.strictSame(decideAddresses(makeNode('node-a', node), instance), { state: 'incomplete', addresses: [] })
})

const PAIRS: readonly [name: string, one: readonly object[], other: readonly object[], same: boolean][] = [
  ['equal', [ip(A), NAME], [ip(A), NAME], true],
  ['empty', [], [], true],
  ['another order', [ip(A), ip(B)], [ip(B), ip(A)], false],
  ['another type', [ip(A)], [outer(A)], false],
  ['one more', [ip(A)], [ip(A), NAME], false],
  ['one less', [ip(A), NAME], [ip(A)], false],
]
for (const [name, one, other, same] of PAIRS)
  t.test(`compares lists: ${name}`, async t => {
    t.equal(sameAddresses(one as (typeof NAME)[], other as (typeof NAME)[]), same)
  })
