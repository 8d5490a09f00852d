import type { AddressRange } from '../../ip-address.ts'

/**
 * What is left of a range without the taken ones (in any order, also overlapping). Costs as much as there are taken
 * ranges, however many addresses they hold.
 *
 * @returns ascending, none empty
 */
export function subtractRanges(range: AddressRange, taken: readonly AddressRange[]): AddressRange[] {
  const inside = taken
    .filter(
      ({ family, first, last }) => family === range.family && first <= range.last && last >= range.first,
    )
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const left: AddressRange[] = []
  let next = range.first
  for (const { first, last } of inside) {
    if (first > next) left.push({ family: range.family, first: next, last: first - 1n })
    if (last >= next) next = last + 1n
  }
  if (next <= range.last) left.push({ family: range.family, first: next, last: range.last })
  return left
}

export const countAddresses = (ranges: readonly AddressRange[]): bigint =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n)

/** Every address of the ranges once: from the one with this index (0 is the first) to the last, then from the first. */
export function* walkRanges(ranges: readonly AddressRange[], start: bigint): Generator<bigint, void> {
  const [behind, before] = splitAt(ranges, start)
  for (const { first, last } of [...behind, ...before])
    for (let value = first; value <= last; value++) yield value
}

function splitAt(ranges: readonly AddressRange[], index: bigint): [AddressRange[], AddressRange[]] {
  const before: AddressRange[] = []
  const behind: AddressRange[] = []
  let left = index
  for (const range of ranges) {
    const size = range.last - range.first + 1n
    const cut = left < size ? left : size
    if (cut > 0n) before.push({ ...range, last: range.first + cut - 1n })
    if (cut < size) behind.push({ ...range, first: range.first + cut })
    left -= cut
  }
  return [behind, before]
}
