import type { AddressBlock, AddressSupply } from '../../cloud-provider/load-balancer.ts'
import { SKEW_MS } from '../../kubernetes/leases.ts'
import type { AddressBook, Claim, Gate } from './contract.ts'
import { type BlockUse, describeUse, indexUse, toGateAddress } from './use.ts'

/** Everything that gates are decided from: the book first, then a supply that was read completely after it. */
export interface GateInput {
  readonly book: AddressBook
  readonly supply: AddressSupply
  /** Ids of blocks that claims or gates named before the supply was read: only of these it can say that they have gone. */
  readonly judged: ReadonlySet<string>
  /** Milliseconds since 1970 by the API server's clock. */
  readonly now: number
  /** How long a block that nobody uses is kept. */
  readonly graceMs: number
  /** IPv4 addresses that are to stay free in open blocks; 0: none. Nobody buys a block for one more of IPv6. */
  readonly minFree: number
  /** Ids of blocks that waiting Services (or spare capacity) are going to need. */
  readonly needed: ReadonlySet<string>
  /** Addresses of a block that any Service could have now. */
  readonly countFree: (block: AddressBlock) => number
}

/**
 * What is to be done about one block. `close` finds out for certain whether it is in use, and one that turns out
 * `closed` may be given back at once; `giveBack` is for those that are known to be closed.
 */
export type GateAction =
  | {
      readonly do: 'open'
      readonly block: AddressBlock
      /** The gate of a block that has gone, whose range this one has now. */
      readonly gate: Gate | undefined
      readonly why: string
    }
  | {
      readonly do: 'noteUnused' | 'noteUsed' | 'reopen'
      readonly block: AddressBlock
      readonly gate: Gate
      readonly why: string
    }
  | {
      readonly do: 'close' | 'giveBack'
      readonly block: AddressBlock
      readonly gate: Gate | undefined
      readonly why: string
    }
  | { readonly do: 'remove'; readonly gate: Gate; readonly why: string }

export interface GateDecision {
  readonly actions: readonly GateAction[]
  /** Decisions not to act that an operator should see, as `block b1: …`. */
  readonly held: readonly string[]
}

/** A block with its gate and what lies in it. */
interface View {
  readonly block: AddressBlock
  readonly gate: Gate | undefined
  readonly use: BlockUse
  /** What lies in it, for people; undefined: nothing does. */
  readonly used: string | undefined
}

/** An action, or why there is none although one might be expected; undefined: all is as it should be. */
type Verdict = GateAction | { readonly held: string } | undefined

/** What is to be done about each block and gate. A block in which a claim lies is never closed or given back. */
export function decideGates(input: GateInput): GateDecision {
  const indexed = { ...input, maps: toMaps(input) }
  const views = toViews(indexed)
  const isSpare = createSpares(input, views)
  const verdicts = [
    ...toOldestFirst(views).map(view => decideBlock(indexed, view, isSpare)),
    ...input.book.gates.map(gate => decideOrphan(indexed, gate)),
  ]
  return {
    actions: verdicts.flatMap(verdict => (verdict && 'do' in verdict ? [verdict] : [])),
    held: verdicts.flatMap(verdict => (verdict && 'held' in verdict ? [verdict.held] : [])),
  }
}

/** Blocks and gates by what they are looked for, so that none costs a pass over the others. */
interface Maps {
  /** By the address of their gate. */
  readonly blocksAt: ReadonlyMap<string | undefined, readonly AddressBlock[]>
  readonly blocks: ReadonlyMap<string, AddressBlock>
  readonly gatesAt: ReadonlyMap<string, Gate>
  readonly claimsOf: ReadonlyMap<string, readonly Claim[]>
}

const toMaps = ({ book, supply: { blocks } }: GateInput): Maps => ({
  blocksAt: Map.groupBy(blocks, toGateAddress),
  blocks: new Map(blocks.map(block => [block.id, block])),
  gatesAt: new Map(book.gates.map(gate => [gate.address, gate])),
  claimsOf: Map.groupBy(book.claims, ({ blockId }) => blockId),
})

