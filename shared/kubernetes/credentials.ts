import { readFile } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, resolve } from 'node:path'
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node'
import type { Config } from '../config.ts'
import { CcmError } from '../errors.ts'
import { readTextFile } from '../read-file.ts'

/** Where the cluster is reached, in the order in which it is looked for. Unset fields are absent. */
export interface ClusterSettings {
  /** Path of a kubeconfig, or several joined as in KUBECONFIG: what the first one says counts. */
  readonly kubeconfig?: string | undefined
  /** Context of that kubeconfig; its current context by default. */
  readonly context?: string | undefined
  /** https URL of the API server, with `caData` (PEM or base64 of PEM) and `token`. */
  readonly apiServer?: string | undefined
  readonly caData?: string | undefined
  readonly token?: string | undefined
}

/** The parts of `users[].user.exec` that are looked at; the rest is the library's business. */
interface ExecConfig {
  readonly apiVersion?: string
  readonly command: string
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly provideClusterInfo?: boolean
}

/** The part of the configuration that says where the cluster is. */
export const toClusterSettings = (config: Config): ClusterSettings => ({
  kubeconfig: config.kubeconfig,
  context: config.kubeContext,
  apiServer: config.kubeApiServer,
  caData: config.kubeCaData,
  token: config.kubeToken,
})

const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'
/** Some 600 clusters with their certificates. */
export const KUBECONFIG_MIB = 4
const EXEC_INFO = 'KUBERNETES_EXEC_INFO'

/**
 * Credentials for the API server: KUBECONFIG, else KUBE_API_SERVER and its fellows, else the pod's service account.
 *
 * @param root folder in which the pod's files lie, `/` by default
 * @throws CcmError KUBE_CONFIG_INVALID when none of them can be read
 */
export async function loadKubeConfig(settings: ClusterSettings, root = ''): Promise<KubeConfig> {
  const config = await createConfig()
  try {
    if (settings.kubeconfig) await loadFiles(config, settings.kubeconfig.split(delimiter).filter(Boolean))
    else if (settings.apiServer) config.loadFromClusterAndUser(...fromSettings(settings))
    else await loadInCluster(config, root)
    if (settings.context) config.setCurrentContext(settings.context)
    const cluster = checkContext(config)
    config.clusters = config.clusters.map(allowHttp)
    config.users = await Promise.all(config.users.map(user => describeToPlugin(user, cluster)))
  } catch (error) {
    throw invalid(settings, error)
  }
  return config
}

async function createConfig(): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  return new KubeConfig()
}

/**
 * As kubectl merges them: files that do not exist are passed over, and of two entries with one name the first counts
 * (the library takes the first it finds; its own merge refuses two).
 */
async function loadFiles(config: KubeConfig, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const text = await readTextFile(path, KUBECONFIG_MIB).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && paths.length > 1) return undefined
      throw error
    })
    if (text === undefined) continue
    const one = await loadFile(text, dirname(resolve(path)))
    config.clusters = [...config.clusters, ...one.clusters]
    config.users = [...config.users, ...one.users]
    config.contexts = [...config.contexts, ...one.contexts]
    config.setCurrentContext(config.getCurrentContext() || one.getCurrentContext())
  }
}

async function loadFile(text: string, folder: string): Promise<KubeConfig> {
  const one = await createConfig()
  if (text.trim() === '') return one
  one.loadFromString(text)
  one.makePathsAbsolute(folder)
  one.users = one.users.map(user => findCommand(user, folder))
  if (text.includes('tokenFile')) await useTokenFiles(one, text, folder)
  return one
}

/** A plugin's command with a slash in it is a file beside the kubeconfig; without one it is looked for in the PATH. */
function findCommand(user: User, folder: string): User {
  const exec = user.exec as ExecConfig | null | undefined
  if (!exec?.command.includes('/') || isAbsolute(exec.command)) return user
  return { ...user, exec: { ...exec, command: resolve(folder, exec.command) } }
}

/** The library knows `token-file` only, and reads it once; kubectl writes `tokenFile`, which rotates and goes before `token`. */
async function useTokenFiles(config: KubeConfig, text: string, folder: string): Promise<void> {
  const { parse } = await import('yaml')
  const raw = parse(text, { logLevel: 'error', prettyErrors: false }) as {
    users?: { name: string; user?: { tokenFile?: string } }[]
  }
  config.users = config.users.map(known => {
    const tokenFile = raw.users?.find(({ name }) => name === known.name)?.user?.tokenFile
    if (!tokenFile) return known
    const { token: _, ...rest } = known
    return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } } }
  })
}

