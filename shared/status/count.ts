/** How many rows are in each state, those in none included. */
export function countStates<S extends string>(
  states: readonly S[],
  rows: readonly { readonly state: S }[],
): Record<S, number> {
  const counts = Object.fromEntries(states.map(state => [state, 0])) as Record<S, number>
  for (const { state } of rows) counts[state] += 1
  return counts
}