type Indexed = GateInput & { readonly maps: Maps }

function toViews({ book, supply, maps: { gatesAt } }: Indexed): View[] {
  const findUse = indexUse(book)
  return supply.blocks.map(block => {
    const at = gatesAt.get(toGateAddress(block) ?? '')
    const use = findUse(block)
    return { block, gate: at?.blockId === block.id ? at : undefined, use, used: describeUse(use) }
  })
}

/** Of several unused blocks the one that has been so for longest goes first. */
const toOldestFirst = (views: readonly View[]): View[] =>
  views.toSorted(
    (a, b) =>
      (a.gate?.unusedSince ?? Number.POSITIVE_INFINITY) - (b.gate?.unusedSince ?? Number.POSITIVE_INFINITY) ||
      (a.block.id < b.block.id ? -1 : 1),
  )

/** Whether a block may go without too few addresses staying free; those allowed before count as gone. */
type IsSpare = (block: AddressBlock) => boolean

function createSpares({ minFree, countFree }: GateInput, views: readonly View[]): IsSpare {
  if (minFree <= 0) return () => true
  const keeping = views.filter(view => view.block.family === 'IPv4' && isOfUse(view))
  let left = keeping.reduce((sum, { block }) => sum + countFree(block), 0)
  return block => {
    if (block.family !== 'IPv4') return true
    const rest = left - countFree(block)
    if (rest < minFree) return false
    left = rest
    return true
  }
}

const isOfUse = ({ block, gate }: View): boolean => gate?.state === 'open' && isServing(block)
const isServing = ({ state, marked }: AddressBlock): boolean => state === 'assigned' && !marked

function decideBlock(input: Indexed, view: View, isSpare: IsSpare): Verdict {
  const { block, gate } = view
  if (block.doubt !== undefined)
    return hold(block, `${block.doubt}: nobody gets an address of it, and it stays`)
  if (gate?.state === 'closed') return decideClosed(view)
  if (gate?.state === 'closing') return decideClosing(input, view, gate)
  if (block.state === 'elsewhere' && view.used !== undefined)
    return hold(block, `it is on another network than the settings name, and stays because of ${view.used}`)
  if (block.marked) return decideMarked(input, view)
  if (block.state !== 'assigned') return decideUnassigned(input, view)
  return gate ? decideOpen(input, view, gate, isSpare) : decideGateless(input, block)
}

/** A claim that came after the gate had closed was withdrawn by its claimer; `unconfirmed` is what a kill left of it. */
function decideClosed({ block, gate, use }: View): Verdict {
  const confirmed = { ...use, claims: use.claims.filter(({ state }) => state !== 'unconfirmed') }
  const used = describeUse(confirmed)
  if (used !== undefined) return hold(block, `its gate is closed, but it is kept because of ${used}`)
  return { do: 'giveBack', block, gate, why: 'its gate is closed' }
}

function decideClosing({ needed }: GateInput, { block, used }: View, gate: Gate): Verdict {
  if (used !== undefined) {
    return isServing(block)
      ? { do: 'reopen', block, gate, why: `in use: ${used}` }
      : hold(block, `it is to be given back, and waits for ${used}`)
  }
  if (block.marked || !needed.has(block.id))
    return { do: 'close', block, gate, why: 'it was being closed, and no claim lies in it' }
  return isServing(block) ? { do: 'reopen', block, gate, why: 'waiting Services need it' } : undefined
}

function decideMarked({ needed }: GateInput, { block, gate, used }: View): Verdict {
  if (used !== undefined) return hold(block, `it is marked to be given back, and waits for ${used}`)
  if (needed.has(block.id)) return undefined
  return toEnd(block, gate, 'it is marked to be given back, and no claim lies in it')
}

