import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { COMMANDS } from '../../../functions/commands.ts'
import { toCompletion } from '../../../functions/terminal/completion.ts'

const run = promisify(execFile)
const PROGRAM = 'cloud-provider-phoenixnap'
const NAMES = [...COMMANDS.map(({ name }) => name), 'help']

/** What is on the command line, and what its last word may become. */
const CASES: readonly [words: readonly string[], expected: readonly string[]][] = [
  [[''], NAMES],
  [['re'], ['resync', 'register']],
  [['resync', '--dry'], ['--dry-run']],
  [
    ['resync', '--output', ''],
    ['text', 'json'],
  ],
  [['doctor', '--output', 'j'], ['json']],
  [
    ['register', '--distribution', 'k'],
    ['kubeadm', 'k3s'],
  ],
  [
    ['register', '--kubeconfig-format', ''],
    ['yaml', 'env'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['help', 'mig'], ['migrate']],
  [['version', '--dry'], []],
]

const hasShell = (shell: string): Promise<boolean> =>
  run(shell, ['--version']).then(
    () => true,
    () => false,
  )
const unlessMissing = async (shell: string) =>
  (await hasShell(shell)) ? {} : { skip: `${shell} is not installed` }

async function writeScript(t: Test, shell: 'bash' | 'zsh' | 'fish'): Promise<string> {
  const path = join(t.testdir(), shell)
  await writeFile(path, toCompletion(shell, COMMANDS))
  return path
}

const sorted = (words: readonly string[]): string[] => words.toSorted()

t.test('bash completes', await unlessMissing('bash'), async t => {
  const path = await writeScript(t, 'bash')
  async function complete(words: readonly string[]): Promise<string[]> {
    const script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
    const call = `eval "$(complete -p ${PROGRAM} | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['--norc', '-c', script + call, 'bash', path, PROGRAM, ...words])
    return stdout.split('\n').filter(Boolean)
  }
  for (const [words, expected] of CASES) {
    t.strictSame(sorted(await complete(words)), sorted(expected), words.join(' '))
  }
  t.strictSame(await complete(['resync', '--output', '=', 'j']), ['json'], 'bash takes it apart at the =')
  t.strictSame(await complete(['resync', '--tls-cert', '']), [], 'files are completed by bash itself')
})

t.test('fish completes', await unlessMissing('fish'), async t => {
  const path = await writeScript(t, 'fish')
  for (const [words, expected] of CASES) {
    const line = [PROGRAM, ...words].join(' ')
    const { stdout } = await run('fish', ['--no-config', '-c', `source ${path}; complete -C "${line}"`])
    const found = stdout.split('\n').map(word => word.split('\t')[0] ?? '')
    t.strictSame(sorted(found.filter(Boolean)), sorted(expected), line)
  }
})

t.test('zsh completes as somebody types', await unlessMissing('zsh'), async t => {
  const path = await writeScript(t, 'zsh')
  const typed: readonly [line: string, completed: string][] = [
    ['resy', 'resync'],
    ['resync --dry', 'resync --dry-run'],
    ['resync --output=j', 'resync --output=json'],
    ['register --distribution ta', 'register --distribution talos'],
    ['completion fi', 'completion fish'],
    ['help mig', 'help migrate'],
  ]
  // A zsh of its own in a pseudo terminal; the program tells what it was called with.
  const script = [
    'zmodload zsh/zpty',
    'zpty z zsh -f -i',
    `zpty -w z "autoload -U compinit && compinit -u -D; source ${path}"`,
    `zpty -w z "${PROGRAM}() { print -r -- \\"<\\$*>\\" }"`,
    ...typed.map(([line]) => `zpty -w -n z $'${PROGRAM} ${line}\\t\\n'`),
    'zpty -w z exit',
    'while zpty -r z line; do print -r -- "$line"; done',
  ]
  const { stdout } = await run('zsh', ['-f', '-c', script.join('\n')])
  const found = [...stdout.matchAll(/^<(.*)>/gm)].map(([, line = '']) => line.trim())
  t.strictSame(
    found,
    typed.map(([, completed]) => completed),
  )
})

t.test('a flag takes the same values in every command', async t => {
  const flags = COMMANDS.flatMap(command => command.flags)
  const different = Map.groupBy(flags, ({ name }) => name)
    .values()
    .filter(same => new Set(same.map(({ value }) => value?.includes('|') && value)).size > 1)
  t.strictSame([...different], [])
})
