import type { Mutation } from './contract.ts'
import { ADDRESS_MUTATIONS } from './of-addresses.ts'
import { BLOCK_MUTATIONS } from './of-blocks.ts'
import { NODE_MUTATIONS } from './of-nodes.ts'
import { OTHER_MUTATIONS } from './of-others.ts'
import { WRITE_MUTATIONS } from './of-writes.ts'

/** Every mutation; each invariant has one at the least. */
export const MUTATIONS: readonly Mutation[] = [
  ...ADDRESS_MUTATIONS,
  ...BLOCK_MUTATIONS,
  ...NODE_MUTATIONS,
  ...OTHER_MUTATIONS,
  ...WRITE_MUTATIONS,
]

/** @throws Error for a name that is not in the list */
export function findMutation(name: string): Mutation {
  const mutation = MUTATIONS.find(other => other.name === name)
  if (!mutation) throw new Error(`there is no mutation ${JSON.stringify(name)}`)
  return mutation
}
