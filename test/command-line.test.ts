import t from 'tap'
import { type CommandFlags, readCommandLine, settingFlags } from '../shared/command-line.ts'

const COMMAND: CommandFlags = {
  name: 'sing',
  flags: [
    { name: 'song', value: 'S', doc: 'What.' },
    { name: 'loud', doc: 'How.' },
  ],
  settings: true,
}

t.test('flags, switches and settings are told apart', async t => {
  const line = readCommandLine(COMMAND, ['--song', 'lark', '--loud', '--resync-interval=90s', '--'])
  t.strictSame({ ...line.flags }, { song: 'lark', 'resync-interval': '90s' })
  t.strictSame([...line.switches], ['loud'])
  t.strictSame(line.problems, [])
})

const WRONG: readonly [argv: string, problem: string][] = [
  ['--louder', '--louder is no flag of sing'],
  ['--louder very', '--louder is no flag of sing'],
  ['lark', 'argument 1 after sing is not expected'],
  ['--song', '--song needs a value'],
  ['--song --loud', '--song needs a value'],
  ['--loud=very', '--loud takes no value'],
  ['--lo\u001b[2Jud', '--lo[2Jud is no flag of sing'],
  [
    '--client-secret x',
    '--client-secret is no flag of sing (everybody could read it: use --client-secret-file)',
  ],
]

t.test('what is wrong is told without values', async t => {
  for (const [argv, problem] of WRONG) {
    t.equal(readCommandLine(COMMAND, argv.split(' ')).problems[0], problem, argv)
  }
  t.equal(readCommandLine({ ...COMMAND, settings: false }, ['--location', 'PHX']).problems.length, 1)
})

t.test('secrets are given as files only', async t => {
  const names = settingFlags().map(({ name }) => name)
  t.ok(names.includes('webhook-token-file'))
  t.notOk(names.includes('webhook-token'))
  t.equal(new Set(names).size, names.length)
})

t.test('verbosity is given as to every program of Kubernetes', async t => {
  for (const argv of [['--v', '4'], ['--v=4'], ['-v', '4'], ['-v=4'], ['-v4']]) {
    const { flags, problems } = readCommandLine(COMMAND, [...argv, '--loud'])
    t.strictSame([flags['v'], problems], ['4', []], argv.join(' '))
  }
  t.strictSame(readCommandLine(COMMAND, ['-v', '--loud']).problems, ['--v needs a value'])
  t.match(readCommandLine({ ...COMMAND, settings: false }, ['-v4']).problems[0], / is no flag of sing/)
})
