import t from 'tap'
import { toEmbedded } from '../../shared/metrics/embedded.ts'
import { createRecorder } from '../../shared/metrics/recorder.ts'

const TARGET = { namespace: 'ccm/prod', functionName: 'resync', now: 1_767_225_600_000 }

const parse = (lines: readonly string[]): unknown[] => lines.map(line => JSON.parse(line))

t.test('one line for each set of dimensions', async t => {
  const recorder = createRecorder()
  const { measure } = recorder
  measure('phoenixnap_ccm_resync_passes_total', { state: 'complete' })
  measure('phoenixnap_ccm_claims', { state: 'active' }, 4)
  measure('phoenixnap_ccm_claims', { state: 'active' }, 3)
  measure('phoenixnap_ccm_claims', { state: 'released' }, 0)
  measure('phoenixnap_ccm_resync_duration_seconds', {}, 1.5)
  measure('service_controller_loadbalancer_sync_total', {})
  measure('service_controller_loadbalancer_sync_total', {})
  const line = (labels: object, values: object, units: Record<string, string>) => ({
    _aws: {
      Timestamp: TARGET.now,
      CloudWatchMetrics: [
        {
          Namespace: 'ccm/prod',
          Dimensions: [['function', ...Object.keys(labels)]],
          Metrics: Object.entries(units).map(([Name, Unit]) => ({ Name, Unit })),
        },
      ],
    },
    function: 'resync',
    ...labels,
    ...values,
  })
  t.strictSame(parse(toEmbedded(recorder.take(), TARGET)), [
    line(
      { state: 'complete' },
      { phoenixnap_ccm_resync_passes_total: 1 },
      { phoenixnap_ccm_resync_passes_total: 'Count' },
    ),
    line({ state: 'active' }, { phoenixnap_ccm_claims: 3 }, { phoenixnap_ccm_claims: 'Count' }),
    line({ state: 'released' }, { phoenixnap_ccm_claims: 0 }, { phoenixnap_ccm_claims: 'Count' }),
    line(
      {},
      { phoenixnap_ccm_resync_duration_seconds: [1.5], service_controller_loadbalancer_sync_total: 2 },
      {
        phoenixnap_ccm_resync_duration_seconds: 'Seconds',
        service_controller_loadbalancer_sync_total: 'Count',
      },
    ),
  ])
  t.strictSame(recorder.take(), [], 'and what was taken is told once')
})

t.test('more than a hundred values go into further lines', async t => {
  const recorder = createRecorder()
  const { measure } = recorder
  for (let second = 0; second < 205; second += 1)
    measure('phoenixnap_ccm_service_address_delay_seconds', {}, second)
  measure('service_controller_loadbalancer_sync_total', {}, 7)
  const lines = parse(toEmbedded(recorder.take(), TARGET)) as Record<string, unknown>[]
  t.strictSame(
    lines.map(line => [
      (line['phoenixnap_ccm_service_address_delay_seconds'] as number[]).length,
      line['service_controller_loadbalancer_sync_total'],
    ]),
    [
      [100, 7],
      [100, undefined],
      [5, undefined],
    ],
  )
})

t.test(
  'no name and no secret becomes a dimension, and what costs more than it tells is left out',
  async t => {
    const recorder = createRecorder()
    const { measure } = recorder
    measure('phoenixnap_ccm_problems_total', { code: 'hunter2' })
    measure('rest_client_requests_total', { method: 'GET', code: '200' })
    measure('rest_client_request_duration_seconds', { verb: 'GET' }, 1)
    t.match(parse(toEmbedded(recorder.take(), TARGET)), [{ code: 'other', phoenixnap_ccm_problems_total: 1 }])
  },
)

t.test('a process that is never asked fills no memory', async t => {
  const recorder = createRecorder()
  const { measure } = recorder
  for (let index = 0; index < 20_000; index += 1) measure('service_controller_loadbalancer_sync_total', {})
  t.equal(recorder.take().length, 10_000)
})
