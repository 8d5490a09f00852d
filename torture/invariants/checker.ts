import { createLives } from './addresses.ts'
import { createAnnouncementChecks } from './announcements.ts'
import { createBlockChecks } from './blocks.ts'
import { createClaimChecks } from './claims.ts'
import type { Checker, CheckerInputs, Checks, Fault, Violation } from './contract.ts'
import { createHands } from './hands.ts'
import { createIdentityChecks } from './identity.ts'
import { createKeptUpChecks } from './kept-up.ts'
import { createNodeChecks } from './nodes.ts'
import { createPurchaseChecks } from './purchases.ts'
import { createRestChecks } from './rest.ts'
import { createSecretChecks } from './secrets.ts'
import { createServiceChecks } from './services.ts'
import { createState } from './state.ts'
import { createStrangerChecks } from './strangers.ts'
import { createWishChecks } from './wishes.ts'
import { createWriteChecks } from './writes.ts'

/** Checks all invariants over a world, entry by entry, from the moment on at which it is made. */
export function createChecker(inputs: CheckerInputs): Checker {
  const state = createState(inputs)
  const hands = createHands(state)
  const lives = createLives(state, hands)
  const writes = createWriteChecks(state)
  const all: readonly Checks[] = [
    // Blocks first: who lives in them is told before this entry changes it.
    createBlockChecks(state, lives, hands),
    lives.checks,
    createClaimChecks(state, hands),
    createWishChecks(state),
    createAnnouncementChecks(state),
    createPurchaseChecks(state),
    createServiceChecks(state, hands),
    createRestChecks(state),
    createNodeChecks(state),
    createIdentityChecks(state),
    createStrangerChecks(state),
    createKeptUpChecks(state),
    writes,
    createSecretChecks(state),
  ]
  const dated = (faults: readonly Fault[]): Violation[] =>
    faults.map(fault => ({ ...fault, at: inputs.now() }))

  return {
    check(entry) {
      state.take(entry)
      hands.take(entry)
      const faults = all.flatMap(checks => checks.check?.(entry) ?? [])
      return faults.length === 0 ? [] : dated(faults)
    },
    atRest() {
      const faults = all.flatMap(checks => checks.atRest?.() ?? [])
      return dated(faults.filter(({ object, what }) => !inputs.isSpoilt?.(`${object} ${what}`)))
    },
    rest: () => writes.rest(true),
    wake: () => writes.rest(false),
    touched: id => hands.touched(id),
  }
}
