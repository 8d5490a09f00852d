import t from 'tap'
import { toExpectedBlocks, toKnownBlocks, toSource } from '../../../shared/controllers/address/source.ts'
import { makeBlock, makeSupply } from './_blocks.ts'
import { makeBook, makeClaim } from './_view.ts'

const STATES = ['coming', 'failed', 'going', 'elsewhere'] as const

t.test('addresses are chosen from assigned blocks that are not marked', async t => {
  const serving = makeBlock('serving')
  const others = [
    ...STATES.map(state => makeBlock(state, { state })),
    makeBlock('marked', { marked: true }),
    makeBlock('both', { state: 'going', marked: true }),
  ]
  t.strictSame(toSource({ ...makeSupply([...others, serving]), memberAddresses: ['203.0.113.2'] }), {
    location: 'PHX',
    blocks: [{ ...serving, ageMs: undefined }],
    memberAddresses: ['203.0.113.2'],
  })
})

t.test('a block that lost our tags is still known, as one that gives no address', async t => {
  const blocks = [makeBlock('a'), makeBlock('b', { state: 'going' })]
  t.strictSame(toKnownBlocks({ ...makeSupply(blocks), unlisted: ['c'] }), [
    ...blocks,
    {
      id: 'c',
      cidr: undefined,
      family: 'IPv4',
      location: '',
      state: 'elsewhere',
      status: 'unlisted',
      usable: undefined,
      dedicatedTo: undefined,
      purchase: undefined,
      marked: false,
      onNetwork: false,
      ageMs: undefined,
    },
  ])
})

t.test('the blocks that claims and gates name are asked for, each once', async t => {
  const claims = [
    makeClaim('203.0.113.2', 'a'),
    makeClaim('203.0.113.10', 'b'),
    makeClaim('203.0.113.3', 'a'),
  ]
  t.strictSame(toExpectedBlocks(makeBook(claims, [makeBlock('b'), makeBlock('c')])), ['a', 'b', 'c'])
})
