import type { Mutation } from './contract.ts'

/**
 * The text of a file with a mutation in it.
 *
 * @throws Error unless what it replaces stands there exactly once: the code has moved on, and the mutation with it
 */
export function mutate(
  text: string,
  { name, file, find, replace }: Omit<Mutation, 'violates' | 'story'>,
): string {
  const count = text.split(find).length - 1
  if (count !== 1)
    throw new Error(
      `mutation ${name}: ${file} holds ${count} times, once is needed: ${find}. ` +
        'Bring torture/mutations/list.ts to what the file says now.',
    )
  return text.replace(find, () => replace)
}