/** A block that is on its way, broken, or taken off the network by somebody. */
function decideUnassigned({ needed, now, graceMs }: GateInput, { block, gate, used }: View): Verdict {
  if (used !== undefined) return gate ? noteUsed(block, gate) : undefined
  if (gate && !isPast(gate.unusedSince, now)) return noteUnused(block, gate)
  if (needed.has(block.id)) return undefined
  const unusedMs = gate?.unusedSince === undefined ? block.ageMs : now - gate.unusedSince
  if (unusedMs === undefined) return hold(block, 'nobody needs it, but how old it is cannot be told')
  if (unusedMs < graceMs) return undefined
  return toEnd(block, gate, `it is ${block.status}, and nobody has needed it for the grace time`)
}

/** Without a range no address of it can have been claimed, and there is nothing to name a gate by. */
const toEnd = (block: AddressBlock, gate: Gate | undefined, why: string): GateAction => ({
  do: toGateAddress(block) === undefined ? 'giveBack' : 'close',
  block,
  gate,
  why,
})

function decideOpen(
  { now, graceMs, needed }: GateInput,
  { block, used }: View,
  gate: Gate,
  isSpare: IsSpare,
): Verdict {
  if (used !== undefined) return noteUsed(block, gate)
  if (!isPast(gate.unusedSince, now)) return noteUnused(block, gate)
  if (needed.has(block.id) || now - gate.unusedSince < graceMs) return undefined
  if (!isSpare(block)) return undefined
  return { do: 'close', block, gate, why: 'no claim has been in it for the grace time' }
}

/** A time from the future was written by hand, and would keep the block for ever. */
const isPast = (since: number | undefined, now: number): since is number =>
  since !== undefined && since - now < SKEW_MS

const noteUsed = (block: AddressBlock, gate: Gate): Verdict =>
  gate.unusedSince === undefined ? undefined : { do: 'noteUsed', block, gate, why: 'a claim lies in it' }
const noteUnused = (block: AddressBlock, gate: Gate): GateAction => ({
  do: 'noteUnused',
  block,
  gate,
  why: 'no claim lies in it',
})

function decideGateless({ book, maps }: Indexed, block: AddressBlock): Verdict {
  const address = toGateAddress(block)
  if (address === undefined) return undefined
  const twin = maps.blocksAt.get(address)?.find(other => other !== block)
  if (twin) return hold(block, `block ${twin.id} has the same network address ${address}`)
  if (book.unreadable.includes(address))
    return hold(block, `IPAddress ${address} cannot be understood: once it is deleted, the block opens`)
  const gate = maps.gatesAt.get(address)
  const why = gate ? `it is assigned, and has the range of block ${gate.blockId} now` : 'it is assigned'
  return { do: 'open', block, gate, why }
}

/** Gates that are of no block in the supply; one that a new block of the same range takes over is dealt with there. */
function decideOrphan({ supply, judged, maps }: Indexed, gate: Gate): Verdict {
  // One that only lost our tags is still there, and paid for.
  if (!judged.has(gate.blockId) || supply.unlisted.includes(gate.blockId)) return undefined
  const own = maps.blocks.get(gate.blockId)
  const address = own && toGateAddress(own)
  if (own && (address === undefined || address === gate.address)) return undefined
  if (own) return { do: 'remove', gate, why: `block ${own.id} has the network address ${address}` }
  if (maps.blocksAt.get(gate.address)?.some(isServing)) return undefined
  const claims = maps.claimsOf.get(gate.blockId) ?? []
  const used = describeUse({ claims, unreadable: [] })
  return used === undefined
    ? { do: 'remove', gate, why: 'its block has gone' }
    : { held: `block ${gate.blockId}: it has gone, but its gate is kept because of ${used}` }
}

const hold = ({ id }: AddressBlock, why: string): Verdict => ({ held: `block ${id}: ${why}` })
