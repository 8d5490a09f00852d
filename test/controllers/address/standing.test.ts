import t from 'tap'
import { indexAddresses } from '../../../shared/controllers/address/address-index.ts'
import {
  judgeAddress,
  judgeBlock,
  judgeClaim,
  type Obtainable,
} from '../../../shared/controllers/address/standing.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { makeBlock } from './_blocks.ts'
import { API, makeClaim, makeIndex, makeBlock as makeSized, makeView, type ViewSketch, WEB } from './_view.ts'

const CLAIM = makeClaim('203.0.113.3', 'a')
const judge = (known: readonly ReturnType<typeof makeBlock>[] | undefined, judged: readonly string[]) => {
  const index = indexAddresses({ ...makeView({ claims: [CLAIM] }), known, judged: new Set(judged) })
  return [judgeBlock(index, 'a'), judgeClaim(index, CLAIM, [CLAIM.address])]
}
const block = (state: 'assigned' | 'elsewhere' | 'failed' | 'coming' | 'going') => makeBlock('a', { state })

/** [name, blocks that were read, blocks that they tell of, what becomes of block and claim] */
const CASES = [
  ['nothing was read', undefined, ['a'], ['serving', 'usable']],
  ['it is assigned', [block('assigned')], ['a'], ['serving', 'usable']],
  ['it is on another network', [block('elsewhere')], ['a'], ['serving', 'usable']],
  ['it failed', [block('failed')], ['a'], ['failed', 'failed']],
  ['it is being given back', [block('going')], ['a'], ['failed', 'failed']],
  ['it is not there', [], ['a'], ['gone', 'gone']],
  ['it is not there, but came after the reading', [], [], ['serving', 'usable']],
  ['it was on its way, and was assigned after the reading', [block('coming')], [], ['serving', 'usable']],
] as const
for (const [name, known, judged, expected] of CASES)
  t.test(name, async t => {
    t.strictSame(judge(known, judged), expected)
  })

t.test('a reading that does not say what it can tell of tells nothing', async t => {
  const index = indexAddresses({ ...makeView({ claims: [CLAIM] }), known: [], judged: undefined })
  t.equal(judgeBlock(index, 'a'), 'serving')
})

const STATES = ['unconfirmed', 'active', 'released', 'retained'] as const
const A = makeSized('a', '203.0.113.0/29')
const failed = { ...A, state: 'failed' } as const

/** Of each state. */
const worthOf = (sketch: ViewSketch, live: readonly string[]): string =>
  STATES.map(state => {
    const claim = makeClaim('203.0.113.3', 'a', { state })
    return judgeClaim(makeIndex({ ...sketch, claims: [claim] }), claim, live)
  }).join(' ')

/** [name, what is there, what an unconfirmed, active, released and retained claim is worth, the same when it is live] */
const WORTH: readonly [name: string, sketch: ViewSketch, idle: string, live: string][] = [
  ['its gate is open', { blocks: [A] }, 'usable usable usable usable', 'usable usable usable usable'],
  [
    'its gate is closing',
    { blocks: [A], gates: { a: 'closing' } },
    'unproven usable onHold onHold',
    'usable usable usable usable',
  ],
  [
    'it has no gate',
    { blocks: [A], gates: { a: null } },
    'unproven usable onHold onHold',
    'usable usable usable usable',
  ],
  [
    'its block has failed',
    { known: [failed] },
    'unproven failed failed failed',
    'unproven failed failed failed',
  ],
  [
    'a server took its address',
    { blocks: [A], members: ['203.0.113.3'] },
    'unproven usable unproven unproven',
    'usable usable usable usable',
  ],
  ['its block has gone', { known: [] }, 'gone gone gone gone', 'gone gone gone gone'],
]
for (const [name, sketch, idle, live] of WORTH)
  t.test(`what a claim is worth when ${name}`, async t => {
    t.equal(worthOf(sketch, []), idle)
    t.equal(worthOf(sketch, ['203.0.113.3']), live)
  })

