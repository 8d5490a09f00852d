import t from 'tap'
import type { DayReport } from '../../torture/soak/contract.ts'
import { soak } from '../../torture/soak/soak.ts'
import { toDayLine, toEndText } from '../../torture/soak/table.ts'
import { toTrend } from '../../torture/soak/trend.ts'

t.setTimeout(300_000)

const MB = 1e6

t.test('two days of churn leave nothing behind', async t => {
  const { days, end } = await soak({ seed: 1, days: 2, nodes: 50, services: 30, intervalMs: 600_000 })
  t.equal(days.length, 2)
  t.strictSame(
    days.flatMap(({ orphans }) => orphans),
    [],
  )
  t.strictSame(end.faults, [])
  for (const kind of ['BMC away', 'handler ended', 'handler killed']) t.ok(end.kinds[kind], kind)
  for (const { day, requests, passes, actions, nodes, services, balancers } of days) {
    t.ok(requests.cluster.requests > 0 && requests.cloud.requests > 0, `day ${day}: both sides were asked`)
    t.ok(passes > 0 && actions > 0 && nodes > 0 && services > 0 && balancers > 0, `day ${day}: it is alive`)
  }
})

const toDays = (heaps: readonly number[]): DayReport[] =>
  heaps.map((heap, index) => ({ ...EMPTY, day: index + 1, heap }))
const EMPTY: DayReport = {
  day: 0,
  heap: 0,
  requests: {
    cluster: { requests: 48, writes: 5, leases: 3 },
    cloud: { requests: 24, writes: 2, leases: 0 },
  },
  actions: 7,
  passes: 9,
  nodes: 50,
  services: 30,
  balancers: 8,
  waiting: 1,
  blocks: 2,
  claims: 11,
  gates: 6,
  orphans: ['claim 192.0.2.1 of web'],
}

t.test('a heap that grows is told from one that swings', async t => {
  const swinging = toTrend(toDays([50, 90, 100, 104, 97, 102, 99, 101, 98, 100].map(heap => heap * MB)))
  t.match(swinging, { days: 8, isFlat: true }, 'the first days are not counted')
  const growing = toTrend(toDays(Array.from({ length: 30 }, (_, day) => (100 + day) * MB)))
  t.match(growing, { slope: MB, isFlat: false })
  t.match(toEndText({ faults: ['b'], kinds: {} }, growing), /slope 1000.0 KB a day.*IT GROWS/)
  t.match(toTrend([]), { slope: 0, days: 0 })
})

t.test('a day is one line, and its orphans', async t => {
  const [line, orphan] = toDayLine({ ...EMPTY, day: 3, heap: 12.34 * MB }).split('\n')
  t.match(line, /^ +3 +12\.3 +2\.0 +1\.0 +5 +3 +2 +9 +7 +50 +30 +8 +1 +2 +11 +6 +1$/)
  t.match(orphan, /claim 192\.0\.2\.1 of web/)
})
