import t from 'tap'
import { ageOf } from '../../../../shared/simulator/kubernetes/print/age.ts'

const NOW = Date.UTC(2026, 0, 1)
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]

const AGES: readonly (readonly [seconds: number, text: string])[] = [
  [0, '0s'],
  [119, '119s'],
  [2 * MINUTE, '2m'],
  [5 * MINUTE + 30, '5m30s'],
  [10 * MINUTE + 30, '10m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [9 * HOUR + 5 * MINUTE, '9h'],
  [47 * HOUR, '47h'],
  [2 * DAY, '2d'],
  [3 * DAY + 4 * HOUR, '3d4h'],
  [9 * DAY + 4 * HOUR, '9d'],
  [500 * DAY, '500d'],
  [3 * 365 * DAY + 5 * DAY, '3y5d'],
  [9 * 365 * DAY, '9y'],
  [-5, '<invalid>'],
]

for (const [seconds, text] of AGES)
  t.test(`${seconds} seconds are ${text}`, async t => {
    t.equal(ageOf(new Date(NOW - seconds * 1000).toISOString(), NOW), text)
  })

t.test('no timestamp is unknown', async t => {
  t.equal(ageOf(undefined, NOW), '<unknown>')
  t.equal(ageOf('', NOW), '<unknown>')
})
