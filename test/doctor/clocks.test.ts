import t from 'tap'
import { CHECKS } from '../../shared/doctor/checks.ts'
import type { Facts } from '../../shared/doctor/facts.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

const MINUTE = 60_000
const clock = createTurnableClock()

/** What each clock check finds, where BMC and the API server are so far ahead of this machine. */
async function look(bmcMs: number | undefined, clusterMs: number): Promise<Record<string, string>> {
  const now = clock.now()
  const date = bmcMs === undefined ? undefined : now + bmcMs
  const facts = {
    clock,
    credentials: async () => ({ date }),
    kube: () => ({ request: async () => ({ date: now + clusterMs }) }),
  } as unknown as Facts
  const found: Record<string, string> = {}
  for (const check of CHECKS.filter(({ code }) => code.startsWith('clock-'))) {
    const { status, fact } = await check.run(facts)
    found[check.code] = `${status}: ${fact}`
  }
  return found
}

const CASES: readonly [name: string, bmcMs: number | undefined, clusterMs: number, found: object][] = [
  [
    'all agree',
    0,
    1000,
    {
      'clock-cluster': 'ok: the API server is 1s ahead of this machine',
      'clock-bmc': 'ok: BMC is 0s ahead of this machine',
      'clock-apart': 'ok: BMC is 1s behind the API server',
    },
  ],
  [
    'this machine is off',
    5 * MINUTE,
    5 * MINUTE,
    {
      'clock-cluster': 'fail: the API server is 5m ahead of this machine',
      'clock-bmc': 'fail: BMC is 5m ahead of this machine',
      'clock-apart': 'ok: BMC is 0s ahead of the API server',
    },
  ],
  [
    'each is off a little, and both too much',
    20_000,
    -20_000,
    {
      'clock-cluster': 'ok: the API server is 20s behind this machine',
      'clock-bmc': 'ok: BMC is 20s ahead of this machine',
      'clock-apart': 'fail: BMC is 40s ahead of the API server',
    },
  ],
  [
    'BMC tells no time',
    undefined,
    0,
    {
      'clock-cluster': 'ok: the API server is 0s ahead of this machine',
      'clock-bmc': 'unknown: BMC tells no time',
      'clock-apart': 'unknown: BMC tells no time',
    },
  ],
]
for (const [name, bmcMs, clusterMs, found] of CASES)
  t.test(name, async t => t.strictSame(await look(bmcMs, clusterMs), found))
