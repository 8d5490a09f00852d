/** More changes than this share of a name's letters, and it is another name. */
const MOST_SHARE = 0.4

/**
 * The name that somebody who wrote `text` most likely meant.
 *
 * @returns undefined where none is near
 */
export function findNearest(text: string, names: readonly string[]): string | undefined {
  const near = names
    .map(name => ({ name, changes: isBeginning(text, name) ? 1 : countChanges(text, name) }))
    .filter(({ name, changes }) => changes <= Math.max(1, Math.floor(name.length * MOST_SHARE)))
    .toSorted((a, b) => a.changes - b.changes)
  return near[0]?.name
}

/** Whoever stops early meant what begins so. */
const isBeginning = (text: string, name: string): boolean => text.length > 2 && name.startsWith(text)

/** Levenshtein distance, with two neighbours that changed places as one change. */
function countChanges(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= other.length; j += 1) {
      const isSame = one[i - 1] === other[j - 1]
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (isSame ? 0 : 1),
          isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return at(one.length, other.length)
}
