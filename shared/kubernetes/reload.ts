import { delimiter } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import type { Log } from '../log.ts'
import { readTextFile } from '../read-file.ts'
import { type ClusterSettings, KUBECONFIG_MIB, loadKubeConfig } from './credentials.ts'

/** The cluster's credentials at the start, and as they are later. */
export interface ClusterAccess {
  readonly config: KubeConfig
  /**
   * The newest ones that can be used. Their sources are looked at every 30 s at the most.
   *
   * @param refused true when the API server has just refused the ones in use: the sources are looked at now
   */
  readonly latest: (refused: boolean) => Promise<KubeConfig>
}

export interface ClusterAccessOptions {
  /** Where the cluster is, as it was at the start. */
  readonly settings: ClusterSettings
  /** The same, read again: a token may have come from a file, or from AWS, which is asked anew when it was refused. */
  readonly readSettings: (refused: boolean) => Promise<ClusterSettings>
  readonly clock: Clock
  readonly log: Log
}

/** A kubelet brings a changed Secret into a pod within a minute, and an old token stays valid until it is finished. */
const LOOK_MS = 30_000

/**
 * Credentials that may be replaced while the process runs: kubeconfig files and KUBE_TOKEN_FILE. What cannot be used
 * leaves those in use, as does another API server: a changed context must not take a running process to another cluster.
 *
 * @throws CcmError KUBE_CONFIG_INVALID when they cannot be read at the start
 */
export async function openClusterAccess(options: ClusterAccessOptions): Promise<ClusterAccess> {
  const { clock, log } = options
  // Before the sources are loaded: a change in between is found at the first look.
  let seen = await readSources(options.settings)
  const config = await loadKubeConfig(options.settings)
  let current = config
  let lookAt = clock.now() + LOOK_MS
  let isTold = false
  let looking: Promise<void> | undefined

  async function renew(refused: boolean): Promise<void> {
    const settings = await options.readSettings(refused)
    const sources = await readSources(settings)
    if (sources === seen) return
    const next = await loadKubeConfig(settings)
    refuseMove(current, next)
    current = next
    seen = sources
    log.info({}, 'cluster credentials changed, taken into use')
  }

  async function look(refused: boolean): Promise<void> {
    try {
      await renew(refused)
      isTold = false
    } catch (error) {
      if (!isTold) log.warn({ error }, 'changed cluster credentials cannot be used, the old ones stay in use')
      isTold = true
    } finally {
      lookAt = clock.now() + LOOK_MS
      looking = undefined
    }
  }

  async function latest(refused: boolean): Promise<KubeConfig> {
    if (refused || looking || clock.now() >= lookAt) await (looking ??= look(refused))
    return current
  }

  return { config, latest }
}

/** Everything that the credentials are made of, as one text to compare. */
async function readSources(settings: ClusterSettings): Promise<string> {
  const paths = settings.kubeconfig?.split(delimiter).filter(Boolean) ?? []
  return JSON.stringify([settings, await Promise.all(paths.map(readText))])
}

/** A file that cannot be read differs from every one that can; the loading tells what is wrong with it. */
const readText = (path: string): Promise<string> =>
  readTextFile(path, KUBECONFIG_MIB).catch((error: NodeJS.ErrnoException) => String(error.code))

function refuseMove(from: KubeConfig, to: KubeConfig): void {
  const [before, after] = [from, to].map(config => config.getCurrentCluster()?.server)
  if (before === after) return
  throw new CcmError('KUBE_CONFIG_INVALID', 'another API server is named now: restart to move there')
}
