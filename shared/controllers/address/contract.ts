import type { AddressBlock, IPFamily, ServiceRef } from '../../cloud-provider/load-balancer.ts'

/**
 * `unconfirmed`: made for a Service that is not known to use it yet; `active`: a Service has it; `released`: it rests,
 * and only the same namespace and name gets it back; `retained`: as released, but for good.
 */
export type ClaimState = 'unconfirmed' | 'active' | 'released' | 'retained'

/** An address in use: one IPAddress object whose parent is a Service. */
export interface Claim {
  /** Canonical; the object's name. */
  readonly address: string
  readonly family: IPFamily
  readonly service: ServiceRef
  readonly state: ClaimState
  /** Since when it is in this state, in milliseconds since 1970. */
  readonly since: number
  /** Undefined while the Service has none that is known. */
  readonly serviceUid: string | undefined
  readonly blockId: string
  /** How long a released one rests, in milliseconds. */
  readonly restMs: number | undefined
  /** Why it was released, for people. */
  readonly why: string | undefined
  /** Of the IPAddress object. */
  readonly uid: string
  readonly resourceVersion: string
}

/**
 * Whether addresses of a block may be claimed: one IPAddress object named by the block's network address, whose parent
 * is the inventory. A block without a gate is closed.
 */
export interface Gate {
  /** Network address of the block; the object's name. */
  readonly address: string
  readonly blockId: string
  /**
   * `closing`: it is being found out whether the block is in use, and if so it opens again; `closed`: no claim lay in it
   * after it had stopped being open. It is never opened again and the block is given back.
   */
  readonly state: 'open' | 'closing' | 'closed'
  readonly since: number
  /** Since when no claim lies in the block, in milliseconds since 1970; undefined while one does. */
  readonly unusedSince: number | undefined
  readonly uid: string
  readonly resourceVersion: string
}

/** All IPAddress objects of ours, read consistently at one moment. */
export interface AddressBook {
  readonly claims: readonly Claim[]
  readonly gates: readonly Gate[]
  /** Names of objects with our label that cannot be understood: their addresses are not given to anybody. */
  readonly unreadable: readonly string[]
  /** The API server's time of this reading, in milliseconds since 1970. */
  readonly now: number
}

/** What addresses are chosen from: the cloud's side as last seen (inventory or live), and what must not be given. */
export interface AddressSource {
  /** Assigned blocks of this cluster that are not being given back. */
  readonly blocks: readonly AddressBlock[]
  readonly location: string
  /** Addresses of servers on the network, canonical. */
  readonly memberAddresses: readonly string[]
}
