import { INVARIANTS } from '../invariants/table.ts'
import { findMutation } from './list.ts'
import { tellStory } from './stage.ts'
import { findStory } from './stories.ts'

/** Tells the story of a mutation on code that has it (load.ts), seed by seed, until what it violates is found. */

const [first = '1', count = '1'] = process.argv.slice(2)
const mutation = findMutation(process.env['MUTATION'] ?? '')
const story = findStory(mutation.story)

for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const { violations, requests } = await tellStory(story, seed)
  const found = violations.find(({ invariant }) => invariant === mutation.violates)
  const others = [...new Set(violations.map(({ invariant }) => invariant))]
  process.stdout.write(`${JSON.stringify({ seed, requests, found, others })}\n`)
  if (found && found.invariant in INVARIANTS) process.exit(0)
}
process.exit(1)
