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
import { type Teller, tellJson, tellLines } from './told.ts'

/** Where `register` reads and writes. */
export interface RegisterIo {
  /** Receives a line without its newline. */
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Environment and files; by default those of the process. */
  readonly sources?: Pick<SourceInputs, 'env' | 'readFile'> | undefined
  readonly clock?: Clock | undefined
  /** Hears what it is at. */
  readonly progress?: { say(what: string): void } | undefined
  /** Tells an error in the place of `err`. */
  readonly fail?: ((error: CcmError) => void) | undefined
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
    if (io.fail) io.fail(error)
    else tellError(error, io)
    return hasCode(error, 'CCM_CONFIG_INVALID', 'KUBE_CONFIG_INVALID') ? INVALID : FAILED
  }
}

function tellError({ code, message, action, fields }: CcmError, { err }: RegisterIo): void {
  const { problems = [message] } = fields as { problems?: readonly string[] }
  for (const line of problems) err(`${code}: ${line}`)
  err(action)
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
  const { dryRun, output } = options
  // Where YAML was asked for, whatever else is to be said must not stand in it.
  const tell =
    output === 'json' ? tellJson(dryRun, io.out) : tellLines(dryRun, options.print ? io.err : io.out)
  if (options.print) await print(objects, io)
  else await applyAll(objects, options, config, io, tell)
  if (files) await writeFiles(files, options, tell)
  else if (webhook) {
    const advise = output === 'json' ? (line: string) => tell.note(line) : io.err
    for (const line of NO_FILES) advise(line)
  }
  tell.end()
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
  tell: Teller,
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
      io.progress?.say(`${dryRun ? 'comparing' : 'applying'} ${object.kind} ${toName(object)}`)
      tell.object(await applyObject(kube, object, dryRun), object.kind, toName(object))
    }
    if (path === undefined) return
    if (dryRun) return tell.note(`A dry run makes no kubeconfig: ${path} stays as it is.`)
    io.progress?.say('waiting for the token of the service account')
    const work = { kube, path, server, format, tell, clock: io.clock ?? systemClock }
    await makeKubeconfig(kubeConfig, work, rotation)
  } finally {
    kube.close()
  }
}

const toName = ({ metadata: { namespace, name } }: KubeObject): string =>
  `${namespace === undefined ? '' : `${namespace}/`}${name}`

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
