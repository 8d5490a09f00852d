import t from 'tap'
import { runCli } from '../../functions/cli.ts'
import { COMMANDS } from '../../functions/commands.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { readVersion } from '../../shared/version.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(
  argv: readonly string[],
  env: Record<string, string> = {},
  stop: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await runCli(argv, {
    out: text => void (out += text),
    err: text => void (err += text),
    env,
    readFile: path => Promise.reject(Object.assign(new Error(path), { code: 'ENOENT' })),
    clock: createTurnableClock(),
    stop,
  })
  return { code, out, err }
}

const CREDENTIALS = { PNAP_CLIENT_ID: 'client-1', PNAP_CLIENT_SECRET: 'hunter22' }

t.test('version', async t => {
  const version = await readVersion()
  for (const argv of [['version'], ['--version']]) {
    t.strictSame(await run(argv), { code: 0, out: `${version}\n`, err: '' })
  }
})

t.test('version as JSON', async t => {
  const { code, out } = await run(['version', '--output', 'json'])
  t.equal(code, 0)
  const { version, commit, ...rest } = JSON.parse(out) as Record<string, string>
  t.match(await readVersion(), new RegExp(`^${version}( \\(${commit}\\))?$`))
  t.strictSame(rest, { node: process.version, platform: `${process.platform}-${process.arch}` })
  const licences = JSON.parse((await run(['version', '--licences', '--output=json'])).out) as object
  t.match(licences, { licences: /licence/ })
})

t.test('an error is JSON where JSON was asked for', async t => {
  const { code, out, err } = await run(['simulate', '--port', 'x', '--fast', '--output', 'json'])
  t.equal(code, 2)
  t.equal(out, '')
  t.strictSame(JSON.parse(err), {
    error: {
      code: 'CCM_USAGE',
      problems: ['--fast is no flag of simulate', '--port: expected a whole number from 0 to 65535'],
      action: 'See cloud-provider-phoenixnap help simulate.',
    },
  })
  const register = await run(['register', '--output=json'])
  t.equal(register.code, 2)
  t.match(JSON.parse(register.err), { error: { code: 'CCM_CONFIG_INVALID', problems: Array } })
})

t.test('help names every command, and for each its flags', async t => {
  for (const argv of [[], ['help'], ['--help'], ['-h']]) {
    const { code, out, err } = await run(argv)
    t.equal(code, 0)
    t.equal(err, '')
    for (const { name } of COMMANDS) t.match(out, `\n  ${name} `)
  }
  for (const { name, flags, settings } of COMMANDS) {
    const { code, out } = await run(['help', name])
    t.equal(code, 0)
    t.equal((await run([name, '--help'])).out, out)
    for (const flag of flags) t.match(out, `--${flag.name}`)
    t.equal(out.includes('--tls-cert V'), settings, name)
    t.match(out, /\nExit codes:\n {2}0 {2}\S/, name)
    t.ok(
      out.split('\n').every(line => line.length <= 80 || !line.trim().includes(' ')),
      `${name}: fits a terminal of 80 columns`,
    )
  }
})

const REFUSED: readonly [argv: string[], err: RegExp[]][] = [
  [['nope'], [/^CCM_USAGE: 'nope' is no command \(commands: serve, resync, .*, help\)$/m]],
  [['resyc'], [/^CCM_USAGE: 'resyc' is no command \(did you mean resync\? commands: serve, /m]],
  [['version', '--license'], [/^CCM_USAGE: --license is no flag of version \(did you mean --licences\?\)$/m]],
  [
    ['resync', '--dryrun', '--node-delete-grac', '1s'],
    [/--dryrun is no flag of resync \(did you mean --dry-run\?\)$/m, /did you mean --node-delete-grace\?/],
  ],
  [['completion', 'tcsh'], [/^CCM_USAGE: SHELL: expected one of bash, zsh, fish$/m]],
  [['completion'], [/^CCM_USAGE: SHELL: expected one of bash, zsh, fish$/m]],
  [['completion', 'bash', 'zsh'], [/^CCM_USAGE: argument 2 after completion is not expected$/m]],
  [['help', 'nope'], [/^CCM_USAGE: 'nope' is no command/m]],
  [['version', '--long', 'hunter22'], [/^CCM_USAGE: --long is no flag of version$/m]],
  [
    ['simulate', '--port', '99999', '--fast'],
    [
      /^CCM_USAGE: --fast is no flag of simulate$/m,
      /^CCM_USAGE: --port: expected a whole number from 0 to 65535$/m,
    ],
  ],
  [
    ['serve', '--client-secret', 'hunter22', '--listen', '--tls-cert', 'hunter22', '--resync-interval=soon'],
    [
      /^CCM_CONFIG_INVALID: --client-secret is no flag of serve \(everybody could read it: use --client-secret-file\)$/m,
      /^CCM_CONFIG_INVALID: --listen needs a value$/m,
      /^CCM_CONFIG_INVALID: --resync-interval: expected a duration such as 90s, 10m or 1h$/m,
      /^CCM_CONFIG_INVALID: PNAP_CLIENT_ID is missing /m,
      /^CCM_CONFIG_INVALID: PNAP_WEBHOOK_TOKEN is missing /m,
      /^CCM_CONFIG_INVALID: PNAP_TLS_KEY is missing /m,
    ],
  ],
  [
    ['resync', '--dry-run=yes', '--output', 'yaml'],
    [/--dry-run takes no value$/m, /--output: expected one of text, json$/m, /PNAP_CLIENT_SECRET is missing/],
  ],
  [
    ['register', '--colour'],
    [/^CCM_CONFIG_INVALID: --colour /m, /^CCM_CONFIG_INVALID: --url is missing/m],
  ],
]
for (const [argv, patterns] of REFUSED) {
  t.test(`${argv.join(' ')}: every problem at once, exit code 2`, async t => {
    const { code, out, err } = await run(argv)
    t.equal(code, 2)
    t.equal(out, '')
    for (const pattern of patterns) t.match(err, pattern)
    t.notMatch(err, /\n +at |hunter22/, 'neither stack nor value')
    t.match(err.trimEnd().split('\n').at(-1), /^[A-Z].*\.$/, 'ends with what to do')
  })
}

t.test('files of the certificate that cannot be read', async t => {
  const argv = ['serve', '--tls-cert', 'tls.crt', '--tls-key', 'tls.key', '--tls-client-ca', 'ca.crt']
  const { code, err } = await run(argv, CREDENTIALS)
  t.equal(code, 2)
  t.equal(
    err,
    [
      'CCM_CONFIG_INVALID: --tls-cert: the file cannot be read (ENOENT)',
      'CCM_CONFIG_INVALID: --tls-key: the file cannot be read (ENOENT)',
      'CCM_CONFIG_INVALID: --tls-client-ca: the file cannot be read (ENOENT)',
      'Correct the settings that the message names.\n',
    ].join('\n'),
    'and with client certificates no token is needed',
  )
})

t.test('a kubeconfig that cannot be used', async t => {
  const { code, err } = await run(['resync', '--kubeconfig', '/does/not/exist'], CREDENTIALS)
  t.equal(code, 2)
  t.match(err, /^KUBE_CONFIG_INVALID: .*\/does\/not\/exist.*\nCorrect KUBECONFIG, .*\n$/)
})
