import { readFile } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { readCommandLine } from '../command-line.ts'
import { type Config, readConfig, type SettingName } from '../config.ts'
import { SERVICE_ACCOUNT_USER } from '../kubernetes/names.ts'
import { findWebhookUrlProblem, type ServicePort, servicePort } from '../setting-parsers.ts'
import { readSources, type SourceInputs } from '../sources.ts'
import { DISTRIBUTION_NAMES, type DistributionName } from './distributions/contract.ts'
import { toCode } from './files.ts'
import { REGISTER_FLAGS } from './flags.ts'
import { KUBECONFIG_FORMATS, type KubeconfigFormat } from './kubeconfig-text.ts'

/** What `register` was asked to do, checked. Paths are absolute. */
export interface RegisterOptions {
  /** Absent when only a kubeconfig is made. */
  readonly webhook?: WebhookOptions | undefined
  /** Whom the handlers act as. */
  readonly user: string
  readonly print: boolean
  readonly dryRun: boolean
  readonly apiserverDir?: string | undefined
  readonly mergePolicy?: string | undefined
  readonly mergeAdmission?: string | undefined
  /** Metadata of other things than nodes and Services may be sent to us. */
  readonly acceptWiderAudit?: boolean
  readonly distribution?: DistributionName | undefined
  /** Where the API server finds the files, on its own machine. */
  readonly apiserverPath?: string | undefined
  readonly kubeconfigOut?: string | undefined
  /** URL of the API server as its user reaches it. */
  readonly kubeconfigServer?: string | undefined
  readonly kubeconfigFormat?: KubeconfigFormat
  readonly rotation: 'none' | 'rotate' | 'finish'
  /** Form of what is told. */
  readonly output: 'text' | 'json'
}

export interface WebhookOptions {
  /** Where the handlers are served, without a slash at its end. */
  readonly url: string
  /** The Service by which the API server calls admission instead; `url` then holds its name. */
  readonly service?: ServicePort | undefined
  /** PEM. */
  readonly ca?: string | undefined
  /** The API server sends the token; otherwise the URL holds a secret made of it. */
  readonly bearer: boolean
}

/** Options with what they bring: settings with every problem reported, and values of flags. */
export interface ReadOptions {
  readonly options: RegisterOptions
  readonly config: Config
}

/** What was given, by name; a switch is true. */
type Flags = Readonly<Record<string, string | true>>

/** What an option is of no use without; where the webhook is, a Service says as well as a URL. */
const NEEDS: Readonly<Record<string, string>> = {
  'ca-file': 'url',
  bearer: 'url',
  print: 'url',
  // The API server's machine knows no names of Services, and these files are its own.
  'apiserver-dir': 'url',
  'merge-policy': 'apiserver-dir',
  'merge-admission': 'apiserver-dir',
  'accept-wider-audit': 'merge-policy',
  distribution: 'apiserver-dir',
  'apiserver-path': 'apiserver-dir',
  'kubeconfig-server': 'kubeconfig-out',
  'kubeconfig-format': 'kubeconfig-out',
  rotate: 'kubeconfig-out',
  finish: 'kubeconfig-out',
}
const SERVICE_FLAG = 'webhook-service'
const BY_SERVICE: readonly string[] = ['ca-file', 'bearer', 'print']
const EXCLUDE: readonly (readonly [string, string])[] = [
  ['url', SERVICE_FLAG],
  ['rotate', 'finish'],
  ['print', 'kubeconfig-out'],
  ['print', 'output'],
]

/**
 * Options of `register` and the settings beside them.
 *
 * @throws CcmError CCM_CONFIG_INVALID whose message names every problem at once, and no value
 */
