import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import {
  type ClaimCircumstances,
  type ClaimService,
  decideClaim,
} from '../../../shared/controllers/address/lifecycle.ts'
import { makeClaim, NOW, REST_SETTINGS } from './_view.ts'

const MINUTE = 60_000
const service = (fields: Partial<ClaimService>): ClaimService => ({
  uid: 'uid-of-web',
  cleanUp: 'deleted',
  retain: false,
  isKept: false,
  uses: () => false,
  ...fields,
})
const active = makeClaim('203.0.113.3', 'a')
const kept = service({ isKept: true })
const held = (ageMs: number, fields: Partial<Claim> = {}) =>
  makeClaim('203.0.113.3', 'a', { state: 'released', since: NOW - ageMs, restMs: MINUTE, ...fields })
const CASES: readonly [
  name: string,
  claim: Claim,
  circumstances: Pick<ClaimCircumstances, 'service'> & Partial<ClaimCircumstances>,
  decided: object,
][] = [
  ['active, deleted, kept by others', active, { service: kept }, { do: 'release', heldBy: 'uid-of-web' }],
  [
    'active, deleted',
    active,
    { service: service({}) },
    { do: 'release', heldBy: undefined, why: 'its Service is deleted' },
  ],
  ['retained by one that others keep', active, { service: { ...kept, retain: true } }, { do: 'retain' }],
  [
    'held by a deleted Service, however long ago its rest was over',
    held(1000 * MINUTE),
    { service: kept },
    { do: 'keep', why: 'its Service is deleted, and still there' },
  ],
  [
    'held until now: its rest begins, however old it is',
    held(1000 * MINUTE),
    { service: 'absent' },
    { do: 'release', restMs: MINUTE, why: 'its Service has gone', heldBy: undefined },
  ],
  [
    'held until another Service of its name came, which does not want it',
    held(0, { restMs: undefined }),
    { service: service({ uid: 'another', cleanUp: undefined }) },
    { do: 'release', restMs: 10 * MINUTE },
  ],
  ['held in a block that has gone', held(0), { service: kept, isBlockGone: true }, { do: 'free' }],
]

for (const [name, claim, circumstances, decided] of CASES)
  t.test(name, async t => {
    const found = decideClaim(claim, {
      isBlockGone: false,
      now: NOW,
      settings: REST_SETTINGS,
      ...circumstances,
    })
    t.match(found, decided)
  })
