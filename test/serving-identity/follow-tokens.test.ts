import t from 'tap'
import {
  FORMER_MS,
  followTokens,
  SETTLED_MS,
  toAccepted,
} from '../../shared/serving-identity/follow-tokens.ts'

const [OLD, NEW] = ['old-token-of-sixteen', 'new-token-of-sixteen']

t.test('what is known at the start is registered at once', async t => {
  const memory = followTokens(undefined, { current: NEW, previous: OLD }, 0)
  t.equal(memory.registered, NEW)
  t.strictSame(toAccepted(memory, 0), [NEW, OLD])
})

t.test(
  'a new one is accepted at once, registered when all replicas know it, and the old one leaves later',
  async t => {
    const first = followTokens(undefined, { current: OLD }, 0)
    const changed = followTokens(first, { current: NEW }, 1000)
    t.equal(changed.registered, OLD)
    t.strictSame(toAccepted(changed, 1000), [NEW, OLD])
    t.equal(followTokens(changed, { current: NEW }, 1000 + SETTLED_MS - 1).registered, OLD)
    const settled = followTokens(changed, { current: NEW }, 1000 + SETTLED_MS)
    t.equal(settled.registered, NEW)
    t.strictSame(toAccepted(settled, 1000 + SETTLED_MS), [NEW, OLD])
    const over = followTokens(settled, { current: NEW }, 1000 + FORMER_MS)
    t.strictSame(toAccepted(over, 1000 + FORMER_MS), [NEW])
  },
)

t.test('a token that comes back is no former one', async t => {
  const first = followTokens(undefined, { current: OLD }, 0)
  const back = followTokens(followTokens(first, { current: NEW }, 1), { current: OLD }, 2)
  t.strictSame(toAccepted(back, 2), [OLD, NEW])
  t.strictSame(toAccepted(followTokens(back, { current: OLD }, FORMER_MS + 2), FORMER_MS + 2), [OLD])
})

t.test('the first token that comes is registered, however late it comes', async t => {
  const none = followTokens(undefined, { current: undefined }, 0)
  t.strictSame(toAccepted(none, 0), [])
  t.equal(followTokens(none, { current: NEW }, 5).registered, NEW)
})
