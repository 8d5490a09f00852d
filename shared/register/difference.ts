/** Of more pairs of lines only those that stand side by side are compared: the table would fill the memory. */
const MOST_PAIRS = 4_000_000

/** Lines of both texts in order: ` ` before a line of both, `-` and `+` before one of the first or second alone. */
export function toDifference(before: string, after: string): string[] {
  const [old, now] = [before.trimEnd().split('\n'), after.trimEnd().split('\n')]
  const lengths = old.length * now.length > MOST_PAIRS ? [] : toCommonLengths(old, now)
  const lines: string[] = []
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    const [one, other] = [old[i], now[j]]
    if (one !== undefined && one === other) {
      lines.push(`  ${one}`)
      i++
      j++
    } else if (other !== undefined && (one === undefined || at(lengths, i, j + 1) >= at(lengths, i + 1, j))) {
      lines.push(`+ ${other}`)
      j++
    } else {
      lines.push(`- ${one}`)
      i++
    }
  }
  return lines
}

const at = (table: readonly (readonly number[])[], i: number, j: number): number => table[i]?.[j] ?? 0

/** Length of the longest common run of lines (with gaps) from line i of one and line j of the other on. */
function toCommonLengths(old: readonly string[], now: readonly string[]): number[][] {
  const lengths = old.map(() => now.map(() => 0))
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const row = lengths[i]
      if (!row) continue
      row[j] =
        old[i] === now[j]
          ? at(lengths, i + 1, j + 1) + 1
          : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1))
    }
  }
  return lengths
}
