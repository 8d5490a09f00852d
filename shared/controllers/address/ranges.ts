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
    .sort((a, b) => (a.first < b.first ? -1 : 1))
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
  const parts = cutAt(ranges, start)
  for (const { cut, last } of parts) for (let value = cut; value <= last; value++) yield value
  for (const { first, cut } of parts) for (let value = first; value < cut; value++) yield value
}

/** Each range with its first address behind the cut: so many addresses of all ranges lie before their cuts. */
function cutAt(
  ranges: readonly AddressRange[],
  count: bigint,
): { readonly first: bigint; readonly cut: bigint; readonly last: bigint }[] {
  let left = count
  return ranges.map(({ first, last }) => {
    const size = last - first + 1n
    const before = left < size ? left : size
    left -= before
    return { first, cut: first + before, last }
  })
}
