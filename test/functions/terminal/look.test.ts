import t from 'tap'
import {
  mayMove,
  PLAIN,
  toErrLook,
  toHelpColumns,
  toOutLook,
  wantsColours,
} from '../../../functions/terminal/look.ts'

type Env = Readonly<Record<string, string>>

const COLOURS: readonly [env: Env, isTerminal: boolean, expected: boolean][] = [
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: 'false' }, true, false],
  [{ TERM: 'dumb' }, true, false],
  [{ TERM: 'xterm' }, true, true],
  [{ CI: 'true' }, true, false],
  [{ CI: 'false' }, true, true],
  [{ CI: 'true', FORCE_COLOR: '1' }, false, true],
]

t.test('colours are for a terminal that can, unless somebody says otherwise', async t => {
  t.strictSame(
    COLOURS.map(([env, isTerminal]) => [env, isTerminal, wantsColours(env, isTerminal)]),
    COLOURS,
  )
})

t.test('a line moves where somebody can see it move', async t => {
  const cases: readonly [Env, boolean][] = [
    [{}, true],
    [{ TERM: 'dumb' }, false],
    [{ CI: '1' }, false],
    [{ NO_COLOR: '1' }, true],
  ]
  t.strictSame(
    cases.map(([env]) => [env, mayMove(env)]),
    cases,
  )
})

t.test('each stream has its own look', async t => {
  const screen = { env: {}, terminal: true, outTerminal: false, columns: 100 }
  t.same(toOutLook(screen).columns, undefined, 'what goes to a file is not wrapped')
  t.equal(toErrLook(screen).columns, 100)
  t.equal(toErrLook(screen).paint('red', 'x'), '\u001b[31mx\u001b[39m')
  t.equal(toOutLook(screen).paint('red', 'x'), 'x')
  t.equal(PLAIN.paint('bold', 'x'), 'x')
})

t.test('widths stay between what is of use and what can be read', async t => {
  const widths = [undefined, 10, 90, 400].map(
    columns => toOutLook({ env: {}, outTerminal: true, columns }).columns,
  )
  t.strictSame(widths, [80, 40, 90, 120])
  t.equal(toHelpColumns({ env: {} }), 80, 'help is wrapped wherever it goes')
})
