import t from 'tap'
import { resyncOnce, toReportText, toResyncCommand } from '../../functions/resync-command.ts'
import type { ResyncReport, WorkCall } from '../../shared/controllers/contract.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { EMPTY_REPORT } from './_hosts.ts'

const CHANGES: ResyncReport['changes'] = [
  {
    kind: 'Node',
    name: 'node-a',
    action: 'initialise',
    detail: { 'spec.providerID': 'phoenixnap://1', 'status.addresses': ['10.0.0.4'] },
    why: 'the taint is present',
  },
]
const FAILURES = [{ name: 'node-b', code: 'KUBE_CONFLICT', message: 'changed meanwhile' }]

async function run(report: Partial<ResyncReport>, dryRun: boolean, output: 'text' | 'json' = 'text') {
  const calls: (WorkCall & { dryRun?: boolean })[] = []
  let text = ''
  const controllers = {
    async resync(call: WorkCall & { dryRun?: boolean }) {
      calls.push(call)
      return { ...EMPTY_REPORT, ...report }
    },
  }
  const io = {
    clock: createTurnableClock(0),
    stop: new AbortController().signal,
    out: (more: string) => void (text += more),
  }
  return { code: await resyncOnce({ dryRun, output }, controllers, io), text, calls }
}

const CODES: readonly [name: string, report: Partial<ResyncReport>, dryRun: boolean, code: number][] = [
  ['nothing to do', {}, false, 0],
  ['nothing to do, dry run', {}, true, 0],
  ['changes made', { changes: CHANGES }, false, 0],
  ['changes pending', { changes: CHANGES }, true, 2],
  ['another pass at work', { state: 'busy' }, false, 0],
  ['something failed', { failures: FAILURES }, false, 1],
  ['something failed, changes pending', { failures: FAILURES, changes: CHANGES }, true, 1],
  ['a side not read', { state: 'incomplete' }, false, 1],
  ['a side not read, dry run', { state: 'incomplete' }, true, 1],
]
for (const [name, report, dryRun, code] of CODES) {
  t.test(`${name}: exit code ${code}`, async t => {
    const ran = await run(report, dryRun)
    t.equal(ran.code, code)
    t.match(ran.calls, [{ dryRun, deadline: 300_000 }])
  })
}

t.test('the plan as text', async t => {
  const report = {
    ...EMPTY_REPORT,
    nodes: 2,
    instances: 3,
    changes: CHANGES,
    held: ['node-c: deletion held back'],
    failures: FAILURES,
    requests: { listServers: 1, getServer: 2 },
  }
  t.equal(
    toReportText(report, true),
    [
      'would initialise Node node-a: the taint is present',
      '    spec.providerID: phoenixnap://1',
      '    status.addresses: ["10.0.0.4"]',
      'held back: node-c: deletion held back',
      'failed: node-b: KUBE_CONFLICT: changed meanwhile',
      '    The object was changed at the same moment; the next run reads it again.',
      '1 changes pending, 2 nodes, 3 servers, 3 BMC requests, 1 ms',
      '',
    ].join('\n'),
  )
  t.match(toReportText(report, false), /^initialise Node node-a: /)
  t.match(toReportText({ ...EMPTY_REPORT, state: 'incomplete' }, false), /incomplete, see what failed\n$/)
  t.match(toReportText({ ...EMPTY_REPORT, state: 'busy' }, false), /^Another pass is at work/)
})

t.test('the report as JSON', async t => {
  const { text } = await run({ changes: CHANGES }, true, 'json')
  t.strictSame(JSON.parse(text), { ...EMPTY_REPORT, changes: CHANGES })
})

t.test('flags', async t => {
  const line = { argv: [], flags: {}, switches: new Set<string>(), problems: ['--x is no flag of resync'] }
  t.strictSame(toResyncCommand(line), { dryRun: false, output: 'text', problems: line.problems })
  t.strictSame(
    toResyncCommand({ ...line, flags: { output: 'yaml' }, switches: new Set(['dry-run']), problems: [] }),
    {
      dryRun: true,
      output: 'text',
      problems: ['--output: expected one of text, json'],
    },
  )
})
