import t from 'tap'
import type { Definition, MetricName } from '../../shared/metrics/contract.ts'
import { METRICS } from '../../shared/metrics/definitions.ts'
import { createRegistry } from '../../shared/metrics/registry.ts'
import { parseMetrics } from './_parse.ts'

const DEFINITIONS = Object.entries<Definition>(METRICS)

t.test('every series whose labels are known stands with 0 from the start', async t => {
  const samples = parseMetrics(createRegistry().read())
  t.strictSame([...new Set(samples.values())], [0])
  const missing = DEFINITIONS.filter(([name, { type, labels }]) => {
    if (Object.values(labels).includes(null)) return false
    const row = type === 'histogram' ? `${name}_count` : name
    return ![...samples.keys()].some(key => key === row || key.startsWith(`${row}{`))
  })
  t.strictSame(missing, [])
})

t.test('counters grow, gauges are set, histograms sort into buckets that hold all below', async t => {
  const registry = createRegistry()
  const { measure } = registry
  measure('cloud_controller_manager_operations_total', { op: 'Node/initialise' })
  measure('cloud_controller_manager_operations_total', { op: 'Node/initialise' }, 2)
  measure('phoenixnap_ccm_claims', { state: 'active' }, 7)
  measure('phoenixnap_ccm_claims', { state: 'active' }, 5)
  for (const seconds of [0, 1, 2, 3000]) measure('phoenixnap_ccm_service_address_delay_seconds', {}, seconds)
  const samples = parseMetrics(registry.read())
  const name = 'phoenixnap_ccm_service_address_delay_seconds'
  t.strictSame(
    {
      op: samples.get('cloud_controller_manager_operations_total{op="Node/initialise"}'),
      claims: samples.get('phoenixnap_ccm_claims{state="active"}'),
      buckets: [...samples].filter(([key]) => key.startsWith(name)),
    },
    {
      op: 3,
      claims: 5,
      buckets: [
        [`${name}_bucket{le="1"}`, 2],
        [`${name}_bucket{le="4"}`, 3],
        [`${name}_bucket{le="16"}`, 3],
        [`${name}_bucket{le="64"}`, 3],
        [`${name}_bucket{le="256"}`, 3],
        [`${name}_bucket{le="1024"}`, 3],
        [`${name}_bucket{le="+Inf"}`, 4],
        [`${name}_sum`, 3003],
        [`${name}_count`, 4],
      ],
    },
  )
})

t.test('what is no value of a label is counted as other: no name and no secret becomes one', async t => {
  const registry = createRegistry()
  const before = parseMetrics(registry.read()).size
  for (const state of ['hunter2', 'default/web', 'a"b\\c\nd'])
    registry.measure('phoenixnap_ccm_claims', { state }, 1)
  registry.measure('phoenixnap_ccm_problems_total', { code: 'hunter2' })
  const text = registry.read()
  t.notMatch(text, /hunter2|default\/web/)
  t.equal(parseMetrics(text).size, before + 2)
  t.equal(parseMetrics(text).get('phoenixnap_ccm_claims{state="other"}'), 1)
})

t.test('the version, which the program says itself, is escaped', async t => {
  const registry = createRegistry()
  registry.measure('phoenixnap_ccm_build_info', { version: '1.0"\\\n' })
  t.match(registry.read(), 'phoenixnap_ccm_build_info{version="1.0\\"\\\\\\n"} 1\n')
})

t.test('no clock that is set back makes a sum smaller, and what is no number is not taken', async t => {
  const registry = createRegistry()
  registry.measure('phoenixnap_ccm_resync_duration_seconds', {}, -5)
  registry.measure('phoenixnap_ccm_resync_duration_seconds', {}, Number.NaN)
  registry.measure('process_cpu_seconds_total', {}, -1)
  const samples = parseMetrics(registry.read())
  t.equal(samples.get('phoenixnap_ccm_resync_duration_seconds_sum'), 0)
  t.equal(samples.get('phoenixnap_ccm_resync_duration_seconds_count'), 1)
  t.equal(samples.get('process_cpu_seconds_total'), 0)
})

t.test('gauges that are read when they are asked for are set before each reading', async t => {
  const registry = createRegistry()
  let up = 0
  registry.onRead(measure => measure('phoenixnap_ccm_bmc_up', {}, (up += 1)))
  registry.read()
  t.equal(parseMetrics(registry.read()).get('phoenixnap_ccm_bmc_up'), 2)
})

t.test('what another replica knows better is 0, and what this one has counted stays', async t => {
  const registry = createRegistry()
  registry.measure('phoenixnap_ccm_nodes', { state: 'waiting' }, 3)
  registry.measure('phoenixnap_ccm_bmc_up', {}, 1)
  registry.measure('phoenixnap_ccm_resync_passes_total', { state: 'busy' })
  registry.forgetPass()
  const rows = [...parseMetrics(registry.read())].filter(([, value]) => value !== 0)
  t.strictSame(rows, [
    ['phoenixnap_ccm_bmc_up', 1],
    ['phoenixnap_ccm_resync_passes_total{state="busy"}', 1],
  ])
})

t.test('definitions: names, buckets and labels as Prometheus wants them', async t => {
  const wrong = DEFINITIONS.filter(([name, { type, help, labels, buckets, start, ofPass }]) => {
    const isNamed = /^[a-z][a-z0-9_]*$/.test(name) && (type === 'counter') === name.endsWith('_total')
    const isTimed =
      (type === 'histogram') === (buckets !== undefined) && (!buckets || name.endsWith('_seconds'))
    const isSorted =
      !buckets || buckets.every((bound, index) => index === 0 || bound > (buckets[index - 1] ?? 0))
    const hasLabels = Object.keys(labels).every(label => /^[a-z]+$/.test(label) && label !== 'le')
    const values = Object.values(labels).every(list => !list || new Set(list).size === list.length)
    const startsKnown = Object.entries(start ?? {}).every(([label, list]) =>
      list.every(value => labels[label]?.includes(value)),
    )
    if (ofPass && type !== 'gauge') return true
    return !(isNamed && isTimed && isSorted && hasLabels && values && startsKnown && help.endsWith('.'))
  })
  t.strictSame(
    wrong.map(([name]) => name as MetricName),
    [],
  )
})
