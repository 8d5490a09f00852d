import type { Cloud } from '../shared/cloud-provider/contract.ts'
import type { CommandLine } from '../shared/command-line.ts'
import { openCloud } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, readConfig, type Sources } from '../shared/config.ts'
import { CHECKS } from '../shared/doctor/checks.ts'
import { createFacts, type DoctorParts, type Part } from '../shared/doctor/facts.ts'
import { hasFailed, toDoctorJson, toDoctorText } from '../shared/doctor/report.ts'
import { runChecks } from '../shared/doctor/run.ts'
import { lookAtTls } from '../shared/doctor/tls-look.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import { createKube, type Kube } from '../shared/kubernetes/client.ts'
import { loadKubeConfig, toClusterSettings } from '../shared/kubernetes/credentials.ts'
import { SERVICE_ACCOUNT_USER } from '../shared/kubernetes/names.ts'
import { silentLog } from '../shared/log.ts'
import { duration } from '../shared/setting-parsers.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import { type CliIo, refuseProblems } from './command.ts'

export interface DoctorCommand {
  readonly output: 'text' | 'json'
  /** Whom the handlers act as. */
  readonly user: string
  /** For one check. */
  readonly timeoutMs: number
}

const OUTPUTS = ['text', 'json'] as const
const TIMEOUT = '20s'
const parseTimeout = duration('1s', '10m')

/** The flags of `doctor`. @throws CcmError CCM_USAGE that names every problem */
export function toDoctorCommand({ flags, problems }: CommandLine): DoctorCommand {
  const { output = 'text', user = SERVICE_ACCOUNT_USER, timeout = TIMEOUT } = flags
  const known = OUTPUTS.find(name => name === output)
  const found = [...problems]
  if (known === undefined) found.push(`--output: expected one of ${OUTPUTS.join(', ')}`)
  let timeoutMs = 0
  try {
    timeoutMs = parseTimeout(timeout)
  } catch (error) {
    found.push(`--timeout: ${error instanceof Error ? error.message : 'not understood'}`)
  }
  refuseProblems(found)
  return { output: known ?? 'text', user, timeoutMs }
}

/**
 * `doctor` with the real parts. Wrong settings are a finding, and no reason to end.
 *
 * @returns exit code 0: nothing fails; 1: something does
 */
export async function runDoctor(command: DoctorCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, io.stop])
  const { parts, close } = await openParts(command, inputs, io, signal)
  try {
    const { timeoutMs, output } = command
    const results = await runChecks(CHECKS, createFacts(parts), {
      clock: io.clock,
      timeoutMs,
      signal: io.stop,
    })
    io.out(output === 'json' ? toDoctorJson(results) : toDoctorText(results))
    return hasFailed(results) ? 1 : 0
  } finally {
    ending.abort()
    close()
  }
}

interface Opened {
  readonly parts: DoctorParts
  readonly close: () => void
}

async function openParts(
  { user }: DoctorCommand,
  inputs: SourceInputs,
  io: CliIo,
  signal: AbortSignal,
): Promise<Opened> {
  const sources = await readSources(inputs)
  const { problems, notices } = readProblems(sources)
  const config = await toPart(async () => readConfig(sources).config)
  const cloud = await toPart(async () => openOurCloud(take(config), inputs, io))
  const cluster = await toPart(async () => openCluster(take(config)))
  const parts: DoctorParts = {
    clock: io.clock,
    config,
    problems,
    notices,
    cloud,
    kube: 'value' in cluster ? { value: cluster.value.kube } : cluster,
    kubeCredentials: 'value' in cluster ? cluster.value.credentials : {},
    user,
    nodeVersion: process.version,
    env: io.env,
    lookAtTls,
    signal,
  }
  const close = (): void => {
    if ('value' in cloud) cloud.value.close()
    if ('value' in cluster) cluster.value.kube.end()
  }
  return { parts, close }
}

/** All that is wrong, the missing credentials included. */
function readProblems(sources: Sources): Pick<DoctorParts, 'problems' | 'notices'> {
  try {
    return { problems: [], notices: readConfig(sources, CLOUD_SETTINGS).notices }
  } catch (error) {
    if (!hasCode(error, 'CCM_CONFIG_INVALID')) throw error
    const { problems = [error.message] } = error.fields as { problems?: readonly string[] }
    return { problems, notices: [] }
  }
}

function openOurCloud(config: Config, inputs: SourceInputs, io: CliIo): Cloud {
  if (config.clientID === undefined || config.clientSecret === undefined) {
    throw new CcmError('CCM_CONFIG_INVALID', 'the BMC credentials are not set (see the check settings)')
  }
  // What a client logs on its way is told by the findings.
  return openCloud({ config, readSources: () => readSources(inputs), clock: io.clock, log: silentLog })
}

interface Cluster {
  readonly kube: Kube
  readonly credentials: DoctorParts['kubeCredentials']
}

async function openCluster(config: Config): Promise<Cluster> {
  const kubeConfig = await loadKubeConfig(toClusterSettings(config))
  const { token, certData } = kubeConfig.getCurrentUser() ?? {}
  const certificate = certData && Buffer.from(certData, 'base64').toString('utf8')
  return { kube: createKube({ config: kubeConfig }), credentials: { token, certificate } }
}

async function toPart<T>(make: () => Promise<T>): Promise<Part<T>> {
  try {
    return { value: await make() }
  } catch (error) {
    return { error }
  }
}

function take<T>(part: Part<T>): T {
  if ('error' in part) throw part.error
  return part.value
}
