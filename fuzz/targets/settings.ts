import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { COMMANDS } from '../../functions/commands.ts'
import { readCommandLine, settingFlags } from '../../shared/command-line.ts'
import { readConfig, SETTINGS, type Sources } from '../../shared/config.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { readOptions } from '../../shared/register/options.ts'
import type { Setting } from '../../shared/settings.ts'
import { readSources } from '../../shared/sources.ts'
import { ODD_NUMBERS, oddText, type Tree, toText } from '../hostile.ts'
import { damaged, mutated } from '../mutate.ts'
import { define, type Runnable } from '../run.ts'
import { checkText, ensure, watch } from '../watch.ts'

const CONFIG_CODES = /^CCM_CONFIG_INVALID$/
/** Stands in every secret place, and may be in no message. */
const SECRET = 'planted-secret-0123456789'
const ALL: readonly Setting<unknown>[] = Object.values(SETTINGS)

/** Values that some setting takes, beside odd ones. */
const values = fc.oneof(
  fc.constantFrom(
    '60s',
    '1h30m',
    '0',
    '10',
    '0.2',
    'packed',
    'auto',
    '/29',
    'info',
    '127.0.0.1:8443',
    '[::1]:443',
  ),
  fc.constantFrom(
    'kube-vip://abc',
    'metallb:///abc/',
    'https://host:8443',
    'kube-system/name:443',
    '203.0.113.4-203.0.113.6',
    'a,b',
  ),
  fc.constantFrom(
    '10mm',
    '1h1',
    '９s',
    '1e3',
    '0x10',
    'https://u:p@host',
    'javascript:alert(1)',
    'https://[::1',
    ':0',
    'a:65536',
    'kube-vip://a b',
    SECRET,
  ),
  fc.constantFrom(...ODD_NUMBERS),
  oddText,
)
const environment = fc.dictionary(
  fc.constantFrom(...ALL.map(({ env }) => env), 'PNAP_UNKNOWN', 'PNAP_CLOUD_CONFIG', '__proto__'),
  values,
  { maxKeys: 8 },
)

function read(sources: Sources): string {
  const { notices } = readConfig(sources)
  for (const notice of notices) checkText('a notice', notice)
  return 'ok'
}

const attemptConfig = (env: Readonly<Record<string, string>>): Promise<string> =>
  watch({ work: () => read({ env }), codes: CONFIG_CODES })

const attemptSetting = ([setting, value]: readonly [Setting<unknown>, string]): string => {
  try {
    setting.parse(value)
    return 'ok'
  } catch (error) {
    ensure(error instanceof Error && error.constructor === Error, `threw ${String(error)}`)
    const { message } = error as Error
    checkText('what was expected', message, 300)
    ensure(value.length < 12 || !message.includes(value), 'the message repeats the value')
    return 'refused'
  }
}

const secretFields = fc.record(
  Object.fromEntries(
    ALL.flatMap(({ field }) => (field ? [[field, fc.oneof(values, fc.constant(SECRET))]] : [])),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<Tree>
/** As YAML, with what YAML can do beyond JSON. */
const yaml = fc
  .tuple(
    fc.constantFrom(
      '',
      'a: &a [x]\n',
      'clientID: &b "1"\n',
      `${'- '.repeat(300)}x\n`,
      '? [a]\n: b\n',
      '%YAML 9.9\n---\n',
    ),
    secretFields,
    fc.constantFrom(
      '',
      'x: *a\n',
      'x: *nobody\n',
      '<<: *a\n',
      BOMB(),
      'clientID: !!binary aGk=\n',
      '...\n---\na: b\n',
    ),
  )
  .map(([head, fields, tail]) => `${head}${toLines(fields)}${tail}`)

const toLines = (fields: Tree): string =>
  Object.entries(fields as object)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('')

/** Aliases of aliases: two hundred letters that stand for ten thousand million. */
function BOMB(): string {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const items = level === 0 ? 'x' : `*l${level - 1}`
    return `l${level}: &l${level} [${Array.from({ length: 10 }, () => items).join(', ')}]\n`
  })
  return levels.join('')
}

const secretFiles = damaged(fc.oneof(mutated(secretFields).map(toText), yaml, oddText))

