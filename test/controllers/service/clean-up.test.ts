import t from 'tap'
import type { ClaimState } from '../../../shared/controllers/address/contract.ts'
import { planUnserved, type Unserved } from '../../../shared/controllers/service/clean-up.ts'
import { toKnowledge } from '../../../shared/controllers/service/decide.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { A } from '../address/_allocations.ts'
import { makeClaim, makeView, WEB } from '../address/_view.ts'
import { fakeAnnouncer, makeService } from './_service.ts'

const CONTEXT = { settings: SERVICE_SETTINGS, announcer: fakeAnnouncer }

/** What becomes of a claim of `default/web`, as `release: why`; undefined: nothing. */
function plan(unserved: Unserved, state: ClaimState, serviceUid?: string): string | undefined {
  const view = makeView({ blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state, serviceUid })] })
  const input = { context: CONTEXT, knowledge: toKnowledge(view, CONTEXT), book: view.book }
  const [ended] = planUnserved(input, WEB, unserved)
  return ended && `${ended.decision.do}: ${ended.decision.why}`
}

const outside = { spec: { type: 'LoadBalancer', loadBalancerIP: '192.0.2.1' } }
const foreign = { kind: 'handsOff', service: makeService(outside) } as const
const unknown = { kind: 'ignore', service: makeService(outside) } as const

t.test('an address in use goes to its rest where its Service is another one, which others serve', async t => {
  const why = 'release: its Service does not use it any more'
  t.equal(plan(foreign, 'active', 'uid-of-another'), why)
  t.equal(plan(foreign, 'active'), why, 'nobody knows whose it was')
})

t.test('it stays while it is not known what the Service is', async t => {
  t.equal(plan(unknown, 'active', 'uid-of-another'), undefined)
  t.equal(plan(unknown, 'active', 'uid-of-web'), undefined)
})

t.test('it goes to its rest with its Service', async t => {
  t.equal(plan('absent', 'active', 'uid-of-web'), 'release: its Service has gone')
  const service = makeService({ spec: { type: 'ClusterIP' } })
  const why = 'release: its Service is of another type now'
  t.equal(plan({ kind: 'ignore', service }, 'active', 'uid-of-web'), why)
})

t.test('what is not in use has its time, whoever has the name', async t => {
  for (const unserved of [foreign, unknown, 'absent'] as const) {
    t.equal(plan(unserved, 'unconfirmed'), undefined, 'somebody may be on his way')
    t.equal(plan(unserved, 'retained'), undefined, 'it is kept for the name')
  }
})
