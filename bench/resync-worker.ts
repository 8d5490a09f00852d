import { composeApp } from '../functions/compose-app.ts'
import { createFunctionHost } from '../functions/function-host.ts'
import { createKube } from '../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../shared/kubernetes/credentials.ts'

const LIMIT_MS = 600_000

/** What was done for one message. */
export interface Done {
  /** CPU time, in microseconds. */
  readonly cpu: number
  /** The most memory that the process ever held, in bytes. */
  readonly peakBytes: number
  /** Of a pass. */
  readonly report?: PassReport | undefined
}

export interface PassReport {
  readonly state: string
  readonly changes: number
  readonly failures: number
  readonly services: number
  readonly requests: Readonly<Record<string, number>>
}

/** `pass`: one pass over everything. `list`: the reference, nodes and Services in one list each, parsed and kept as they are. */
export type Kind = 'pass' | 'list'

/** Answers every message with one go of what its argument names. */
async function main(kind: Kind): Promise<void> {
  const work = kind === 'pass' ? await createPass() : await createList()
  process.on('disconnect', () => process.exit())
  process.on('message', () => void measure(work))
  process.send?.('ready')
}

async function measure(work: () => Promise<PassReport | undefined>): Promise<void> {
  const before = process.cpuUsage()
  const report = await work()
  const { user, system } = process.cpuUsage(before)
  const peakBytes = process.resourceUsage().maxRSS * 1024
  process.send?.({ cpu: user + system, peakBytes, report } satisfies Done)
}

async function createPass(): Promise<() => Promise<PassReport>> {
  const app = await createFunctionHost({ createApp: composeApp }).app()
  return async () => {
    const deadline = Date.now() + LIMIT_MS
    const { state, changes, failures, services, requests } = await app.controllers.resync({ deadline })
    app.closeIdle()
    return { state, changes: changes.length, failures: failures.length, services, requests }
  }
}

async function createList(): Promise<() => Promise<undefined>> {
  const kube = createKube({ config: await loadKubeConfig({ kubeconfig: process.env['KUBECONFIG'] ?? '' }) })
  return async () => {
    const paths = ['/api/v1/nodes', '/api/v1/services']
    const lists = await Promise.all(paths.map(path => kube.request<{ items: unknown[] }>({ path })))
    if (lists.some(({ body }) => !Array.isArray(body.items))) throw new Error('a list has no items')
    return undefined
  }
}

await main(process.argv[2] as Kind)
