import t from 'tap'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createResync, createResyncHandler } from '../../functions/resync.ts'
import type { Controllers, ResyncReport } from '../../shared/controllers/contract.ts'
import { CcmError } from '../../shared/errors.ts'
import { createLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { createBackstage, EMPTY_REPORT, toControllers } from './_hosts.ts'

const ENV = { PNAP_CLIENT_ID: 'client-1', PNAP_CLIENT_SECRET: 'secret-1' }

function createBench(resync: Controllers['resync']) {
  const clock = createTurnableClock()
  const lines: Record<string, unknown>[] = []
  const state = { closed: 0 }
  const host = createFunctionHost({
    clock,
    readSources: async () => ({ env: ENV }),
    createApp: async () => ({
      controllers: { ...toControllers(createBackstage()), resync },
      closeIdle: () => void (state.closed += 1),
    }),
    write: line => void lines.push(JSON.parse(line)),
  })
  const invoke = () => createResyncHandler(host)({}, { getRemainingTimeInMillis: () => 55_000 })
  return { clock, lines, state, invoke }
}

const change = (action: string) => ({ kind: 'Node', name: 'a', action, detail: {}, why: '' }) as const

t.test('a pass ends in one line that sums it up', async t => {
  const report: ResyncReport = {
    ...EMPTY_REPORT,
    nodes: 3,
    changes: [change('initialise'), change('initialise'), change('repairLabels')],
    held: Array.from({ length: 12 }, (_, i) => `node-${i}: deletion held back`),
    requests: { listServers: 1 },
  }
  let deadline = 0
  const { clock, lines, state, invoke } = createBench(async call => {
    deadline = call.deadline
    return report
  })
  t.strictSame(await invoke(), { state: 'complete' })
  t.equal(deadline, clock.now() + 54_500)
  t.equal(lines.length, 1)
  t.match(lines[0], {
    level: 'info',
    nodes: 3,
    changes: { initialise: 2, repairLabels: 1 },
    heldCount: 12,
    requests: { listServers: 1 },
  })
  t.strictSame(lines[0]?.['held'], report.held.slice(0, 10))
  t.equal(state.closed, 1)
})

t.test('what only a person can mend is told to the readiness check', async t => {
  const failures = [
    { name: 'pools', code: 'CCM_ANNOUNCER_MISSING', message: 'no ipaddresspools.metallb.io' },
    { name: 'node-a', code: 'KUBE_CONFLICT', message: 'changed meanwhile' },
  ]
  const { invoke } = createBench(async () => ({ ...EMPTY_REPORT, state: 'incomplete', failures }))
  t.strictSame(await invoke(), {
    state: 'incomplete',
    wants: ['CCM_ANNOUNCER_MISSING: no ipaddresspools.metallb.io'],
  })
})

t.test('objects that failed are named, and another pass at work is no failure', async t => {
  const failures = [{ name: 'node-a', code: 'KUBE_CONFLICT', message: 'changed meanwhile' }]
  const failing = createBench(async () => ({ ...EMPTY_REPORT, failures }))
  t.strictSame(await failing.invoke(), { state: 'complete' })
  t.match(failing.lines, [{ level: 'warn', failures }])
  const busy = createBench(async () => ({ ...EMPTY_REPORT, state: 'busy' }))
  t.strictSame(await busy.invoke(), { state: 'busy' })
  t.match(busy.lines, [{ level: 'info', state: 'busy' }])
})

t.test('a pass that failed, or saw no servers, is counted as failed by the platform', async t => {
  const failing = createBench(() => Promise.reject(new CcmError('KUBE_FORBIDDEN', 'nodes')))
  await t.rejects(failing.invoke(), { message: 'resync failed: KUBE_FORBIDDEN', code: 'KUBE_FORBIDDEN' })
  t.equal(failing.state.closed, 1)
  t.match(failing.lines, [{ level: 'error', code: 'KUBE_FORBIDDEN', action: /register/ }])
  const failures = [{ name: 'servers', code: 'BMC_UNREACHABLE', message: 'no answer' }]
  const blind = createBench(async () => ({ ...EMPTY_REPORT, state: 'incomplete', failures }))
  await t.rejects(blind.invoke(), { code: 'BMC_UNREACHABLE' })
  t.match(blind.lines, [{ level: 'warn', failures }])
})

t.test('each pass has an id of its own', async t => {
  const lines: Record<string, unknown>[] = []
  const log = await createLog({ level: 'info', write: line => void lines.push(JSON.parse(line)) })
  const ids = ['pass-1', 'pass-2']
  const resync = createResync({
    controllers: async () => ({
      resync: async () => {
        log.info({}, 'at work')
        return EMPTY_REPORT
      },
    }),
    log,
    clock: createTurnableClock(),
    newId: () => ids.shift() ?? '',
  })
  for (const _ of [1, 2]) await resync({ deadline: Number.POSITIVE_INFINITY })
  t.strictSame(
    lines.map(({ msg, correlationId }) => [msg, correlationId]),
    [
      ['at work', 'pass-1'],
      ['resync ended', 'pass-1'],
      ['at work', 'pass-2'],
      ['resync ended', 'pass-2'],
    ],
  )
})
