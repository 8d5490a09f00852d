import type { AddressBlock } from '../../../shared/cloud-provider/load-balancer.ts'
import { decideGates, type GateInput } from '../../../shared/controllers/address/blocks.ts'
import type { Claim, Gate } from '../../../shared/controllers/address/contract.ts'
import { toExpectedBlocks } from '../../../shared/controllers/address/source.ts'
import { makeBlock, makeSupply, NOW } from './_blocks.ts'

const GRACE_MS = 600_000
export const OLD = NOW - GRACE_MS
export const YOUNG = OLD + 1

export const makeGate = (change: Partial<Gate> = {}): Gate => ({
  address: '203.0.113.0',
  blockId: 'b1',
  state: 'open',
  since: 0,
  unusedSince: undefined,
  uid: 'uid',
  resourceVersion: '1',
  ...change,
})

export const makeClaim = (change: Partial<Claim> = {}): Claim => ({
  address: '203.0.113.2',
  family: 'IPv4',
  service: { namespace: 'default', name: 'web' },
  state: 'active',
  since: 0,
  serviceUid: 'u1',
  blockId: 'b1',
  restMs: undefined,
  why: undefined,
  uid: 'uid',
  resourceVersion: '1',
  ...change,
})

/** What `decideGates` is given: block b1, assigned, unless told otherwise. */
export interface Case {
  readonly blocks?: readonly AddressBlock[]
  readonly gates?: readonly Gate[]
  readonly claims?: readonly Claim[]
  readonly unreadable?: readonly string[]
  readonly rules?: Partial<GateInput>
}

export function decide({
  blocks = [makeBlock('b1')],
  gates = [],
  claims = [],
  unreadable = [],
  rules,
}: Case) {
  const input = { now: NOW, graceMs: GRACE_MS, minFree: 0, needed: new Set<string>(), countFree: () => 5 }
  const book = { claims, gates, unreadable, now: NOW }
  const judged = new Set(toExpectedBlocks(book))
  return decideGates({ book, supply: makeSupply(blocks), judged, ...input, ...rules })
}

/** As `open b1`; a removal names the gate's block. */
export const told = (given: Case): string[] =>
  decide(given).actions.map(
    action => `${action.do} ${action.do === 'remove' ? action.gate.blockId : action.block.id}`,
  )