const attemptSecretFile = (file: string): Promise<string> =>
  watch({
    work: async () => {
      const sources = await readSources({ env: { PNAP_CLOUD_CONFIG: '/secret' }, readFile: async () => file })
      for (const problem of sources.problems ?? [])
        ensure(!problem.includes(SECRET), 'a problem tells a secret')
      return read(sources)
    },
    codes: CONFIG_CODES,
  })

const tokenFiles = damaged(
  fc
    .array(fc.oneof(fc.constantFrom(SECRET, 'another-token-of-sixteen', 'short'), oddText), { maxLength: 4 })
    .chain(lines => fc.constantFrom('\n', '\r\n', ' \n', '\n\n', '\u2028').map(end => lines.join(end))),
)

const attemptTokenFile = (file: string): Promise<string> =>
  watch({
    work: async () => {
      const sources = await readSources({
        env: { PNAP_WEBHOOK_TOKEN_FILE: '/token' },
        readFile: async () => file,
      })
      const { webhookToken = '', webhookTokenPrevious = '' } = readConfig(sources).config
      for (const token of [webhookToken, webhookTokenPrevious])
        ensure(/^[\x21-\x7e]*$/.test(token), 'a token that no header can hold is taken')
      return webhookToken
    },
    codes: CONFIG_CODES,
    label: token => (token === '' ? 'none' : 'ok'),
  })

const kubeconfig: Tree = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'a',
  clusters: [{ name: 'a', cluster: { server: 'https://a:6443', 'certificate-authority-data': 'YQ==' } }],
  users: [{ name: 'a', user: { token: SECRET, tokenFile: 'token', exec: { command: 'x/y', args: [] } } }],
  contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
}

/** Runs `work` with a file of this text. */
export async function withFile<T>(file: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  try {
    const path = join(folder, 'file')
    writeFileSync(path, file)
    return await work(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const attemptKubeconfig = (file: string): Promise<string> =>
  watch({
    work: () => withFile(file, path => loadKubeConfig({ kubeconfig: path })),
    codes: /^KUBE_CONFIG_INVALID$/,
  })

const flagNames = [...settingFlags(), ...COMMANDS.flatMap(({ flags }) => flags)].map(
  ({ name }) => `--${name}`,
)
const argument = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...flagNames) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...flagNames), values).map(pair => pair.join('=')) },
  { weight: 3, arbitrary: values },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '--',
      '-',
      '-abc',
      '--__proto__',
      '--__proto__=x',
      '--constructor',
      '--toString=1',
      '-\u001b[2J',
      `--client-secret=${SECRET}`,
    ),
  },
)

const commandLines = fc.tuple(fc.constantFrom(...COMMANDS), fc.array(argument, { maxLength: 6 }))

const attemptCommandLine = ([command, argv]: readonly [
  (typeof COMMANDS)[number],
  readonly string[],
]): Promise<string> =>
  watch({
    work: () => {
      const { problems, flags } = readCommandLine(command, argv)
      for (const problem of problems) ensure(!problem.includes(SECRET), 'a problem tells a value')
      return problems.length > 0 ? 'problems' : Object.keys(flags).length > 0 ? 'flags' : 'ok'
    },
    codes: /^$/,
    label: word => word,
  })

const attemptRegister = (argv: readonly string[]): Promise<string> =>
  watch({
    work: () => readOptions(argv, { env: {}, readFile: async () => SECRET }),
    codes: /^(CCM_CONFIG_INVALID|CCM_USAGE|KUBE_CONFIG_INVALID)$/,
  })

export const SETTING_TARGETS: readonly Runnable[] = [
  define({ name: 'settings.environment', inputs: environment, attempt: attemptConfig }),
  define({
    name: 'settings.value',
    inputs: fc.tuple(fc.constantFrom(...ALL), values),
    attempt: attemptSetting,
  }),
  define({ name: 'settings.secret-file', inputs: secretFiles, attempt: attemptSecretFile, share: 0.5 }),
  define({ name: 'settings.token-file', inputs: tokenFiles, attempt: attemptTokenFile }),
  define({
    name: 'settings.kubeconfig',
    inputs: damaged(mutated(fc.constant(kubeconfig)).map(toText)),
    attempt: attemptKubeconfig,
    share: 0.5,
  }),
  define({ name: 'command.line', inputs: commandLines, attempt: attemptCommandLine }),
  define({
    name: 'command.register',
    inputs: fc.array(argument, { maxLength: 6 }),
    attempt: attemptRegister,
  }),
]
