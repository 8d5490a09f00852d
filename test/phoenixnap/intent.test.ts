import t from 'tap'
import { decideIntent, INTENT_RESTS_MS } from '../../shared/phoenixnap/supply-plan.ts'
import { block, NOW, supply } from './_plan.ts'

const intent = { id: 'p', family: 'IPv4', prefixLength: 29, since: NOW } as const

t.test('an intent is forgotten once its block is there', async t => {
  t.equal(decideIntent(undefined, supply([]), NOW).do, 'nothing')
  const wait = { do: 'wait', why: 'purchase p may have been made a moment ago' }
  t.strictSame(decideIntent(intent, supply([block('b', { purchase: 'p' })]), NOW), {
    do: 'forget',
    why: 'the block of purchase p is there',
  })
  t.strictSame(decideIntent(intent, supply([block('b', { purchase: 'q' })]), NOW), wait)
  t.strictSame(decideIntent(intent, supply([]), NOW + INTENT_RESTS_MS - 1), wait)
  t.strictSame(decideIntent(intent, supply([]), NOW - INTENT_RESTS_MS + 1), wait, 'clocks that do not agree')
  t.strictSame(
    decideIntent(intent, supply([]), NOW - INTENT_RESTS_MS),
    { do: 'again', intent },
    'one set back',
  )
  t.strictSame(decideIntent(intent, supply([]), NOW + INTENT_RESTS_MS), { do: 'again', intent })
})
