import t from 'tap'
import {
  busyReport,
  countSince,
  createNotes,
  noteActions,
  noteFailure,
} from '../../../shared/controllers/resync/report.ts'
import { CcmError } from '../../../shared/errors.ts'

t.test('each action is a change with what it writes and why', async t => {
  const notes = createNotes()
  noteActions(notes, 'node-a', [
    { do: 'repairLabels', set: { labels: { a: 'b' } }, why: 'differs' },
    { do: 'untaintShutdown', set: { removeTaints: ['x'] }, why: 'ready' },
  ])
  t.strictSame(notes.changes, [
    { kind: 'Node', name: 'node-a', action: 'repairLabels', detail: { labels: { a: 'b' } }, why: 'differs' },
    {
      kind: 'Node',
      name: 'node-a',
      action: 'untaintShutdown',
      detail: { removeTaints: ['x'] },
      why: 'ready',
    },
  ])
})

t.test('a failure has a code, whatever was thrown', async t => {
  const notes = createNotes()
  noteFailure(notes, 'node-a', new CcmError('KUBE_CONFLICT', 'changed meanwhile'))
  noteFailure(notes, 'node-b', new TypeError('a bug'))
  noteFailure(notes, 'node-c', 'a text')
  t.strictSame(
    notes.failures.map(({ name, code, message }) => [name, code, message]),
    [
      ['node-a', 'KUBE_CONFLICT', 'changed meanwhile'],
      ['node-b', 'CCM_INTERNAL', 'a bug'],
      ['node-c', 'CCM_INTERNAL', 'a text'],
    ],
  )
})

t.test('counts only what came since', async t => {
  const before = new Map([
    ['list', 2],
    ['get', 1],
  ])
  const now = new Map([
    ['list', 5],
    ['get', 1],
    ['token', 1],
  ])
  t.strictSame(countSince(before, now), { list: 3, token: 1 })
})

t.test('a busy report says that nothing was done', async t => {
  t.strictSame(busyReport(7), {
    state: 'busy',
    nodes: 0,
    instances: 0,
    services: 0,
    changes: [],
    held: [],
    failures: [],
    durationMs: 7,
    requests: {},
  })
  const tally = { held: new Map(), refusals: [] }
  t.strictSame(createNotes(), { changes: [], held: [], failures: [], left: [], tally })
})
