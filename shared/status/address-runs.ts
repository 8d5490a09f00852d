import type { AddressBlock } from '../cloud-provider/load-balancer.ts'
import { type AddressIndex, toKey, usableRange } from '../controllers/address/address-index.ts'
import type { Claim } from '../controllers/address/contract.ts'
import { UNCONFIRMED_MS } from '../controllers/address/lifecycle.ts'
import { indexUse } from '../controllers/address/use.ts'
import { type AddressRange, formatAddress, isInRange, parseAddress, parseCidr } from '../ip-address.ts'
import type { AddressKind, AddressRun } from './contract.ts'

/** What one address is, beside its place. */
type Mark = Omit<AddressRun, 'first' | 'last' | 'count'>
type Marked = readonly [value: bigint, mark: Mark]

/** Draws the address map of blocks from what is known at one moment. */
export interface RunsInput {
  readonly index: AddressIndex
  /** How long a claim rests that does not say it. */
  readonly releaseQuarantineMs: number
}

/**
 * What lies in a block, in order and without gaps. What is `free` is what a Service may be given of it: the same that
 * addresses are chosen from.
 *
 * @returns empty for a block whose range is not known
 */
export function createRuns({
  index,
  releaseQuarantineMs,
}: RunsInput): (block: AddressBlock) => readonly AddressRun[] {
  const { view } = index
  const findUse = indexUse(view.book)
  const members = view.source.memberAddresses.flatMap(text => parseAddress(text) ?? [])
  return block => {
    const range = block.cidr === undefined ? undefined : parseCidr(block.cidr)
    if (!range) return []
    const use = findUse(block)
    const marks = new Map<bigint, Mark>([
      ...members
        .filter(member => isInRange(range, member))
        .map(({ value }): Marked => [value, { kind: 'server' }]),
      ...use.unreadable.flatMap(name => markAt(range, name, { kind: 'unreadable' })),
      ...use.claims.flatMap(claim => markAt(range, claim.address, toMark(claim, releaseQuarantineMs))),
    ])
    return toRuns(range, usableRange(block), marks, view.reserved)
  }
}

const markAt = (range: AddressRange, text: string, mark: Mark): readonly Marked[] => {
  const address = parseAddress(text)
  return address && isInRange(range, address) ? [[address.value, mark]] : []
}

const KINDS = {
  active: 'used',
  unconfirmed: 'unconfirmed',
  released: 'resting',
  retained: 'retained',
} as const satisfies Record<Claim['state'], AddressKind>

function toMark({ state, service, since, restMs, serviceUid, why }: Claim, quarantineMs: number): Mark {
  const mark = { kind: KINDS[state], service: toKey(service), ...(why === undefined ? {} : { why }) }
  if (state === 'unconfirmed') return { ...mark, until: since + UNCONFIRMED_MS }
  // Until a Service is gone that is deleted and still there, nobody knows when it ends.
  if (state !== 'released' || serviceUid !== undefined) return mark
  return { ...mark, until: since + (restMs ?? quarantineMs) }
}

function toRuns(
  range: AddressRange,
  usable: AddressRange | undefined,
  marks: ReadonlyMap<bigint, Mark>,
  reserved: readonly AddressRange[],
): readonly AddressRun[] {
  const runs: { first: bigint; last: bigint; mark: Mark }[] = []
  const starts = listStarts(range, [...reserved, ...(usable ? [usable] : [])], marks)
  for (const [place, first] of starts.entries()) {
    const last = (starts[place + 1] ?? range.last + 1n) - 1n
    const mark = marks.get(first) ?? toUnmarked(range, usable, reserved, first)
    const before = runs.at(-1)
    if (before && isLike(before.mark, mark)) before.last = last
    else runs.push({ first, last, mark })
  }
  return runs.map(({ first, last, mark }) => ({
    first: formatAddress(range.family, first),
    last: formatAddress(range.family, last),
    count: Number(last - first + 1n),
    ...mark,
  }))
}

/** Where something may begin that differs from what was before. */
function listStarts(
  { first, last, family }: AddressRange,
  ranges: readonly AddressRange[],
  marks: ReadonlyMap<bigint, Mark>,
): readonly bigint[] {
  const edges = ranges
    .filter(range => range.family === family)
    .flatMap(range => [range.first, range.last + 1n])
  const singles = [...marks.keys()].flatMap(value => [value, value + 1n])
  const all = [first, first + 1n, ...edges, ...singles].filter(value => first <= value && value <= last)
  return [...new Set(all)].sort((a, b) => (a < b ? -1 : 1))
}

/** Before what Services may have lie network and gateway, behind it lies the broadcast address. */
function toUnmarked(
  { family, first }: AddressRange,
  usable: AddressRange | undefined,
  reserved: readonly AddressRange[],
  value: bigint,
): Mark {
  if (value === first) return { kind: 'network' }
  if (!usable || value > usable.last) return { kind: usable ? 'broadcast' : 'reserved' }
  if (value < usable.first) return { kind: 'gateway' }
  const isReserved = reserved.some(range => isInRange(range, { family, value, text: '' }))
  return { kind: isReserved ? 'reserved' : 'free' }
}

/** What has a Service stands alone. */
const isLike = (one: Mark, other: Mark): boolean =>
  one.kind === other.kind && one.service === undefined && other.service === undefined
