import t from 'tap'
import { createAdmissionHandler } from '../../functions/admission.ts'
import { createAuditHandler } from '../../functions/audit.ts'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createReconcileHandler } from '../../functions/reconcile.ts'
import { createResyncHandler } from '../../functions/resync.ts'
import { CcmError } from '../../shared/errors.ts'
import { bearer, createBackstage, EMPTY_REPORT, review, TOKEN, toControllers } from './_hosts.ts'

const ENV = {
  PNAP_CLIENT_ID: 'planted-id',
  PNAP_CLIENT_SECRET: 'planted-secret',
  PNAP_WEBHOOK_TOKEN: TOKEN,
  PNAP_RECONCILE_FUNCTION: 'reconcile',
}
const CONTEXT = { getRemainingTimeInMillis: () => 30_000 }

type Line = Readonly<Record<string, unknown>>

/** The four functions in one process, and the lines that count. */
function createBench(namespace: string) {
  const backstage = createBackstage()
  const written: string[] = []
  const state: { passes: () => Promise<typeof EMPTY_REPORT> } = { passes: async () => EMPTY_REPORT }
  const host = createFunctionHost({
    clock: backstage.clock,
    readSources: async () => ({ env: { ...ENV, PNAP_METRICS_NAMESPACE: namespace } }),
    createApp: async ({ measure }) => ({
      controllers: {
        ...toControllers(backstage),
        async resync() {
          measure?.('phoenixnap_ccm_servers', {}, 3)
          return state.passes()
        },
        reconcile: async keys =>
          keys.map(key =>
            key.name === 'fine'
              ? { key, result: 'changed', why: '' }
              : { key, result: 'retry', why: '', code: 'KUBE_CONFLICT' },
          ),
      },
      closeIdle: () => {},
    }),
    createSend: () => async () => 202,
    write: () => {},
    writeMetrics: line => void written.push(line),
  })
  const event = (path: string, body: string) => ({
    rawPath: path,
    headers: bearer(TOKEN),
    body,
    requestContext: { http: { method: 'POST' }, timeEpoch: backstage.clock.now() },
  })
  /** What was counted since, without what each line has; by function. */
  const counted = (): Line[] =>
    written.splice(0).map(line => {
      const { _aws, ...rest } = JSON.parse(line) as { _aws: Line }
      return rest
    })
  return { host, event, written, counted, state }
}

t.test('each function counts at the end of a call, under its own name', async t => {
  const { host, event, counted } = createBench('ccm/test')
  const admission = createAdmissionHandler(host)
  await admission(event('/admission', review()), CONTEXT)
  t.match(counted(), [
    { function: 'admission', kind: 'node', phoenixnap_ccm_reviews_total: 1 },
    { function: 'admission', kind: 'node', phoenixnap_ccm_review_duration_seconds: [0] },
    { function: 'admission', webhook: 'admission', code: '200', phoenixnap_ccm_webhook_requests_total: 1 },
  ])
  await admission({ ...event('/admission', ''), headers: {} }, CONTEXT)
  t.match(counted(), [{ webhook: 'admission', code: '401', phoenixnap_ccm_webhook_requests_total: 1 }])
  await createAuditHandler(host)(event('/audit', '{"kind":"EventList","items":[]}'), CONTEXT)
  t.match(counted(), [{ function: 'audit', webhook: 'audit', phoenixnap_ccm_webhook_requests_total: 1 }])
  await createReconcileHandler(host)({ keys: [{ kind: 'Node', name: 'planted-node' }] }, CONTEXT)
  t.match(counted(), [{ function: 'reconcile', code: 'KUBE_CONFLICT' }])
  await createReconcileHandler(host)({ keys: [{ kind: 'Node', name: 'fine' }] }, CONTEXT)
  t.strictSame(counted(), [])
  await createResyncHandler(host)({}, CONTEXT)
  t.match(counted(), [
    { function: 'resync', phoenixnap_ccm_servers: 3, phoenixnap_ccm_resync_duration_seconds: [0.001] },
    { function: 'resync', state: 'complete', phoenixnap_ccm_resync_passes_total: 1 },
  ])
})

t.test('a call that fails has counted as well', async t => {
  const { host, counted, state } = createBench('ccm/test')
  state.passes = async () => {
    throw new CcmError('BMC_UNREACHABLE', 'planted-message')
  }
  await t.rejects(createResyncHandler(host)({}, CONTEXT), { code: 'BMC_UNREACHABLE' })
  t.match(counted(), [
    { phoenixnap_ccm_servers: 3 },
    { state: 'failed', phoenixnap_ccm_resync_passes_total: 1 },
    { code: 'BMC_UNREACHABLE', phoenixnap_ccm_problems_total: 1 },
  ])
})

t.test('no line holds a secret or a name; and without a namespace there is none', async t => {
  for (const [namespace, isCounted] of [
    ['ccm/test', true],
    ['', false],
  ] as const) {
    const { host, event, written } = createBench(namespace)
    await createAdmissionHandler(host)(event('/admission', review()), CONTEXT)
    await createReconcileHandler(host)({ keys: [{ kind: 'Node', name: 'planted-node' }] }, CONTEXT)
    await createResyncHandler(host)({}, CONTEXT)
    t.equal(written.length > 0, isCounted)
    t.notMatch(written.join(''), /planted|node-a/)
    t.notMatch(written.join(''), TOKEN)
  }
})
