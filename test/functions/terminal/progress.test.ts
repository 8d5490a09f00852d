import t from 'tap'
import { withProgress } from '../../../functions/terminal/progress.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'

const CLEAR = '\r\u001b[2K'

interface Where {
  readonly env?: Readonly<Record<string, string>>
  readonly terminal?: boolean
  readonly columns?: number
}

/** A command that takes `ms`, on a terminal unless said otherwise. */
function start(ms: number, { env = { NO_COLOR: '1' }, terminal = true, columns = 40 }: Where = {}) {
  const clock = createTurnableClock(0)
  const written: string[] = []
  const io = {
    env,
    terminal,
    columns,
    clock,
    out: (text: string) => void written.push(`out ${text}`),
    err: (text: string) => void written.push(text),
  }
  const ended = withProgress(io, 'looking', async shown => {
    await clock.sleep(ms / 2)
    shown.progress.say('adding\nup')
    await clock.sleep(ms / 2)
    shown.out('done\n')
    return 7
  })
  return { clock, written, ended }
}

t.test('nothing is told of what ends within a second', async t => {
  const { clock, written, ended } = start(900)
  await clock.turn(5000)
  t.equal(await ended, 7)
  t.strictSame(written, ['out done\n'])
})

t.test(
  'a line tells what it is at and for how long, and is gone before anything else is written',
  async t => {
    const { clock, written, ended } = start(2600)
    await clock.turn(1000)
    t.strictSame(written, [`${CLEAR}- looking (1 s)`])
    await clock.turn(1500)
    t.equal(written.at(-1), `${CLEAR}- adding up (2 s)`)
    await clock.turn(5000)
    await ended
    t.strictSame(written.slice(-2), [CLEAR, 'out done\n'])
    const count = written.length
    await clock.turn(5000)
    t.equal(written.length, count, 'and nothing moves any more')
  },
)

t.test('a line is never longer than the terminal is wide', async t => {
  const { clock, written, ended } = start(4000, { columns: 14 })
  await clock.turn(1000)
  t.strictSame(written, [`${CLEAR}- look… (1 s)`])
  await clock.turn(5000)
  await ended
})

for (const [name, options] of [
  ['no terminal', { terminal: false }],
  ['TERM=dumb', { env: { NO_COLOR: '1', TERM: 'dumb' } }],
  ['CI', { env: { NO_COLOR: '1', CI: 'true' } }],
] as const) {
  t.test(`${name}: nothing but what the command itself writes`, async t => {
    const { clock, written, ended } = start(60_000, options)
    await clock.turn(60_000)
    await ended
    t.strictSame(written, ['out done\n'])
  })
}

t.test('a command that fails takes its line along', async t => {
  const clock = createTurnableClock(0)
  const written: string[] = []
  const write = (text: string) => void written.push(text)
  const io = { env: { NO_COLOR: '1' }, terminal: true, clock, out: write, err: write }
  const ended = withProgress(io, 'looking', async () => {
    await clock.sleep(1500)
    throw new Error('no')
  })
  const failed = t.rejects(ended, { message: 'no' })
  await clock.turn(5000)
  await failed
  t.equal(written.at(-1), CLEAR)
})
