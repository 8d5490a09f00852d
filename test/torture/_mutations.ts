import t from 'tap'
import type { Mutation } from '../../torture/mutations/contract.ts'
import { runMutations } from '../../torture/mutations/run.ts'

/** Each in a process of its own. */
export function expectCaught(mutations: readonly Mutation[]): void {
  t.setTimeout(480_000)
  t.test('every mutation is caught by what it violates', async t => {
    for (const { mutation, violation, others, error } of await runMutations({ mutations }))
      t.equal(violation?.invariant, mutation.violates, `${mutation.name}: ${error ?? others.join()}`)
  })
}
