import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKube, type Kube } from '../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../shared/kubernetes/credentials.ts'
import { type BmcSimulator, startBmcSimulator } from '../shared/simulator/bmc/server.ts'
import { type KubernetesSimulator, startKubernetesSimulator } from '../shared/simulator/kubernetes/server.ts'
import { installRole } from '../test/support/install.ts'
import { CONTROLLER } from '../test/support/users.ts'

/** Both simulators, which run in this process: what they cost is not measured. */
export interface Stage {
  readonly bmc: BmcSimulator
  readonly kubernetes: KubernetesSimulator
  readonly admin: Kube
  readonly folder: string
  /** Environment of the program under test. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** How all of one run is measured. */
export interface Run {
  /** Few repeats and small sizes. */
  readonly quick: boolean
  /** Folder for a CPU profile of each measured process. */
  readonly profile: string | undefined
}

export const TOKEN = 'webhook-token-of-a-benchmark'
export const nodeName = (index: number): string => `node-${index}`

/** A stage for as long as `work` takes. @param servers that the cloud has, called `nodeName(0)` and so on */
export async function onStage<T>(servers: number, work: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await createStage(servers)
  try {
    return await work(stage)
  } finally {
    await stage.close()
  }
}

async function createStage(servers: number): Promise<Stage> {
  const bmc = await startBmcSimulator()
  const kubernetes = await startKubernetesSimulator()
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubernetes.kubeconfig())
  const admin = createKube({ config: await loadKubeConfig({ kubeconfig }) })
  await installRole(admin)
  await writeFile(kubeconfig, kubernetes.kubeconfig(CONTROLLER))
  for (let index = 0; index < servers; index++) bmc.backend.addServer(toServer(index))
  return {
    bmc,
    kubernetes,
    admin,
    folder,
    env: {
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
      PNAP_BASE_URL: bmc.url,
      PNAP_WEBHOOK_TOKEN: TOKEN,
      PNAP_RECONCILE_FUNCTION: 'reconcile',
      KUBECONFIG: kubeconfig,
    },
    async close() {
      admin.close()
      await Promise.all([bmc.close(), kubernetes.close(), rm(folder, { recursive: true, force: true })])
    },
  }
}

const toServer = (index: number) => ({
  hostname: nodeName(index),
  type: 's1.c1.small',
  location: 'PHX',
  privateIpAddresses: [`10.0.${index >> 8}.${index & 255}`],
  publicIpAddresses: [`198.18.${index >> 8}.${index & 255}`],
})

/** A program of this folder in a process of its own, which answers messages one by one. */
export interface Worker {
  /** Sends a message and resolves with the answer. */
  ask<T>(message: unknown): Promise<T>
  close(): void
}

/** The name is relative to this folder; the first message tells that it is ready. */
export async function startWorker(
  { profile }: Pick<Run, 'profile'>,
  name: string,
  args: readonly string[] = [],
  env: Stage['env'] = {},
): Promise<Worker & { readonly first: unknown }> {
  const child = fork(join(import.meta.dirname, name), [...args], {
    env: { ...process.env, ...env },
    execArgv: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, name)}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const first = await next(child)
  return {
    first,
    async ask<T>(message: unknown): Promise<T> {
      const answer = next(child)
      child.send(message as object)
      return (await answer) as T
    },
    close: () => child.disconnect(),
  }
}

function next(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the measured process ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', message => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}

/** A webhook's call as it goes over the wire, so that the client costs nothing while it is measured. */
export const toRequest = (path: string, body: string): Buffer =>
  Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      'host: 127.0.0.1',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `authorization: Bearer ${TOKEN}`,
      '',
      body,
    ].join('\r\n'),
  )
