import t from 'tap'
import { resyncOnce, toResyncCommand } from '../../functions/resync-command.ts'
import type { Prices } from '../../shared/cloud-provider/prices.ts'
import type { ResyncReport, WorkCall } from '../../shared/controllers/contract.ts'
import { CcmError } from '../../shared/errors.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import type { Span, Tracing } from '../../shared/span.ts'
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

interface RunOptions {
  readonly dryRun?: boolean
  readonly output?: 'text' | 'json'
  readonly prices?: Prices
  readonly tracing?: Tracing
}

async function run(
  report: Partial<ResyncReport>,
  { dryRun = true, output = 'text', prices, tracing }: RunOptions = {},
) {
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
    env: {},
    out: (more: string) => void (text += more),
  }
  const code = await resyncOnce({ dryRun, output, full: false }, { controllers, prices, tracing }, io)
  return { code, text, calls }
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
    const ran = await run(report, { dryRun })
    t.equal(ran.code, code)
    t.match(ran.calls, [{ dryRun, deadline: 300_000 }])
  })
}

t.test('a pass is a span where spans are exported', async t => {
  const told: unknown[] = []
  const span: Span = {
    traceparent: '',
    request: () => span,
    end: (attributes, failure) => void told.push([attributes, failure]),
  }
  const tracing: Tracing = {
    start: ({ name }) => {
      told.push(name)
      return span
    },
    flush: async () => {},
    close: async () => {},
  }
  await run({ state: 'incomplete' }, { tracing })
  t.match(told, [
    'resync',
    [{ 'phoenixnap.resync.state': 'incomplete', 'phoenixnap.correlation_id': /^[\da-f-]{36}$/ }],
  ])
})

t.test('the report as text', async t => {
  const { text } = await run({ changes: CHANGES, failures: FAILURES, nodes: 2, requests: { listServers: 3 } })
  t.equal(
    text,
    [
      'Nodes',
      '  + node-a  initialise: the taint is present',
      '        spec.providerID   phoenixnap://1',
      '        status.addresses  10.0.0.4',
      '',
      'Failed',
      '  ! node-b: KUBE_CONFLICT: changed meanwhile',
      '    → The object was changed at the same moment; the next run reads it again.',
      '',
      'Plan: 1 to add, 0 to change, 0 to take away.',
      '2 nodes, 0 servers, 0 Services, 3 BMC requests, 0.0 s.',
      'Nothing was changed: the same without --dry-run does it.',
      '',
    ].join('\n'),
  )
})

t.test('the report as JSON', async t => {
  const { text } = await run({ changes: CHANGES }, { output: 'json' })
  t.strictSame(JSON.parse(text), { ...EMPTY_REPORT, changes: CHANGES })
})

const BUY: ResyncReport['changes'][number] = {
  kind: 'IPBlock',
  name: 'new',
  action: 'buy',
  detail: { family: 'IPv4', size: '/29', location: 'PHX' },
  why: '3 IPv4 addresses are lacking',
}
const PRICES: Prices = { readBlockPrices: async () => ({ monthly: () => 37.96 }) }

t.test('what blocks cost is told where it is known, and a plan is a plan without', async t => {
  const changes = [BUY]
  const known = await run({ changes }, { prices: PRICES })
  t.match(known.text, /are lacking \(\+\$37\.96 a month\)\n/)
  t.match(known.text, /\nCost: \$37\.96 a month more for blocks that are bought\.\n/)
  const json = await run({ changes }, { prices: PRICES, output: 'json' })
  t.strictSame((JSON.parse(json.text) as { cost: unknown }).cost, {
    currency: 'USD',
    bought: 37.96,
    givenBack: 0,
    unpriced: [],
  })
  const refused: Prices = {
    readBlockPrices: () => Promise.reject(new CcmError('BMC_FORBIDDEN', 'no right')),
  }
  for (const prices of [
    undefined,
    refused,
    { readBlockPrices: async () => ({ monthly: () => undefined }) },
  ]) {
    const ran = await run({ changes }, prices ? { prices } : {})
    t.equal(ran.code, 2)
    t.notMatch(ran.text, /\$|Cost/)
  }
})

t.test('what the log would have told stands in the report', async t => {
  const controllers = { resync: async () => ({ ...EMPTY_REPORT, held: ['node-10: kept'] }) }
  let text = ''
  const io = {
    clock: createTurnableClock(0),
    stop: new AbortController().signal,
    env: {},
    out: (more: string) => void (text += more),
  }
  const left = ['node-9: no server', 'node-10: kept']
  await resyncOnce({ dryRun: false, output: 'text', full: false }, { controllers, left }, io)
  t.match(text, /^Held back\n {2}! node-9: no server\n {2}! node-10: kept\n\n/)
})

t.test('nobody is asked for prices that nobody wants to know', async t => {
  const prices: Prices = { readBlockPrices: () => Promise.reject(new Error('asked')) }
  t.equal((await run({ changes: CHANGES }, { prices })).code, 2)
  t.equal((await run({ changes: [BUY] }, { prices, dryRun: false })).code, 0)
})

t.test('flags', async t => {
  const line = { argv: [], flags: {}, switches: new Set<string>(), problems: ['--x is no flag of resync'] }
  t.strictSame(toResyncCommand(line), {
    dryRun: false,
    full: false,
    output: 'text',
    problems: line.problems,
  })
  const switches = new Set(['dry-run', 'full'])
  t.strictSame(toResyncCommand({ ...line, flags: { output: 'yaml' }, switches, problems: [] }), {
    dryRun: true,
    full: true,
    output: 'text',
    problems: ['--output: expected one of text, json'],
  })
})
