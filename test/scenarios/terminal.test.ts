import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../functions/main.ts', import.meta.url))
const RED_CODE = '\u001b[31mCCM_USAGE:\u001b[39m'
const hasScript = await run('script', ['--version']).then(
  () => true,
  () => false,
)
const needsScript = hasScript ? {} : { skip: 'needs script(1) of util-linux' }

/** What a person sees: the program in a pseudo terminal of 60 columns. */
async function onTerminal(args: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const command = `stty cols 60; '${process.execPath}' '${MAIN}' ${args}`
  const { stdout } = await run('script', ['-qec', `${command}; true`, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...env },
  })
  return stdout.replaceAll('\r\n', '\n')
}

/** What a program reads: standard error of the same in a pipe. */
const piped = (env: Readonly<Record<string, string>>) =>
  run(process.execPath, [MAIN, 'version', '--licenses'], { env: { TERM: 'xterm', ...env } }).then(
    () => '',
    (error: { readonly stderr: string }) => error.stderr,
  )

t.test('a terminal has colours and its width, and who wants none has none', needsScript, async t => {
  const coloured = await onTerminal('version --licenses')
  t.ok(coloured.startsWith(`${RED_CODE} --licenses is no flag of version`), coloured)
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { CI: 'true' }])
    t.notOk((await onTerminal('version --licenses', env)).includes('\u001b'), JSON.stringify(env))
  const help = await onTerminal('help resync')
  t.ok(
    help.split('\n').every(line => line.length <= 60),
    help,
  )
})

t.test('a pipe has neither, unless it is told to', async t => {
  t.equal(
    await piped({}),
    'CCM_USAGE: --licenses is no flag of version (did you mean --licences?)\nSee cloud-provider-phoenixnap help version.\n',
  )
  t.ok((await piped({ FORCE_COLOR: '1' })).startsWith(RED_CODE))
})