export async function readOptions(argv: readonly string[], inputs: SourceInputs = {}): Promise<ReadOptions> {
  const line = readCommandLine({ name: 'register', flags: REGISTER_FLAGS, settings: true }, argv)
  const problems = [...line.problems]
  const switches = [...line.switches].map(name => [name, true] as const)
  const flags: Flags = { ...line.flags, ...Object.fromEntries(switches) }
  problems.push(...findContradictions(flags))
  const options: RegisterOptions = {
    webhook: await readWebhook(flags, problems),
    user: readText(flags, 'user') ?? SERVICE_ACCOUNT_USER,
    print: flags['print'] === true,
    dryRun: flags['dry-run'] === true,
    apiserverDir: readPath(flags, 'apiserver-dir'),
    mergePolicy: readPath(flags, 'merge-policy'),
    mergeAdmission: readPath(flags, 'merge-admission'),
    acceptWiderAudit: flags['accept-wider-audit'] === true,
    distribution: readOneOf(flags, 'distribution', DISTRIBUTION_NAMES, problems),
    apiserverPath: readApiserverPath(flags, problems),
    kubeconfigOut: readPath(flags, 'kubeconfig-out'),
    kubeconfigServer: readServer(flags, problems),
    kubeconfigFormat: readOneOf(flags, 'kubeconfig-format', KUBECONFIG_FORMATS, problems) ?? 'yaml',
    output: readOneOf(flags, 'output', ['text', 'json'], problems) ?? 'text',
    rotation: flags['rotate'] ? 'rotate' : flags['finish'] ? 'finish' : 'none',
  }
  const sources = await readSources({ ...inputs, flags: line.flags, problems })
  const required: SettingName[] = options.webhook ? ['webhookToken'] : []
  return { options, config: readConfig(sources, required).config }
}

function findContradictions(flags: Flags): string[] {
  const service = flags[SERVICE_FLAG]
  const missing = Object.entries(NEEDS)
    .filter(([name, needed]) => flags[name] && !flags[needed] && !(service && BY_SERVICE.includes(name)))
    .map(([name, needed]) => `--${name} needs --${needed}`)
  const both = EXCLUDE.filter(([one, other]) => flags[one] && flags[other]).map(
    ([one, other]) => `--${one} and --${other} exclude each other`,
  )
  const none =
    flags['url'] || service || flags['kubeconfig-out']
      ? []
      : ['--url is missing (give --url https://host:8443, or --webhook-service NAMESPACE/NAME)']
  return [...none, ...missing, ...both]
}

async function readWebhook(flags: Flags, problems: string[]): Promise<WebhookOptions | undefined> {
  const ca = await readCertificate(readText(flags, 'ca-file'), problems)
  const bearer = flags['bearer'] === true
  const service = readService(flags)
  if (service)
    return { url: `https://${service.name}.${service.namespace}.svc:${service.port}`, service, ca, bearer }
  const url = readText(flags, 'url')
  if (url === undefined) return undefined
  const problem = findWebhookUrlProblem(url)
  if (problem) problems.push(`--url: ${problem}`)
  return { url: url.replace(/\/+$/, ''), ca, bearer }
}

/** What is wrong with it is told where all settings are read. */
function readService(flags: Flags): ServicePort | undefined {
  try {
    return servicePort(readText(flags, SERVICE_FLAG) ?? '')
  } catch {
    return undefined
  }
}

async function readCertificate(path: string | undefined, problems: string[]): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    const text = await readFile(path, 'utf8')
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
    problems.push('--ca-file: the file holds no PEM certificate')
  } catch (error) {
    problems.push(`--ca-file: the file cannot be read (${toCode(error)})`)
  }
  return undefined
}

function readText(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return value === true ? undefined : value
}

function readPath(flags: Flags, name: string): string | undefined {
  const path = readText(flags, name)
  return path === undefined ? undefined : resolve(path)
}

function readOneOf<T extends string>(
  flags: Flags,
  name: string,
  known: readonly T[],
  problems: string[],
): T | undefined {
  const text = readText(flags, name)
  const found = known.find(one => one === text)
  if (text !== undefined && found === undefined)
    problems.push(`--${name}: expected one of ${known.join(', ')}`)
  return found
}

/** On another machine: nothing here tells what a relative path would be relative to. */
function readApiserverPath(flags: Flags, problems: string[]): string | undefined {
  const path = readText(flags, 'apiserver-path')
  if (path !== undefined && (!isAbsolute(path) || /[\s"'$`\\]/.test(path)))
    problems.push(
      '--apiserver-path: expected an absolute path on the control plane machines, without blanks and quotes',
    )
  return path?.replace(/\/+$/, '')
}

function readServer(flags: Flags, problems: string[]): string | undefined {
  const text = readText(flags, 'kubeconfig-server')
  if (text === undefined) return undefined
  const isRight = URL.canParse(text) && new URL(text).protocol === 'https:' && !/[?#@]/.test(text)
  if (!isRight) problems.push('--kubeconfig-server: expected a URL such as https://api.example.com:6443')
  return text.replace(/\/+$/, '')
}
