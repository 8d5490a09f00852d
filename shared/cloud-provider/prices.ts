import type { CloudCall } from './contract.ts'

/** A block of public addresses, as far as its price goes. */
export interface PricedBlock {
  readonly prefixLength: number
  /** Undefined where it is not known: then a price counts that is the same everywhere. */
  readonly location: string | undefined
}

/** What blocks cost. */
export interface BlockPrices {
  /** US dollars for 730 hours of an IPv4 block; undefined where the cloud names no price for it, or several. */
  monthly(block: PricedBlock): number | undefined
}

/** Prices of what a plan buys and gives back. */
export interface Prices {
  /** @throws CcmError BMC_* where they cannot be had */
  readBlockPrices(call?: CloudCall): Promise<BlockPrices>
}
