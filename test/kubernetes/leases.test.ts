import t from 'tap'
import { isHeld, type LeaseHold } from '../../shared/kubernetes/leases.ts'

const HOLD: LeaseHold = {
  now: 100_000,
  holder: 'a',
  acquiredAt: 60_000,
  limitMs: 50_000,
}
const HELD: readonly [name: string, change: Partial<LeaseHold>, held: boolean][] = [
  ['within its limit', {}, true],
  ['at its limit', { acquiredAt: 50_000 }, false],
  ['over its limit', { acquiredAt: 1 }, false],
  ['without a holder', { holder: undefined }, false],
  ['without a time', { acquiredAt: undefined }, false],
  ['without a limit', { limitMs: 0 }, false],
  ['taken a little in the future (another API server’s clock)', { acquiredAt: 101_000 }, true],
  ['taken almost a minute in the future', { acquiredAt: 159_999 }, true],
  ['taken a minute in the future (a clock that was set back)', { acquiredAt: 160_000 }, false],
]
for (const [name, change, held] of HELD)
  t.test(`a Lease is ${held ? 'held' : 'free'}: ${name}`, async t => {
    t.equal(isHeld({ ...HOLD, ...change }), held)
  })
