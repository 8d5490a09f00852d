import { readFile } from 'node:fs/promises'
import { delimiter, dirname, resolve } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { CcmError } from '../errors.ts'

/** Where the cluster is reached, in the order in which it is looked for. Unset fields are absent. */
export interface ClusterSettings {
  /** Path of a kubeconfig, or several joined as in KUBECONFIG. */
  readonly kubeconfig?: string | undefined
  /** Context of that kubeconfig; its current context by default. */
  readonly context?: string | undefined
  /** https URL of the API server, with `caData` (PEM or base64 of PEM) and `token`. */
  readonly apiServer?: string | undefined
  readonly caData?: string | undefined
  readonly token?: string | undefined
}

const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/**
 * Credentials for the API server: KUBECONFIG, else KUBE_API_SERVER and its fellows, else the pod's service account.
 *
 * @throws CcmError KUBE_CONFIG_INVALID when none of them can be read
 */
export async function loadKubeConfig(settings: ClusterSettings): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  const config = new KubeConfig()
  try {
    if (settings.kubeconfig) await loadFiles(config, settings.kubeconfig)
    else if (settings.apiServer) config.loadFromClusterAndUser(...fromSettings(settings))
    else await loadInCluster(config)
    allowPlainHttp(config)
    if (settings.context) config.setCurrentContext(settings.context)
    if (!config.getCurrentCluster()) throw new Error('it names no current context with a cluster')
  } catch (error) {
    throw invalid(settings, error)
  }
  return config
}

/** kubectl reads a cluster at an http URL as it is; the library asks for a flag although there is no TLS to verify. */
function allowPlainHttp(config: KubeConfig): void {
  config.clusters = config.clusters.map(cluster =>
    cluster.server?.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  )
}

async function loadFiles(config: KubeConfig, paths: string): Promise<void> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js')
  for (const [index, path] of paths.split(delimiter).filter(Boolean).entries()) {
    const text = await readFile(path, 'utf8')
    const one = index === 0 ? config : new KubeConfig()
    one.loadFromString(text)
    one.makePathsAbsolute(dirname(resolve(path)))
    if (text.includes('tokenFile:')) await useTokenFiles(one, text, dirname(resolve(path)))
    if (index > 0) config.mergeConfig(one)
  }
}

/** The library knows `token-file` only, and reads it once; kubectl writes `tokenFile`, which rotates. */
async function useTokenFiles(config: KubeConfig, text: string, folder: string): Promise<void> {
  const { parse } = await import('yaml')
  const raw = parse(text) as { users?: { name: string; user?: { tokenFile?: string } }[] }
  for (const { name, user } of raw.users ?? []) {
    if (!user?.tokenFile) continue
    const index = config.users.findIndex(known => known.name === name)
    const known = config.users[index]
    if (!known) continue
    const authProvider = { name: 'tokenFile', config: { tokenFile: resolve(folder, user.tokenFile) } }
    config.users[index] = { ...known, authProvider }
  }
}

async function loadInCluster(config: KubeConfig): Promise<void> {
  try {
    await readFile(IN_CLUSTER_TOKEN)
  } catch {
    throw new Error('neither KUBECONFIG nor KUBE_API_SERVER is set, and there is no service account of a pod')
  }
  config.loadFromCluster()
}

function fromSettings(settings: ClusterSettings): Parameters<KubeConfig['loadFromClusterAndUser']> {
  const ca = settings.caData
  const caData = ca?.includes('-----BEGIN') ? Buffer.from(ca).toString('base64') : ca
  const server = settings.apiServer ?? ''
  return [
    { name: 'cluster', server, ...(caData ? { caData } : {}), skipTLSVerify: server.startsWith('http:') },
    { name: 'user', ...(settings.token ? { token: settings.token.trim() } : {}) },
  ]
}

function invalid(settings: ClusterSettings, cause: unknown): CcmError {
  const where = settings.kubeconfig ?? settings.apiServer ?? 'the service account of the pod'
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CcmError('KUBE_CONFIG_INVALID', `cluster credentials from ${where} cannot be used: ${why}`, {
    cause,
  })
}
