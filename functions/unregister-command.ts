import type { Cloud } from '../shared/cloud-provider/contract.ts'
import type { Leftover, Leftovers } from '../shared/cloud-provider/leftovers.ts'
import type { CommandLine } from '../shared/command-line.ts'
import { openCloud, providerIDOwner } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, readConfig } from '../shared/config.ts'
import { cleanUp } from '../shared/controllers/cleanup/cleanup.ts'
import type { CleanupCall, CleanupParts } from '../shared/controllers/cleanup/contract.ts'
import type { WithdrawCall, WithdrawParts } from '../shared/controllers/unregister/contract.ts'
import { expectWithdrawn, withdraw } from '../shared/controllers/unregister/withdraw.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import { createKube, type Kube } from '../shared/kubernetes/client.ts'
import { readClusterName } from '../shared/kubernetes/cluster-name.ts'
import { loadKubeConfig, toClusterSettings } from '../shared/kubernetes/credentials.ts'
import { createLog } from '../shared/log.ts'
import { duration } from '../shared/setting-parsers.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import type { OnceIo } from './cleanup-command.ts'
import { type CliIo, readOutput, readTimeout, toJson } from './command.ts'
import { logSecrets } from './live-settings.ts'
import { toOutLook } from './terminal/look.ts'
import { toUnregisterText } from './terminal/unregister-text.ts'
import { type BlockReport, toUnregisterReport, type UnregisterReport } from './unregister-report.ts'

export interface UnregisterCommand {
  readonly confirm: boolean
  /** Takes addresses from Services, and gives their blocks back. */
  readonly release: boolean
  /** Of giving blocks back. */
  readonly timeoutMs: number
  /** Every object is shown, however many are alike. */
  readonly full?: boolean
  readonly output: 'text' | 'json'
}

const TIMEOUT = '15m'
const parseTimeout = duration('1s', '24h')

/** The flags of `unregister`; a wrong one becomes a problem of the settings. */
export function toUnregisterCommand({
  flags,
  switches,
  problems,
}: CommandLine): UnregisterCommand & { problems: string[] } {
  const { timeout = TIMEOUT } = flags
  const found = [...problems]
  const output = readOutput({ flags }, found)
  const timeoutMs = readTimeout(timeout, parseTimeout, found)
  return {
    confirm: switches.has('confirm'),
    release: switches.has('release'),
    full: switches.has('full'),
    timeoutMs,
    output,
    problems: found,
  }
}

/**
 * `unregister` with the real parts. The BMC API is needed for --release; else it is asked for blocks that stay where
 * credentials are given.
 *
 * @throws CcmError CCM_CONFIG_INVALID, KUBE_*, BMC_* when it could not begin: then nothing was changed
 */
export async function runUnregister(
  command: UnregisterCommand,
  inputs: SourceInputs,
  io: CliIo,
): Promise<number> {
  const { config } = readConfig(await readSources(inputs), command.release ? CLOUD_SETTINGS : [])
  const kube = createKube({ config: await loadKubeConfig(toClusterSettings(config)) })
  const cloud = config.clientID === undefined ? undefined : await openWithLog(config, inputs, io)
  try {
    const requestCounts = (): ReadonlyMap<string, number> => cloud?.requestCounts() ?? new Map()
    return await unregisterOnce(command, { kube, leftovers: cloud?.leftovers, requestCounts }, io)
  } finally {
    cloud?.close()
    kube.end()
  }
}

async function openWithLog(config: Config, inputs: SourceInputs, io: CliIo): Promise<Cloud> {
  const secrets = logSecrets(config)
  const log = await createLog({ level: config.logLevel, secrets: () => secrets, write: io.err })
  return openCloud({ config, readSources: () => readSources(inputs), clock: io.clock, log })
}

export interface UnregisterParts {
  readonly kube: Kube
  /** Absent where there are no credentials. */
  readonly leftovers: Leftovers | undefined
  readonly requestCounts: () => ReadonlyMap<string, number>
}

/** One run, its report on standard output. @returns exit code 0: nothing is left; 1: something is; 2: a plan with something to do */
export async function unregisterOnce(
  command: UnregisterCommand,
  { kube, leftovers, requestCounts }: UnregisterParts,
  io: OnceIo,
): Promise<number> {
  const { clock, stop, progress } = io
  const tell = (line: string): void => progress?.say(line)
  const { confirm, release } = command
  const cluster = await readClusterName(kube, stop)
  const found = await listBlocks(leftovers, cluster, command, stop)
  const cidrs = found.blocks.flatMap(({ cidr }) => cidr ?? [])
  const parts: WithdrawParts = { kube, clock, tell, toOwner: providerIDOwner }
  const call: WithdrawCall = { confirm, release: release ? { cidrs } : undefined, signal: stop }
  const withdrawn = await withdraw(parts, call)
  const isClear = withdrawn.failures.length === 0
  const blocks: BlockReport = { ...found, changes: [], failures: [] }
  if (release && leftovers && isClear) {
    // Looked at before each round: a host that still runs may come back, and with it Services that need the blocks.
    async function lookAtCluster() {
      if (confirm) await expectWithdrawn(parts, call)
      return { state: 'unregistered', why: 'it was unregistered' } as const
    }
    const deadline = clock.now() + command.timeoutMs
    const cleanupParts = { leftovers, clock, lookAtCluster, requestCounts, tell }
    Object.assign(blocks, await giveBack(cleanupParts, { cluster, confirm, deadline, signal: stop }))
  }
  return tellReport(toUnregisterReport({ cluster, command, withdrawn, blocks }), command, io)
}

/** What was done in the cluster is told, whatever becomes of the blocks. */
async function giveBack(
  parts: CleanupParts,
  call: CleanupCall,
): Promise<Pick<BlockReport, 'changes' | 'failures'>> {
  try {
    const { changes, failures } = await cleanUp(parts, call)
    return { changes, failures }
  } catch (error) {
    if (!hasCode(error)) throw error
    const name = error.code.startsWith('BMC_') ? 'cloud' : 'cluster'
    return { changes: [], failures: [{ name, code: error.code, message: error.message }] }
  }
}

function tellReport(
  report: UnregisterReport,
  { output, full = false }: UnregisterCommand,
  io: OnceIo,
): number {
  io.out(
    output === 'json' ? toJson(report) : toUnregisterText(report, { ...toOutLook({ env: {}, ...io }), full }),
  )
  if (report.failures.length > 0) return 1
  return report.state === 'planned' ? 2 : 0
}

type FoundBlocks = Pick<BlockReport, 'blocks' | 'problem'>

/** @throws CcmError BMC_* where blocks are to be given back: nothing is begun that could not be ended */
async function listBlocks(
  leftovers: Leftovers | undefined,
  cluster: string,
  { release }: UnregisterCommand,
  signal: AbortSignal,
): Promise<FoundBlocks & { readonly blocks: readonly Leftover[] }> {
  if (!leftovers) {
    if (release) throw new CcmError('CCM_INTERNAL', 'the cloud provider knows no leftovers')
    return { blocks: [], problem: 'no BMC credentials were given' }
  }
  try {
    return { blocks: await leftovers.list(cluster, { signal }), problem: undefined }
  } catch (error) {
    if (release || !hasCode(error)) throw error
    return { blocks: [], problem: `${error.code}: ${error.message}` }
  }
}
