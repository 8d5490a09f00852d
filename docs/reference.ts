import type { Command, JsonField } from '../functions/command.ts'
import { COMMANDS } from '../functions/commands.ts'
import { toAllExits, toUsage } from '../functions/terminal/help.ts'
import { SETTINGS, type SettingName, toFileFlag, toFlag } from '../shared/config.ts'
import { CHECKS } from '../shared/doctor/checks.ts'
import { ERRORS, type ErrorEntry } from '../shared/errors.ts'
import { HOST_SETTINGS } from '../shared/host-settings.ts'
import type { Definition } from '../shared/metrics/contract.ts'
import { METRICS } from '../shared/metrics/definitions.ts'
import { PROBLEM_CODES } from '../shared/metrics/label-values.ts'
import { PROVIDER_SETTINGS, type Setting } from '../shared/settings.ts'
import { SECRET_FILE_ENV, SECRET_FILE_FLAG } from '../shared/sources.ts'

/** Between these lines of the README stands its table of settings. */
const MARKERS = ['<!-- settings -->', '<!-- /settings -->'] as const
const PRINTED = '<!-- Printed from the code by npm run docs; a test fails when it is stale. -->'

/**
 * Every document that is printed from the code, by its path from the root.
 *
 * @param readme README.md as it is; what is outside its markers stays
 * @throws Error when the README has no markers
 */
export const toDocuments = (readme: string): ReadonlyMap<string, string> =>
  new Map([
    ['README.md', toReadme(readme)],
    ['docs/reference/settings.md', toSettingsPage()],
    ['docs/reference/errors.md', toErrorsPage()],
    ['docs/reference/commands.md', toCommandsPage()],
    ['docs/reference/checks.md', toChecksPage()],
    ['docs/reference/metrics.md', toMetricsPage()],
  ])

function toReadme(readme: string): string {
  const [start, end] = MARKERS.map(marker => readme.indexOf(marker))
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error(`README.md has no ${MARKERS.join(' … ')}`)
  }
  const [first] = MARKERS
  return `${readme.slice(0, start + first.length)}\n${toShortTable()}\n${readme.slice(end)}`
}

/** Settings that most deployments touch: those of the provider; the reference has them all. */
function toShortTable(): string {
  const names = Object.keys(PROVIDER_SETTINGS) as SettingName[]
  return toTable(
    ['Variable', 'Default', 'What it is'],
    names.map(name => {
      const { env, doc }: Setting<unknown> = SETTINGS[name]
      return [code(env), toDefault(name), doc]
    }),
  )
}

function toSettingsPage(): string {
  return [
    '# Settings',
    '',
    PRINTED,
    '',
    'A setting is given by its flag, else by its environment variable, else by its field of the secret file, else it has',
    'its default. All problems are reported at once, with exit code 2. Durations are written `90s`, `10m` or `1h`.',
    '',
    `The secret file is named by \`--${SECRET_FILE_FLAG}\` or \`${SECRET_FILE_ENV}\`. It is JSON (a comma too many is forgiven) or YAML.`,
    'A secret is no flag, because everybody on the machine could read it: name a file with it by its flag `--…-file` or by',
    'the variable with `_FILE` at its end. Files are read again while `serve` runs, so that secrets rotate without a restart.',
    '',
    'Wherever a file is named for secrets, the ARN of an AWS Secrets Manager secret (`arn:aws:secretsmanager:…:secret:…`) or',
    'of an SSM parameter (`arn:aws:ssm:…:parameter/…`) may stand in its place. It is read when it is first needed and every',
    'five minutes, at once when credentials are refused, and the last known value is used while AWS does not answer.',
    '',
    '## Provider',
    '',
    toSettingsTable(Object.keys(PROVIDER_SETTINGS) as SettingName[]),
    '',
    '## Host',
    '',
    toSettingsTable(Object.keys(HOST_SETTINGS) as SettingName[]),
    '',
  ].join('\n')
}

const toSettingsTable = (names: readonly SettingName[]): string =>
  toTable(
    ['Variable', 'Flag', 'Field of the secret file', 'Default', 'What it is'],
    names.map(name => {
      const { env, field, doc }: Setting<unknown> = SETTINGS[name]
      const flag = toFlag(name) ?? toFileFlag(name) ?? ''
      return [code(env), code(`--${flag}`), field === undefined ? '' : code(field), toDefault(name), doc]
    }),
  )

function toDefault(name: SettingName): string {
  const { fallback }: Setting<unknown> = SETTINGS[name]
  if (fallback === undefined) return ''
  return fallback === '' ? 'empty' : code(fallback)
}

