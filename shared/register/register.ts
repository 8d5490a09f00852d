import { readFile } from 'node:fs/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { type Clock, systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { CcmError, hasCode } from '../errors.ts'
import { createKube } from '../kubernetes/client.ts'
import { loadKubeConfig, toClusterSettings } from '../kubernetes/credentials.ts'
import type { SourceInputs } from '../sources.ts'
import { admissionPathSecret } from '../webhook-secret.ts'
import { planApiServerFiles } from './apiserver-files.ts'
import { NO_FILES, writeFiles } from './apiserver-output.ts'
import { applyObject } from './apply.ts'
import { finishRotation, type KubeconfigWork, writeKubeconfig } from './kubeconfig.ts'
import { type KubeObject, readRbac, readWebhooks } from './manifests.ts'
import { type RegisterOptions, readOptions } from './options.ts'

/** Where `register` reads and writes. */
export interface RegisterIo {
  /** Receives a line without its newline. */
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Environment and files; by default those of the process. */
  readonly sources?: Pick<SourceInputs, 'env' | 'readFile'> | undefined
  readonly clock?: Clock | undefined
}

/** Exit codes: settings or a kubeconfig that cannot work, and everything else that failed. */
const INVALID = 2
const FAILED = 1

/**
 * Brings our objects into the cluster, and what is read from files to where the API server finds it. Run again, it
 * changes nothing.
 *
 * @param argv what stands after `register`
 * @returns the exit code: 0, 1, or 2 when nothing was done because options or kubeconfig cannot work
 */
export async function runRegister(argv: readonly string[], io: RegisterIo): Promise<number> {
  try {
    const { options, config } = await readOptions(argv, io.sources)
    await register(options, config, io)
    return 0
  } catch (error) {
    if (!(error instanceof CcmError)) throw error
    const { problems } = error.fields as { problems?: readonly string[] }
    for (const line of problems ?? [error.message]) io.err(`${error.code}: ${line}`)
    io.err(error.action)
    return hasCode(error, 'CCM_CONFIG_INVALID', 'KUBE_CONFIG_INVALID') ? INVALID : FAILED
  }
}

async function register(options: RegisterOptions, config: Config, io: RegisterIo): Promise<void> {
  const { webhook, apiserverDir } = options
  const token = config.webhookToken ?? ''
  const objects = await readRbac(options.user)
  if (webhook) {
    const path = `/admission${webhook.bearer ? '' : `/${admissionPathSecret(token)}`}`
    const url = webhook.service ? { ...webhook.service, path } : webhook.url + path
    objects.push(...(await readWebhooks({ url, ca: webhook.ca }, options.user)))
  }
  const files =
    webhook && apiserverDir !== undefined
      ? await planApiServerFiles(apiserverDir, options, webhook, token)
      : undefined
  if (options.print) await print(objects, io)
  else await applyAll(objects, options, config, io)
  // Where YAML was asked for, whatever else is to be said must not stand in it.
  const tell = options.print ? io.err : io.out
  if (files) await writeFiles(files, options, tell)
  else if (webhook) for (const line of NO_FILES) io.err(line)
}

async function print(objects: readonly KubeObject[], io: RegisterIo): Promise<void> {
  const { stringify } = await import('yaml')
  io.out(
    objects
      .map(object => stringify(object, { lineWidth: 0 }))
      .join('---\n')
      .trimEnd(),
  )
}

async function applyAll(
  objects: readonly KubeObject[],
  options: RegisterOptions,
  config: Config,
  io: RegisterIo,
): Promise<void> {
  const {
    dryRun,
    kubeconfigOut: path,
    kubeconfigServer: server,
    kubeconfigFormat: format,
    rotation,
  } = options
  const kubeConfig = await loadKubeConfig(toClusterSettings(config))
  const kube = createKube({ config: kubeConfig })
  try {
    for (const object of objects) {
      const applied = await applyObject(kube, object, dryRun)
      io.out(`${(dryRun ? WOULD_BE : DONE)[applied]} ${toName(object)}`)
    }
    if (path === undefined) return
    if (dryRun) return io.out(`A dry run makes no kubeconfig: ${path} stays as it is.`)
    const work = { kube, path, server, format, out: io.out, clock: io.clock ?? systemClock }
    await makeKubeconfig(kubeConfig, work, rotation)
  } finally {
    kube.close()
  }
}

const DONE = { created: 'created  ', changed: 'changed  ', unchanged: 'unchanged' }
const WOULD_BE = { created: 'would be created', changed: 'would be changed', unchanged: 'unchanged       ' }

const toName = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

async function makeKubeconfig(
  config: KubeConfig,
  work: KubeconfigWork,
  rotation: RegisterOptions['rotation'],
): Promise<void> {
  if (rotation === 'finish') return finishRotation(work)
  const { caData, caFile } = config.getCurrentCluster() ?? {}
  const ca = caData ? Buffer.from(caData, 'base64').toString() : caFile && (await readFile(caFile, 'utf8'))
  return writeKubeconfig({ ...work, ca }, rotation === 'rotate')
}
