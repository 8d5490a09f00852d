import type { Clock } from '../../clock.ts'
import type { Settings } from './settings.ts'
import type { IpBlock, PublicNetwork, QuotaEditRequest, Seed, Server } from './types.ts'

/** A tag of an account, without what is derived from its uses. */
export interface TagRow {
  readonly id: string
  readonly name: string
  readonly description?: string
  readonly isBillingTag: boolean
}

/** A tag on an object, by id, so that it follows when the tag is renamed. */
export interface TagLink {
  readonly tagId: string
  readonly value?: string
}

/** An object of the store. `data` is replaced, never changed, so that what was read stays as it was. */
export interface Row<T> {
  data: T
  /** Fields answered otherwise than `data` has them: null, or left out (undefined). */
  readonly odd: Record<string, null | undefined>
  tags: readonly TagLink[]
}

export type ServerRow = Row<Omit<Server, 'tags'>>
export type BlockRow = Row<Omit<IpBlock, 'tags'>>
/** A public network knows its blocks by id; cidr and count come from the blocks when it is shown. */
export interface NetworkRow extends Row<Omit<PublicNetwork, 'ipBlocks'>> {
  blockIds: readonly string[]
}

/** Everything that one customer owns. */
export interface Account {
  readonly id: string
  readonly servers: Map<string, ServerRow>
  readonly blocks: Map<string, BlockRow>
  readonly networks: Map<string, NetworkRow>
  readonly tags: Map<string, TagRow>
  readonly quotaLimits: Map<string, number>
  readonly quotaRequests: Map<string, QuotaEditRequest[]>
}

/** The whole simulated cloud. Time passes in it only when it is looked at. */
export interface World {
  readonly settings: Settings
  /** What is left of a product (block size or server type) in a location; no entry: plenty. */
  readonly stock: Map<string, number>
  /** How many of the next assignments and unassignments end in an error. */
  readonly failing: { assignments: number; unassignments: number }
  account(id: string): Account
  /** Milliseconds; while a change that was due runs, the moment it was due. */
  now(): number
  timestamp(): string
  /** Runs `change` when the clock has moved on by `ms`; at once when `ms` is 0. */
  schedule(ms: number, change: () => void): void
  /** Runs, in order, every change that is due by now. */
  advance(): void
  nextId(): string
  /** 1, 2, 3 … for each name. */
  count(name: string): number
}

interface Due {
  readonly at: number
  readonly change: () => void
}

/** Ids look as the real ones do: 24 hexadecimal digits. */
const FIRST_ID = 0x65a1_0000_0000_0000_0000_0001n

/** @param steady by which changes are due, where the clock that tells the time may be set otherwise */
export function createWorld(clock: Clock, settings: Settings, steady: Clock = clock): World {
  const accounts = new Map<string, Account>()
  const counters = new Map<string, number>()
  let dues: Due[] = []
  let running: number | undefined
  const due = (): number => running ?? steady.now()
  const now = (): number => due() + clock.now() - steady.now()

  function count(name: string): number {
    const next = (counters.get(name) ?? 0) + 1
    counters.set(name, next)
    return next
  }

  function advance(): void {
    if (running !== undefined) return
    const end = steady.now()
    while (dues[0] !== undefined && dues[0].at <= end) {
      const [next, ...rest] = dues
      dues = rest
      running = next.at
      next.change()
      running = undefined
    }
  }

  function schedule(ms: number, change: () => void): void {
    if (ms <= 0) {
      change()
      return
    }
    const at = due() + ms
    const index = dues.findIndex(other => other.at > at)
    dues.splice(index === -1 ? dues.length : index, 0, { at, change })
  }

  function account(id: string): Account {
    const known = accounts.get(id) ?? emptyAccount(id)
    accounts.set(id, known)
    return known
  }

  return {
    settings,
    stock: new Map(),
    failing: { assignments: 0, unassignments: 0 },
    account,
    now,
    timestamp: () => new Date(now()).toISOString(),
    schedule,
    advance,
    nextId: () => (FIRST_ID + BigInt(count('id'))).toString(16),
    count,
  }
}

function emptyAccount(id: string): Account {
  return {
    id,
    servers: new Map(),
    blocks: new Map(),
    networks: new Map(),
    tags: new Map(),
    quotaLimits: new Map(),
    quotaRequests: new Map(),
  }
}

export const newRow = <T>(data: T): Row<T> => ({ data, odd: {}, tags: [] })

/** Changes some fields of a row; see Seed for null and undefined. */
export function applySeed<T extends object>(row: Row<T>, seed: Seed<T>): void {
  const known: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(seed)) {
    if (value === null || value === undefined) row.odd[name] = value
    else {
      delete row.odd[name]
      known[name] = value
    }
  }
  row.data = { ...row.data, ...known }
}

/** Takes one of a product out of the stock of a location; false when none is left. */
export function takeFromStock(world: World, location: string, product: string): boolean {
  const key = `${location} ${product}`
  const left = world.stock.get(key)
  if (left === 0) return false
  if (left !== undefined) world.stock.set(key, left - 1)
  return true
}
