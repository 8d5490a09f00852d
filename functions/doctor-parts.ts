import type { Cloud } from '../shared/cloud-provider/contract.ts'
import { openCloud } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, readConfig, type Sources } from '../shared/config.ts'
import type { DoctorParts, Part } from '../shared/doctor/facts.ts'
import { lookAtTls } from '../shared/doctor/tls-look.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import { createKube, type Kube } from '../shared/kubernetes/client.ts'
import { loadKubeConfig, toClusterSettings } from '../shared/kubernetes/credentials.ts'
import { silentLog } from '../shared/log.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import type { CliIo } from './command.ts'

/** What `doctor` and `migrate` look at; a part that did not come about says why when it is asked for. */
export interface Opened {
  readonly parts: DoctorParts
  readonly close: () => void
}

/** Never throws for settings: they are a finding. */
export async function openParts(
  { user }: { readonly user: string },
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
