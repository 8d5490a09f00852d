import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import t from 'tap'
import { INVARIANTS } from '../../torture/invariants/table.ts'
import { MUTATIONS } from '../../torture/mutations/list.ts'
import { mutate } from '../../torture/mutations/mutate.ts'
import { tellStory } from '../../torture/mutations/stage.ts'
import { findStory, STORIES } from '../../torture/mutations/stories.ts'

t.setTimeout(240_000)

const ROOT = resolve(import.meta.dirname, '../..')
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

for (const mutation of MUTATIONS) {
  t.test(`what is mutated is there: ${mutation.name}`, async t => {
    const text = await readFile(join(ROOT, mutation.file), 'utf8')
    t.not(mutate(text, mutation), text)
    t.equal(findStory(mutation.story).name, mutation.story)
  })
}
