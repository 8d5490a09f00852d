import t from 'tap'
import { createLog } from '../shared/log.ts'
import type { Span, Tracing } from '../shared/span.ts'
import {
  currentOrigin,
  inTrace,
  inUnit,
  joinOrigins,
  nameTrace,
  newOrigin,
  type Origin,
  readCorrelationId,
  readOrigin,
} from '../shared/trace.ts'

const UID = '705ab4f5-6393-11e8-b7cc-42010a800002'
const HOSTILE: readonly [name: string, id: unknown][] = [
  ['nothing', undefined],
  ['an empty text', ''],
  ['a number', 7],
  ['a list', [UID]],
  ['a new line', `${UID}\n{"level":"error"}`],
  ['quotes', '","level":"error'],
  ['a separator', `${UID},${UID}`],
  ['a space', 'a b'],
  ['letters of a terminal', '\u001b[2J'],
  ['letters that look like others', 'аudit'],
  ['65 letters', 'a'.repeat(65)],
]

t.test('an id is what the API server makes', async t => {
  t.equal(readCorrelationId(UID), UID)
  t.equal(readCorrelationId('a'.repeat(64)), 'a'.repeat(64))
  for (const [name, id] of HOSTILE) t.equal(readCorrelationId(id), undefined, name)
})

t.test('the span of a unit that throws ends as well', async t => {
  const ended: unknown[] = []
  const span: Span = { traceparent: '', request: () => span, end: (_, failure) => void ended.push(failure) }
  const tracing: Tracing = { start: () => span, flush: async () => {}, close: async () => {} }
  const unit = { origin: newOrigin(), name: 'resync', tracing, describe: () => ({}) }
  await t.rejects(
    inUnit(unit, async () => {
      throw new TypeError('broken')
    }),
    { message: 'broken' },
  )
  t.strictSame(ended, ['TypeError'])
})

t.test('every line of a unit names it, and no other line does', async t => {
  const lines: Record<string, unknown>[] = []
  const log = await createLog({ level: 'debug', write: line => void lines.push(JSON.parse(line)) })
  const child = log.child({ route: 'audit' })
  log.info({}, 'before')
  await inTrace({ ids: ['one'] }, async () => {
    log.debug({}, 'at once')
    await new Promise(resolve => setImmediate(resolve))
    child.warn({}, 'later')
    await inTrace({ ids: ['two', 'three'] }, async () => log.error({}, 'within'))
    log.info({}, 'last')
  })
  log.info({}, 'after')
  t.strictSame(
    lines.map(({ msg, correlationId }) => [msg, correlationId]),
    [
      ['before', undefined],
      ['at once', 'one'],
      ['later', 'one'],
      ['within', 'two,three'],
      ['last', 'one'],
      ['after', undefined],
    ],
  )
})

t.test('a line that is cut keeps the id', async t => {
  const lines: string[] = []
  const log = await createLog({ level: 'info', write: line => void lines.push(line) })
  inTrace({ ids: [UID] }, () => log.info({ names: Array.from({ length: 20_000 }, () => 'x') }, 'long'))
  t.match(JSON.parse(lines[0] ?? ''), { correlationId: UID, msg: 'long', cut: Number })
})

t.test('units side by side do not mix', async t => {
  const seen = await Promise.all(
    ['a', 'b', 'c'].map(id =>
      inTrace({ ids: [id] }, async () => {
        await new Promise(resolve => setImmediate(resolve))
        return currentOrigin()?.ids
      }),
    ),
  )
  t.strictSame(seen, [['a'], ['b'], ['c']])
})

const name = (id: unknown): readonly string[] | undefined =>
  inTrace(
    newOrigin(() => 'own'),
    () => {
      nameTrace(id)
      return currentOrigin()?.ids
    },
  )

t.test('a unit takes the name that others know it by, once it is one', async t => {
  t.strictSame(name(UID), [UID])
  for (const [what, id] of HOSTILE) t.strictSame(name(id), ['own'], what)
  nameTrace(UID)
  t.equal(currentOrigin(), undefined, 'outside of any unit there is nothing to name')
})

t.test('joined rings keep the first and the newest ids', async t => {
  t.equal(joinOrigins(undefined, undefined), undefined)
  t.strictSame(joinOrigins({ ids: ['1'] }, undefined), { ids: ['1'] })
  t.strictSame(joinOrigins({ ids: ['1', '2'] }, { ids: ['2', '3'] }), { ids: ['1', '2', '3'] })
  const many = ['1', '2', '3', '4', '5', '6'].map((id): Origin => ({ ids: [id] }))
  t.strictSame(
    many.reduce((all, one) => joinOrigins(all, one) ?? all),
    { ids: ['1', '4', '5', '6'] },
  )
})

t.test('of the ids that were sent, what is none is left out', async t => {
  for (const ids of [undefined, null, 'one', {}, [], [7, 'a b']]) t.equal(readOrigin(ids), undefined)
  t.strictSame(readOrigin(['one', '\n', 'two']), { ids: ['one', 'two'] })
  t.strictSame(readOrigin(Array.from({ length: 1000 }, (_, i) => `${i}`)), { ids: ['0', '1', '2', '3'] })
})