async function loadInCluster(config: KubeConfig, root: string): Promise<void> {
  try {
    await readFile(root + IN_CLUSTER_TOKEN)
  } catch {
    throw new Error('neither KUBECONFIG nor KUBE_API_SERVER is set, and there is no service account of a pod')
  }
  config.loadFromCluster(root)
  if (config.clusters.some(({ server }) => server.includes('undefined')))
    throw new Error('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set')
}

function fromSettings(settings: ClusterSettings): Parameters<KubeConfig['loadFromClusterAndUser']> {
  const ca = settings.caData
  const caData = ca?.includes('-----BEGIN') ? Buffer.from(ca).toString('base64') : ca
  const server = settings.apiServer ?? ''
  return [
    { name: 'cluster', server, ...(caData ? { caData } : {}), skipTLSVerify: false },
    { name: 'user', ...(settings.token ? { token: settings.token.trim() } : {}) },
  ]
}

/** The cluster of the current context. */
function checkContext(config: KubeConfig): Cluster {
  const name = config.getCurrentContext()
  if (!name) throw new Error('it names no current context')
  const context = config.getContextObject(name)
  if (!context) throw new Error(`it has no context ${name}`)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error(`it has no cluster ${context.cluster}, which context ${name} names`)
  if (context.user && !config.getCurrentUser())
    throw new Error(`it has no user ${context.user}, whom context ${name} names`)
  if (holdsCredentials(cluster.server))
    throw new Error(
      `the server of its cluster ${context.cluster} is a URL with user, password, query or fragment; expected one without, and credentials under users`,
    )
  refuseCommand(config.getCurrentUser())
  return cluster
}

/** The library runs their command in the middle of everything else, lets it write into our log, and repeats how it was called. */
function refuseCommand(user: User | null): void {
  const provider: unknown = user?.authProvider?.name
  if (provider !== 'gcp' && provider !== 'azure') return
  throw new Error(
    `its user ${user?.name} has the auth-provider ${provider}, which kubectl no longer knows either; expected exec`,
  )
}

/** Errors name the server, so that it must be none to be kept secret; as for KUBE_API_SERVER. */
function holdsCredentials(server: string): boolean {
  if (/[?#]/.test(server)) return true
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) return server.includes('@')
  return url.username !== '' || url.password !== ''
}

/** The library refuses http unless certificates need not be right; kubectl does not (`kubectl proxy` speaks http). */
const allowHttp = (cluster: Cluster): Cluster =>
  cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster

/** kubectl tells a plugin which cluster it is for, and that nobody can be asked; the library does not, and some refuse to run. */
async function describeToPlugin(user: User, cluster: Cluster): Promise<User> {
  const exec = user.exec as ExecConfig | null | undefined
  if (!exec) return user
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(exec.provideClusterInfo ? { cluster: await toClusterInfo(cluster) } : {}),
    },
  }
  return {
    ...user,
    exec: { ...exec, env: [{ name: EXEC_INFO, value: JSON.stringify(info) }, ...(exec.env ?? [])] },
  }
}

async function toClusterInfo({
  server,
  caData,
  caFile,
  skipTLSVerify,
  tlsServerName,
}: Cluster): Promise<object> {
  const authority = caData ?? (caFile ? (await readFile(caFile)).toString('base64') : undefined)
  return {
    server,
    ...(authority ? { 'certificate-authority-data': authority } : {}),
    ...(skipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(tlsServerName ? { 'tls-server-name': tlsServerName } : {}),
  }
}

/** Longer than any path of a file is written; a kubeconfig with one certificate is longer in base64. */
const LONGEST_PATH = 512

/** What a kubeconfig holds is never told: a parser shows the lines around a mistake, and one may stand where a path should. */
function invalid({ kubeconfig, apiServer }: ClusterSettings, thrown: unknown): CcmError {
  const paths = kubeconfig?.split(delimiter) ?? []
  const isPath = paths.every(path => path.length <= LONGEST_PATH && !/[\n{]/.test(path))
  const server = apiServer && holdsCredentials(apiServer) ? 'KUBE_API_SERVER' : apiServer
  const where = (isPath ? kubeconfig : 'KUBECONFIG') ?? server ?? 'the service account of the pod'
  const why = isPath ? toReason(thrown) : 'it holds a kubeconfig instead of the path of one'
  return new CcmError('KUBE_CONFIG_INVALID', `cluster credentials from ${where} cannot be used: ${why}`)
}

/** Our own words and the library's tell what is wrong; those of a parser and of Node repeat what they were given. */
function toReason(thrown: unknown): string {
  const { code, mark, message } = thrown as NodeJS.ErrnoException & { mark?: Place }
  if (mark) return `it is no YAML (line ${mark.line + 1}, column ${mark.column + 1})`
  if (thrown instanceof TypeError) return 'a value in it is of a wrong type'
  return code ?? message
}

/** Where the library's parser of YAML stumbled, counted from 0. */
interface Place {
  readonly line: number
  readonly column: number
}
