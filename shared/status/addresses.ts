import type { AddressBlock } from '../cloud-provider/load-balancer.ts'
import { toKey } from '../controllers/address/address-index.ts'
import { countFree } from '../controllers/address/candidates.ts'
import type { ClaimState } from '../controllers/address/contract.ts'
import type { Knowledge } from '../controllers/service/decide.ts'
import { parseCidr } from '../ip-address.ts'
import { createRuns } from './address-runs.ts'
import type { AddressesStatus, AddressKind, AddressRun, BlockStatus } from './contract.ts'
import { countStates } from './count.ts'

const CLAIM_STATES: readonly ClaimState[] = ['active', 'unconfirmed', 'released', 'retained']

export interface AddressesInput {
  readonly knowledge: Knowledge | undefined
  readonly releaseQuarantineMs: number
}

/** Every block and what lies in it; of blocks that BMC does not tell of now, those that are remembered. */
export function toAddressesStatus({ knowledge, releaseQuarantineMs }: AddressesInput): AddressesStatus {
  if (!knowledge) return { claims: countStates(CLAIM_STATES, []), free: { IPv4: 0, IPv6: 0 }, blocks: [] }
  const { index } = knowledge
  const { book, source, known } = index.view
  const toRuns = createRuns({ index, releaseQuarantineMs })
  const blocks = (known ?? source.blocks).map(block => {
    const gate = index.gateOf(block.id)
    return toBlock(block, toRuns(block), known !== undefined, gate)
  })
  return {
    claims: countStates(CLAIM_STATES, book.claims),
    free: { IPv4: Number(countFree(index, 'IPv4')), IPv6: Number(countFree(index, 'IPv6')) },
    blocks: blocks.toSorted(compareBlocks),
  }
}

function toBlock(
  block: AddressBlock,
  runs: readonly AddressRun[],
  isSeen: boolean,
  gate: ReturnType<Knowledge['index']['gateOf']>,
): BlockStatus {
  const { id, cidr, family, location, state, status, marked, dedicatedTo, doubt } = block
  return {
    id,
    cidr,
    family,
    location,
    state,
    status,
    gate: gate?.state,
    unusedSince: gate?.unusedSince,
    isMarked: marked,
    isSeen,
    dedicatedTo: dedicatedTo && toKey(dedicatedTo),
    doubt,
    counts: countKinds(runs),
    runs,
  }
}

function countKinds(runs: readonly AddressRun[]): BlockStatus['counts'] {
  const counts: Partial<Record<AddressKind, number>> = {}
  for (const { kind, count } of runs) counts[kind] = (counts[kind] ?? 0) + count
  return counts
}

function compareBlocks(a: BlockStatus, b: BlockStatus): number {
  const [x, y] = [toPlace(a), toPlace(b)]
  if (x === y) return a.id < b.id ? -1 : 1
  if (x === undefined || y === undefined) return x === undefined ? 1 : -1
  return x < y ? -1 : 1
}

/** IPv4 first. */
function toPlace({ cidr }: BlockStatus): bigint | undefined {
  const range = cidr === undefined ? undefined : parseCidr(cidr)
  return range && (range.family === 'IPv6' ? 1n << 128n : 0n) + range.first
}
