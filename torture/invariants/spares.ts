import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { type AddressView, liesIn, tagOf } from '../../test/support/services.ts'
import { countFreeFor } from './purchases.ts'

/** What tells whether a block is kept for nothing. */
export interface Holdings {
  /** Of this cluster. */
  readonly blocks: readonly IpBlock[]
  /** Claims and gates. */
  readonly addresses: readonly AddressView[]
  readonly networkId: string
  /** IPv4 addresses that are to stay free. */
  readonly minFree: number
}

/** Blocks that nobody uses and without each of which enough addresses would still be free. */
export function findSurplus({ blocks, addresses, networkId, minFree }: Holdings): readonly IpBlock[] {
  const names = addresses.flatMap(({ address, service }) => (service === undefined ? [] : address))
  const isOpen = ({ id }: IpBlock): boolean =>
    addresses.some(
      ({ service, blockId, state }) => service === undefined && blockId === id && state === 'open',
    )
  const open = blocks.filter(
    block =>
      block.status === 'assigned' &&
      block.assignedResourceId === networkId &&
      tagOf(block, 'delete') === undefined &&
      isOpen(block),
  )
  const countWithout = (block: IpBlock): number =>
    open
      .filter(other => other !== block && other.ipVersion === block.ipVersion)
      .reduce((sum, other) => sum + countFreeFor(undefined, other, names), 0)
  const isSpare = (block: IpBlock): boolean => block.ipVersion.endsWith('6') || countWithout(block) >= minFree
  return open.filter(block => !names.some(name => liesIn(name, block.cidr)) && isSpare(block))
}
