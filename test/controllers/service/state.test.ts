import t from 'tap'
import type {
  Allocation,
  FamilyAllocation,
  Settlement,
} from '../../../shared/controllers/address/allocation.ts'
import type { AddressHistory } from '../../../shared/controllers/service/history.ts'
import { isOnHold, toConfirm, toServiceState } from '../../../shared/controllers/service/state.ts'
import { makeClaim, NOW } from '../address/_view.ts'

const CLAIM = makeClaim('203.0.113.2', 'a')
const SINCE = '2026-03-01T12:00:00.000Z'
const family = (otherwise: FamilyAllocation['otherwise'], keep?: typeof CLAIM): FamilyAllocation => ({
  family: 'IPv4',
  required: true,
  keep,
  candidates: [],
  otherwise,
})
const allocationOf = (...families: FamilyAllocation[]): Allocation => ({
  families,
  own: [],
  broken: [],
  problems: [],
  live: [],
})
const settlement = (change: Partial<Settlement>): Settlement => ({
  kind: 'wait',
  addresses: [],
  claims: [],
  surplus: [],
  lacking: [],
  why: '',
  ...change,
})
const hadNothing: AddressHistory = { assigned: [], live: [], isServed: false, held: [] }
const had: AddressHistory = {
  assigned: ['203.0.113.2'],
  live: [],
  isServed: false,
  held: ['203.0.113.2', '192.0.2.1'],
}

t.test('one that has its addresses is served with these', async t => {
  const served = settlement({ kind: 'serve', addresses: ['203.0.113.3'] })
  t.strictSame(toServiceState(served, allocationOf(family('onHold')), had, NOW), {
    kind: 'serve',
    addresses: ['203.0.113.3'],
  })
})

t.test('one whose own address comes back remembers it, any other forgets what we chose', async t => {
  const remember = { kind: 'wait', since: SINCE, remember: ['203.0.113.2'] }
  const forget = { kind: 'wait', since: SINCE, forget: ['203.0.113.2'] }
  t.strictSame(toServiceState(settlement({}), allocationOf(family('onHold')), had, NOW), remember)
  t.strictSame(toServiceState(settlement({}), allocationOf(family('full')), had, NOW), forget)
  t.strictSame(toServiceState(settlement({}), allocationOf(family('onHold')), hadNothing, NOW), {
    kind: 'wait',
    since: SINCE,
    forget: [],
  })
})

t.test('an own address is on hold where one family has nothing to keep meanwhile', async t => {
  t.ok(isOnHold(allocationOf(family('onHold'))))
  t.ok(isOnHold(allocationOf(family('full'), family('onHold'))))
  t.notOk(isOnHold(allocationOf(family('onHold', CLAIM))))
  t.notOk(isOnHold(allocationOf(family('full'), family('refused'))))
  t.notOk(isOnHold(allocationOf()))
})

t.test('confirmed is what the Service as it is stored does not have in use yet', async t => {
  const unconfirmed = makeClaim('203.0.113.3', 'a', { state: 'unconfirmed' })
  const released = makeClaim('203.0.113.4', 'a', { state: 'released' })
  const former = makeClaim('203.0.113.5', 'a', { serviceUid: 'uid-of-a-former-web' })
  const claims = [CLAIM, unconfirmed, released, former]
  const uid = { uid: 'uid-of-web', resourceVersion: '10' }
  const all = claims.map(({ address }) => address)
  t.strictSame(toConfirm(settlement({ claims }), uid, all), [unconfirmed, released, former])
  t.strictSame(toConfirm(settlement({ kind: 'serve', claims }), uid, []), claims, 'and what makes it live')
  const written = makeClaim(CLAIM.address, 'a', { resourceVersion: '11' })
  const since = settlement({ kind: 'serve', claims: [written] })
  t.strictSame(toConfirm(since, uid, []), [], 'but for what was written since')
  const waits = settlement({ kind: 'wait', claims: [CLAIM] })
  t.strictSame(toConfirm(waits, uid, []), [], 'one that goes on waiting is not written again')
})
