import t from 'tap'
import { PLAIN, toOutLook } from '../../../functions/terminal/look.ts'
import { type PlanView, toReportText } from '../../../functions/terminal/plan-text.ts'
import type { PlannedChange, ResyncReport } from '../../../shared/controllers/contract.ts'
import { EMPTY_REPORT } from '../_hosts.ts'

const VIEW: PlanView = { ...PLAIN, isPlan: true, full: false }

const change = (
  kind: PlannedChange['kind'],
  name: string,
  action: string,
  why: string,
  detail: PlannedChange['detail'] = {},
): PlannedChange => ({ kind, name, action, detail, why })

const render = (report: Partial<ResyncReport>, view: Partial<PlanView> = {}): string =>
  toReportText({ ...EMPTY_REPORT, ...report }, { ...VIEW, ...view })

const CHANGES = [
  change('IPBlock', 'block-1', 'close', 'no claim has been in it', {
    cidr: '198.51.100.0/29',
    status: 'assigned',
  }),
  change('Node', 'node-10', 'deleteNode', 'its server has been missing', { serverId: '65a1' }),
  change('Node', 'node-2', 'taintShutdown', 'the server is powered off', {
    addTaints: [{ key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }],
  }),
  change('Node', 'node-2', 'repairLabels', 'labels differ', { labels: { zone: 'a', old: null } }),
  change('IPBlock', 'block-1', 'unassign', 'it is assigned', { cidr: '198.51.100.0/29', status: 'assigned' }),
  change('IPBlock', 'new', 'buy', 'two are lacking', { family: 'IPv4', size: '/29', location: 'PHX' }),
  change('IPBlock', 'new', 'buy', 'one is lacking', { family: 'IPv6', size: '/64', location: 'PHX' }),
  change('Service', 'default/web', 'serve', 'an address is free in one of the blocks of this cluster', {
    finalizers: ['a', 'b'],
  }),
]

t.test('by kind and object, with what, why and what is written', async t => {
  t.equal(
    render({ changes: CHANGES, held: ['node-3: deletion held back'], nodes: 12, instances: 1, services: 1 }),
    `Nodes
  ~ node-2
      add the shutdown taint: the server is powered off
        taints  node.cloudprovider.kubernetes.io/shutdown:NoSchedule
      repair the labels: labels differ
        labels  zone=a
                old taken away
  - node-10  delete: its server has been missing
        server  65a1

Services
  + default/web  serve: an address is free in one of the blocks of this cluster
        finalizers  a, b

IP blocks
  - 198.51.100.0/29 (block-1, assigned)
      close: no claim has been in it
      take off the public network: it is assigned
  + new IPv4 /29 in PHX  buy: two are lacking
  + new IPv6 /64 in PHX  buy: one is lacking

Held back
  ! node-3: deletion held back

Plan: 3 to add, 1 to change, 2 to take away.
12 nodes, 1 server, 1 Service, 0 BMC requests, 0.0 s.
Nothing was changed: the same without --dry-run does it.
`,
  )
})

t.test('what was done is told as done', async t => {
  const text = render({ changes: CHANGES.slice(0, 2) }, { isPlan: false })
  t.match(text, /^ {2}- node-10 {2}deleted: its server/m)
  t.match(text, /^Done: 0 added, 0 changed, 2 taken away\.$/m)
  t.notMatch(text, /dry-run/)
})

t.test('nothing to do, and nothing done', async t => {
  t.match(render({}), /^No changes pending\.\n/)
  t.match(render({}, { isPlan: false }), /^Nothing was to be changed\.\n/)
  t.equal(render({ state: 'busy' }), 'Another pass is at work; nothing was done.\n')
  t.match(render({ state: 'incomplete' }), /^Incomplete: see what failed\.$/m)
})

t.test('many that are alike are told by three, unless all are wanted', async t => {
  const changes = Array.from({ length: 10_000 }, (_, index) =>
    change('Node', `node-${index}`, 'initialise', `server ${index}abc found by hostname`, {
      providerID: `id-${index}`,
    }),
  )
  const failures = changes.map(({ name }, index) => ({
    name,
    code: 'KUBE_TIMEOUT',
    message: `no answer after ${index} ms`,
  }))
  const held = changes.map(({ name }) => `${name}: kept`)
  t.equal(
    render({ changes, failures, held }),
    `Nodes
  + node-0  initialise: server 0abc found by hostname
        provider ID  id-0
  + node-1  initialise: server 1abc found by hostname
  + node-2  initialise: server 2abc found by hostname
    … and 9,997 more like these

Held back
  ! node-0: kept
  ! node-1: kept
  ! node-2: kept
    … and 9,997 more like these

Failed
  ! node-0: KUBE_TIMEOUT: no answer after 0 ms
  ! node-1: KUBE_TIMEOUT: no answer after 1 ms
  ! node-2: KUBE_TIMEOUT: no answer after 2 ms
    … and 9,997 more like these
    → Check latency and the load of the API server.

Plan: 10,000 to add, 0 to change, 0 to take away.
0 nodes, 0 servers, 0 Services, 0 BMC requests, 0.0 s.
Nothing was changed: the same without --dry-run does it.
`,
  )
  t.equal(render({ changes }, { full: true }).split('\n').length, 20_006)
})

t.test('names cannot move the cursor', async t => {
  const text = render({
    changes: [change('Node', 'a\u001b[2Jb', 'initialise', 'be\ncause', { labels: { x: '\u001b[1m' } })],
    held: ['a\u001b[2J'],
  })
  t.notOk(text.includes('\u001b'))
  t.match(text, /\+ a\[2Jb {2}initialise: be cause\n/)
})

t.test('on a terminal it is wrapped, and coloured', async t => {
  const look = toOutLook({ env: {}, outTerminal: true, columns: 76 })
  const text = render({ changes: CHANGES }, look)
  t.ok(text.includes('\u001b[32m+\u001b[39m'))
  const plain = render(
    { changes: CHANGES },
    toOutLook({ env: { NO_COLOR: '1' }, outTerminal: true, columns: 76 }),
  )
  t.notOk(plain.includes('\u001b'))
  t.match(
    plain,
    /^ {2}\+ default\/web {2}serve: an address is free in one of the blocks of this\n {17}cluster\n/m,
  )
  t.ok(plain.split('\n').every(line => line.length <= 76))
})
