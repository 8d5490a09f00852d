import type { Clock } from '../shared/clock.ts'
import type { Leftovers } from '../shared/cloud-provider/leftovers.ts'
import type { CommandLine } from '../shared/command-line.ts'
import { openCloud } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, readConfig } from '../shared/config.ts'
import { cleanUp } from '../shared/controllers/cleanup/cleanup.ts'
import type { CleanupParts, ClusterFinding } from '../shared/controllers/cleanup/contract.ts'
import { createClusterLook } from '../shared/controllers/cleanup/living-cluster.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import { createKube, type Kube } from '../shared/kubernetes/client.ts'
import { loadKubeConfig, toClusterSettings } from '../shared/kubernetes/credentials.ts'
import { createLog } from '../shared/log.ts'
import { duration } from '../shared/setting-parsers.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import { type CliIo, readOutput, readTimeout, toJson } from './command.ts'
import { logSecrets } from './live-settings.ts'
import { toCleanupText } from './terminal/cleanup-text.ts'
import { toOutLook } from './terminal/look.ts'

export interface CleanupCommand {
  /** What the UID of the cluster's namespace kube-system was. */
  readonly cluster: string
  readonly confirm: boolean
  readonly timeoutMs: number
  readonly output: 'text' | 'json'
}

/** A block takes minutes to leave its network, and a network lets one go at a time. */
const TIMEOUT = '15m'
const parseTimeout = duration('1s', '24h')
/** As the API server writes UIDs; the tags of the blocks hold it letter by letter. */
const UID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The flags of `cleanup`; a wrong one becomes a problem of the settings. */
export function toCleanupCommand({
  flags,
  switches,
  problems,
}: CommandLine): CleanupCommand & { problems: string[] } {
  const { cluster = '', timeout = TIMEOUT } = flags
  const found = [...problems]
  // A flag without its value has been named already.
  const isNamed = problems.some(problem => problem.startsWith('--cluster '))
  if (flags['cluster'] === undefined) {
    if (!isNamed)
      found.push('--cluster is missing (the UID that the namespace kube-system of the cluster had)')
  } else if (!UID.test(cluster)) {
    found.push('--cluster: expected a UID such as 01234567-89ab-cdef-0123-456789abcdef, in small letters')
  }
  const output = readOutput({ flags }, found)
  const timeoutMs = readTimeout(timeout, parseTimeout, found)
  return { cluster, confirm: switches.has('confirm'), timeoutMs, output, problems: found }
}

/**
 * `cleanup` with the real parts; only the BMC API is needed.
 *
 * @throws CcmError CCM_CONFIG_INVALID, KUBE_CONFIG_INVALID, CCM_CLUSTER_ALIVE, BMC_* when it could not begin
 */
export async function runCleanup(command: CleanupCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const { config } = readConfig(await readSources(inputs), CLOUD_SETTINGS)
  const secrets = logSecrets(config)
  const log = await createLog({ level: config.logLevel, secrets: () => secrets, write: io.err })
  const kube = await openKube(config)
  const cloud = openCloud({ config, readSources: () => readSources(inputs), clock: io.clock, log })
  try {
    const { leftovers } = cloud
    if (!leftovers) throw new CcmError('CCM_INTERNAL', `${cloud.providerName} knows no leftovers`)
    const requestCounts = () => cloud.requestCounts()
    return await cleanUpOnce(command, { leftovers, requestCounts, kube }, io)
  } finally {
    cloud.close()
    kube?.end()
  }
}

/** The cluster that the settings lead to; undefined where they name none and this is no pod. */
async function openKube(config: Config): Promise<Kube | undefined> {
  const settings = toClusterSettings(config)
  try {
    return createKube({ config: await loadKubeConfig(settings) })
  } catch (error) {
    const isNamed = settings.kubeconfig !== undefined || settings.apiServer !== undefined
    if (isNamed || !hasCode(error, 'KUBE_CONFIG_INVALID')) throw error
    return undefined
  }
}

interface CleanupOnceParts {
  readonly leftovers: Leftovers
  readonly requestCounts: CleanupParts['requestCounts']
  readonly kube: Kube | undefined
}

/** What one run needs, and what it may use. */
export type OnceIo = Pick<CliIo, 'clock' | 'stop' | 'out'> & Partial<CliIo>

/** One run, its report on standard output. @returns exit code 0: nothing is left; 1: something is; 2: a plan with something to do */
export async function cleanUpOnce(
  { cluster, confirm, timeoutMs, output }: CleanupCommand,
  { leftovers, requestCounts, kube }: CleanupOnceParts,
  io: OnceIo,
): Promise<number> {
  const { clock, stop, out, progress } = io
  const tell = (line: string): void => progress?.say(line)
  const lookAtCluster = toLook(kube, cluster, clock)
  const deadline = clock.now() + timeoutMs
  const report = await cleanUp(
    { leftovers, clock, lookAtCluster, requestCounts, tell },
    { cluster, confirm, deadline, signal: stop },
  )
  out(output === 'json' ? toJson(report) : toCleanupText(report, toOutLook({ env: {}, ...io })))
  if (report.failures.length > 0) return 1
  return report.state === 'planned' ? 2 : 0
}

const toLook = (kube: Kube | undefined, cluster: string, clock: Clock): CleanupParts['lookAtCluster'] =>
  kube
    ? createClusterLook(kube, cluster, clock)
    : async (): Promise<ClusterFinding> => ({ state: 'none', why: 'no cluster is configured' })
