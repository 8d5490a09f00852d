import t from 'tap'
import {
  busyReport,
  countSince,
  createNotes,
  noteActions,
  noteFailure,
  noteHeld,
  noteLeft,
  toFailures,
} from '../../../shared/controllers/resync/report.ts'
import { CcmError } from '../../../shared/errors.ts'
import { collectLog, type Line } from '../../support/collect-log.ts'

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

t.test('what is held back is told one by one, and counted by reason', async t => {
  const notes = createNotes()
  noteHeld(notes, 'grace-time', 'node-a: not yet', 'node-b: not yet')
  noteHeld(notes, 'block-kept', 'block b: in use')
  noteHeld(notes, 'grace-time', 'node-c: not yet')
  t.strictSame(notes.held, ['node-a: not yet', 'node-b: not yet', 'block b: in use', 'node-c: not yet'])
  t.strictSame(Object.fromEntries(notes.tally.held), { 'grace-time': 3, 'block-kept': 1 })
})

t.test('what had no turn is one line of the log, and a failure each, after the others', async t => {
  const notes = createNotes()
  const lines: Line[] = []
  const log = collectLog(lines)
  noteLeft(notes, log, 'Node', [])
  t.strictSame([lines, toFailures(notes)], [[], []], 'nothing is left')
  noteLeft(notes, log, 'Node', ['node-a', 'node-b'])
  noteLeft(notes, log, 'Service', ['default/web'])
  noteFailure(notes, 'node-c', new CcmError('KUBE_CONFLICT', 'changed meanwhile'))
  const message = 'left to the next pass'
  t.strictSame(lines, [
    { level: 'warn', fields: { kind: 'Node', count: 2, code: 'CCM_DEADLINE' }, message },
    { level: 'warn', fields: { kind: 'Service', count: 1, code: 'CCM_DEADLINE' }, message },
  ])
  const left = {
    code: 'CCM_DEADLINE',
    message: 'it did not fit into the time, and is left to the next pass',
  }
  t.strictSame(toFailures(notes), [
    { name: 'node-c', code: 'KUBE_CONFLICT', message: 'changed meanwhile' },
    { name: 'node-a', ...left },
    { name: 'node-b', ...left },
    { name: 'default/web', ...left },
  ])
})
