import type { SupplyBlock } from '../../shared/phoenixnap/blocks.ts'
import type { Supply } from '../../shared/phoenixnap/supply.ts'

export const NOW = Date.UTC(2026, 0, 1)
/** Longer ago than any block is waited for. */
export const LONG_MS = 16 * 60_000

/** An assigned /29, unless `change` says otherwise. */
export const block = (id: string, change: Partial<SupplyBlock> = {}): SupplyBlock => ({
  id,
  cidr: undefined,
  family: 'IPv4',
  location: 'PHX',
  state: 'assigned',
  status: 'assigned',
  usable: undefined,
  dedicatedTo: undefined,
  purchase: undefined,
  marked: false,
  onNetwork: true,
  ageMs: 0,
  prefixLength: 29,
  tags: [],
  ...change,
})

export const unassigned = { state: 'coming', status: 'unassigned', onNetwork: false } as const
export const creating = { ...unassigned, status: 'creating' } as const
export const assigning = { state: 'coming', status: 'assigning' } as const
export const broken = { state: 'failed', status: 'error assigning' } as const

export function supply(
  blocks: readonly SupplyBlock[],
  change: Partial<Supply> & { status?: string } = {},
): Supply {
  const { status = 'READY', ...rest } = change
  const on = (family: string): number => blocks.filter(b => b.onNetwork && b.family === family).length
  return {
    network: { id: 'net', location: 'PHX', status },
    blocks,
    memberAddresses: [],
    occupied: { IPv4: on('IPv4'), IPv6: on('IPv6') },
    purchases: new Set(blocks.flatMap(({ purchase }) => purchase ?? [])),
    unlisted: [],
    named: new Set(blocks.flatMap(({ id, onNetwork }) => (onNetwork ? id : []))),
    elsewhere: [],
    ...rest,
  }
}
