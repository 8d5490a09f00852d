import t from 'tap'
import { INVARIANTS } from '../../torture/invariants/table.ts'
import { MUTATIONS } from '../../torture/mutations/list.ts'
import { mutate } from '../../torture/mutations/mutate.ts'
import { findUnshown, runMutations } from '../../torture/mutations/run.ts'
import { tellStory } from '../../torture/mutations/stage.ts'
import { STORIES } from '../../torture/mutations/stories.ts'

/** A process for each mutation; a busy machine takes four times as long. */
t.setTimeout(240_000)

const MUTATION = { name: 'm', file: 'a.ts', find: 'one', replace: '$&' }

t.test('a mutation replaces what stands there once', async t => {
  t.equal(mutate('this one here', MUTATION), 'this $& here')
  t.throws(() => mutate('none', { ...MUTATION, find: 'two' }), { message: /a\.ts holds 0 times/ })
  t.throws(() => mutate('one and one', MUTATION), { message: /a\.ts holds 2 times/ })
})

t.test('every invariant has a mutation, and each has its own name', async t => {
  for (const id of Object.keys(INVARIANTS))
    t.ok(
      MUTATIONS.some(({ violates }) => violates === id),
      id,
    )
  t.equal(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length)
})

for (const story of STORIES) {
  t.test(`without a mutation: ${story.name}`, async t => {
    t.strictSame((await tellStory(story, 1)).violations, [])
  })
}

t.test('every mutation is caught', async t => {
  const all = await runMutations()
  for (const { mutation, violation, others, error } of all)
    t.equal(violation?.invariant, mutation.violates, `${mutation.name}: ${error ?? others.join()}`)
  t.strictSame(findUnshown(all), [])
})
