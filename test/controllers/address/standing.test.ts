import t from 'tap'
import { indexAddresses } from '../../../shared/controllers/address/address-index.ts'
import { judgeBlock, judgeClaim } from '../../../shared/controllers/address/standing.ts'
import { makeBlock } from './_blocks.ts'
import { makeClaim, makeView } from './_view.ts'

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