const ADDRESS = '203.0.113.3'
const free = (address: string): Obtainable => ({
  state: 'free',
  candidate: { address, family: 'IPv4', blockId: 'a', gateAddress: '203.0.113.0' },
})
const onHold: Obtainable = { state: 'onHold' }
const refused = (code: ErrorCode, what: string): Obtainable => ({
  state: 'no',
  problem: { code, message: `The address ${what}` },
})
const taken = refused(
  'CCM_ADDRESS_TAKEN',
  `${ADDRESS} belongs to another Service (kubectl get ipaddress ${ADDRESS}).`,
)
const outside = refused(
  'CCM_ADDRESS_OUTSIDE',
  `${ADDRESS} lies in no IP block that this cluster can use: ask for one that does, or for none.`,
)
const goes = refused('CCM_ADDRESS_OUTSIDE', `${ADDRESS} lies in the IP block a, which is being given back.`)
const ours = (address: string): Obtainable =>
  refused('CCM_ADDRESS_RESERVED', `${address} is reserved by PNAP_RESERVED_ADDRESSES.`)
const fixed = (address: string): Obtainable =>
  refused('CCM_ADDRESS_RESERVED', `${address} is the network, gateway or broadcast address of its IP block.`)
const known = (
  state: 'coming' | 'failed' | 'going' | 'elsewhere',
  gate: 'open' | 'closed' | null = 'open',
) => ({
  known: [{ ...A, state }],
  gates: { a: gate },
})
const whole = { blocks: [A], reserved: ['203.0.113.0/29'] }

const OBTAINED: readonly [name: string, sketch: ViewSketch, obtained: Obtainable, address?: string][] = [
  ['free', { blocks: [A] }, free(ADDRESS)],
  ['the first of its block', { blocks: [A] }, free('203.0.113.2'), '203.0.113.2'],
  ['the last of its block', { blocks: [A] }, free('203.0.113.6'), '203.0.113.6'],
  ['another Service’s', { blocks: [A], claims: [makeClaim(ADDRESS, 'a', { service: API })] }, taken],
  [
    'another Service’s, whatever becomes of the block',
    { blocks: [A], claims: [makeClaim(ADDRESS, 'a', { service: API })], gates: { a: 'closed' } },
    taken,
  ],
  ['its own', { blocks: [A], claims: [makeClaim(ADDRESS, 'a')] }, onHold],
  [
    'its own in a block that is given back',
    { blocks: [A], claims: [makeClaim(ADDRESS, 'a')], gates: { a: 'closed' } },
    goes,
  ],
  ['in a block that is given back', { blocks: [A], gates: { a: 'closed' } }, goes],
  ['in a block whose gate is closing', { blocks: [A], gates: { a: 'closing' } }, onHold],
  ['in a block that has no gate yet', { blocks: [A], gates: { a: null } }, onHold],
  [
    'a server’s',
    { blocks: [A], members: [ADDRESS] },
    refused('CCM_ADDRESS_RESERVED', `${ADDRESS} belongs to a server.`),
  ],
  [
    'its own, and a server’s now',
    { blocks: [A], claims: [makeClaim(ADDRESS, 'a', { state: 'released' })], members: [ADDRESS] },
    refused('CCM_ADDRESS_RESERVED', `${ADDRESS} belongs to a server.`),
  ],
  [
    'one whose claim somebody broke',
    { blocks: [A], unreadable: [ADDRESS] },
    refused(
      'CCM_ADDRESS_RESERVED',
      `${ADDRESS} has a claim that cannot be read (kubectl get ipaddress ${ADDRESS} -o yaml).`,
    ),
  ],
  ['reserved', whole, ours(ADDRESS)],
  ['reserved, the first of its block', whole, ours('203.0.113.2'), '203.0.113.2'],
  ['reserved, the last of its block', whole, ours('203.0.113.6'), '203.0.113.6'],
  ['the gateway', { blocks: [A] }, fixed('203.0.113.1'), '203.0.113.1'],
  ['the broadcast address', whole, fixed('203.0.113.7'), '203.0.113.7'],
  ['in a block too small', { blocks: [{ ...A, usable: undefined }] }, fixed(ADDRESS)],
  ['in no block', { blocks: [] }, outside],
  ['in a block on its way', known('coming'), onHold],
  ['in a block on its way, without a gate', known('coming', null), onHold],
  ['in a block that has failed', known('failed'), onHold],
  ['in one that is given back', known('failed', 'closed'), outside],
  ['in one that leaves', known('going'), outside],
  ['in one on another network', known('elsewhere'), outside],
]
for (const [name, sketch, obtained, address = ADDRESS] of OBTAINED)
  t.test(`whether an address can be had: ${name}`, async t => {
    const index = makeIndex(sketch)
    t.strictSame(judgeAddress(index, { service: WEB }, address, `The address ${address}`), obtained)
  })
