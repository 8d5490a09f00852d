import t from 'tap'
import { observeProcess } from '../../functions/metrics-process.ts'
import { createRegistry } from '../../shared/metrics/registry.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { parseMetrics } from '../metrics/_parse.ts'

t.test('a process tells of itself and of its way to the cloud', async t => {
  const registry = createRegistry()
  const clock = createTurnableClock(1_000_000)
  const cloud: { since: number | undefined; until: number | undefined } = { since: undefined, until: 5 }
  observeProcess(registry, {
    version: '1.2.3',
    clock,
    lagMs: () => 20,
    cloud: { unreachableSince: () => cloud.since, limitedUntil: () => cloud.until },
  })
  const read = (): ReadonlyMap<string, number> => parseMetrics(registry.read())
  const first = read()
  t.match(Object.fromEntries(first), {
    'phoenixnap_ccm_build_info{version="1.2.3"}': 1,
    process_start_time_seconds: 1000,
    phoenixnap_ccm_resync_last_complete_timestamp_seconds: 1000,
    nodejs_eventloop_lag_seconds: 0.02,
    phoenixnap_ccm_bmc_up: 1,
    phoenixnap_ccm_bmc_limited: 1,
  })
  cloud.since = 3
  cloud.until = undefined
  const second = read()
  t.match(Object.fromEntries(second), { phoenixnap_ccm_bmc_up: 0, phoenixnap_ccm_bmc_limited: 0 })
  const cpu = second.get('process_cpu_seconds_total') ?? 0
  const { user, system } = process.cpuUsage()
  t.ok(cpu > 0 && cpu <= (user + system) / 1e6, 'not the sum of all readings')
  t.ok((second.get('process_resident_memory_bytes') ?? 0) > (second.get('nodejs_heap_size_used_bytes') ?? 0))
})

t.test('where no cloud is known it is taken to be there', async t => {
  const registry = createRegistry()
  const parts = { version: '', clock: createTurnableClock(), lagMs: () => 0, cloud: undefined }
  observeProcess(registry, parts)
  t.equal(parseMetrics(registry.read()).get('phoenixnap_ccm_bmc_up'), 1)
})
