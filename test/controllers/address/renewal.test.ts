import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import {
  type ClaimService,
  decideClaim,
  mayBeTaken,
  UNCONFIRMED_MS,
} from '../../../shared/controllers/address/lifecycle.ts'
import { makeClaim, NOW } from './_view.ts'

const HOUR = 3_600_000
const settings = {
  releaseQuarantineMs: HOUR,
  typeChangeQuarantineMs: 24 * HOUR,
  keepsAddressAfterTypeChange: true,
}
const claim = (state: Claim['state'], ageMs: number, fields: Partial<Claim> = {}): Claim =>
  makeClaim('203.0.113.3', 'a', { state, since: NOW - ageMs, ...fields })

const TAKEN: readonly [name: string, claim: Claim, wasUsed: boolean, may: boolean][] = [
  ['one that its Service is served with stays', claim('active', 0), true, false],
  ['one that its Service was not served with may be on its way to a rest', claim('active', 0), false, true],
  ['one that rests may be at the end of its rest', claim('released', 0), true, true],
  ['one that is kept for good is nobody’s to take', claim('retained', HOUR), false, false],
  ['one that was just made may be beyond a limit', claim('unconfirmed', 14_999), false, true],
  ['one whose review has ended stays', claim('unconfirmed', 15_000), false, false],
  ['one that waits stays', claim('unconfirmed', UNCONFIRMED_MS / 2 - 1), false, false],
  ['one that waits for long is soon freed', claim('unconfirmed', UNCONFIRMED_MS / 2), false, true],
]
for (const [name, row, wasUsed, may] of TAKEN)
  t.test(name, async t => t.equal(mayBeTaken(row, wasUsed, NOW), may))

const renewed = (ageMs: number, serviceUid?: string): Claim =>
  claim('unconfirmed', ageMs, { restMs: 2 * HOUR, serviceUid })
const decide = (row: Claim, service: 'absent' | ClaimService = 'absent') =>
  decideClaim(row, { service, isBlockGone: false, now: NOW, settings })
const changed: ClaimService = {
  uid: 'uid-of-web',
  cleanUp: 'typeChanged',
  retain: false,
  isKept: false,
  uses: () => true,
}

t.test('a renewed claim is left alone as long as its Service may be on its way', async t => {
  t.equal(decide(renewed(UNCONFIRMED_MS - 1, 'uid-of-web'), changed).do, 'keep')
  t.equal(decide(renewed(UNCONFIRMED_MS - 1)).do, 'keep')
})

t.test('one that rested goes back to its rest when its Service was rejected', async t => {
  const why = 'its Service did not come back'
  t.strictSame(decide(renewed(UNCONFIRMED_MS)), { do: 'release', restMs: 2 * HOUR, why })
})

t.test('one that was in use rests as the Service left it', async t => {
  const why = 'its Service is of another type now'
  const row = renewed(UNCONFIRMED_MS, 'uid-of-web')
  t.strictSame(decide(row, changed), { do: 'release', restMs: 24 * HOUR, why })
  t.strictSame(decide(row), { do: 'release', restMs: HOUR, why: 'its Service has gone' })
})

t.test('the Service that it was renewed for confirms it', async t => {
  const service: ClaimService = { ...changed, cleanUp: undefined }
  t.equal(decide(renewed(UNCONFIRMED_MS), service).do, 'confirm')
})