function toErrorsPage(): string {
  const rows = Object.entries<ErrorEntry>(ERRORS).map(([name, { action, retry, status }]) => [
    code(name),
    retry ? 'yes' : 'no',
    status === undefined ? '' : String(status),
    action,
  ])
  return [
    '# Errors',
    '',
    PRINTED,
    '',
    'Every error has a code that never changes its meaning: in log lines as `code`, in events, in answers to webhook calls,',
    'and on standard error. "Passes" says whether the same work may succeed later without anybody changing anything.',
    '',
    toTable(['Code', 'Passes', 'HTTP status', 'What to do'], rows),
    '',
  ].join('\n')
}

function toChecksPage(): string {
  const rows = CHECKS.map(({ code: name, doc, action }) => [code(name), doc, action])
  const needed = CHECKS.filter(check => check.needed)
    .map(({ code: name }) => code(name))
    .join(', ')
  return [
    '# Checks',
    '',
    PRINTED,
    '',
    'What `doctor` looks at, in the order in which it tells it. A check that is `ok` says what it found; `warn`: it works, and',
    'somebody should look at it; `fail`: something does not work, or will not, and the command ends with exit code 1; `unknown`:',
    `it could not be found out, and why; for ${needed} this ends the command with exit code 1 as well. A code never changes`,
    'its meaning. Nothing is changed: what has to be tried is a dry run.',
    '',
    toTable(['Check', 'Good is', 'What to do otherwise'], rows),
    '',
  ].join('\n')
}

function toMetricsPage(): string {
  const rows = Object.entries<Definition>(METRICS).map(([name, { type, labels, help }]) => [
    code(name),
    type,
    Object.keys(labels).join(', '),
    help,
  ])
  return [
    '# Metrics',
    '',
    PRINTED,
    '',
    '`serve` tells them to Prometheus ([monitor](../guides/monitor.md)); functions count the same ones in CloudWatch, each under its',
    'name, as far as they happen there. A name never changes its meaning. Those that do not begin with `phoenixnap_ccm_` are',
    'the established ones of Kubernetes, Prometheus and Node.js. Every series whose labels are known is there with 0 from the',
    'start; what is in none of the lists below is counted as `other`. No label holds the name of an object or a secret.',
    '',
    toTable(['Metric', 'Type', 'Labels', 'What it is'], rows),
    '',
    '## Labels',
    '',
    ...Object.entries<Definition>(METRICS).flatMap(toLabelLines),
    '',
  ].join('\n')
}

/** What the labels of a metric may be; of codes the page of errors tells. */
const toLabelLines = ([name, { labels }]: [string, Definition]): string[] =>
  Object.entries(labels).map(([label, values]) => {
    if (values === PROBLEM_CODES) return `- ${code(name)}, ${code(label)}: the codes of [errors](errors.md)`
    return `- ${code(name)}, ${code(label)}: ${values ? values.map(code).join(', ') : 'of the program'}`
  })

function toCommandsPage(): string {
  return [
    '# Commands',
    '',
    PRINTED,
    '',
    '`cloud-provider-phoenixnap <command>`: the single-file binary, or `npm run cli -- <command>` in a checkout.',
    '',
    'Exit codes: 0 well, 1 failed, 2 a plan with something to do, and wrong usage, settings or kubeconfig. Errors go to standard',
    'error: code, message, and in the last line what to do; with `--output json` as one line of JSON,',
    '`{"error":{"code","problems","action"}}`. How commands look on a terminal, and how to have them completed:',
    '[use the command line](../guides/use-the-command-line.md).',
    '',
    ...COMMANDS.flatMap(toCommandSection),
  ].join('\n')
}

function toCommandSection({ name, doc, flags, settings, argument, exits, json }: Command): string[] {
  const rows = flags.map(flag => [code(toUsage(flag)), flag.doc])
  return [
    `## ${name}`,
    '',
    doc,
    '',
    ...(argument ? [`${argument.name} is one of ${argument.values.map(code).join(', ')}.`, ''] : []),
    ...(rows.length === 0 ? [] : [toTable(['Flag', 'What it is'], rows), '']),
    ...(settings ? ['Takes the flags of all [settings](settings.md).', ''] : []),
    toTable(['Exit code', 'What it says'], Object.entries(toAllExits(exits))),
    '',
    ...(json ? [toTable(['Field of `--output json`', 'What it holds'], json.map(toField)), ''] : []),
  ]
}

const toField = ([name, doc]: JsonField): string[] => [code(name), doc]

const code = (text: string): string => `\`${text}\``

/** A bar would end a cell, and what stands between angle brackets would be taken for HTML. */
const toCell = (text: string): string =>
  text.startsWith('`') ? text.replaceAll('|', '\\|') : text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

const toTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(toCell).join(' | ')} |`).join('\n')
