import fetch from 'node-fetch'
import type { Test } from 'tap'
import { type CleanupCommand, cleanUpOnce } from '../../functions/cleanup-command.ts'
import { createBmc, type Fetch } from '../../shared/bmc/client.ts'
import type { CleanupReport } from '../../shared/controllers/cleanup/contract.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { silentLog } from '../../shared/log.ts'
import { newCloud } from '../../shared/phoenixnap/cloud.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { testGetValidCloud, type ValidCloud } from '../support/cloud.ts'

export const UID = '3f0c9a52-7d1e-4b7a-9c55-0e6a1d2b3c4d'
export const OTHER_UID = '99999999-7d1e-4b7a-9c55-0e6a1d2b3c4d'

export interface RunOptions extends Partial<CleanupCommand> {
  readonly kube?: Kube
  readonly fetch?: Fetch
  readonly stop?: AbortSignal
  readonly terminal?: boolean
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What clusters left in an account, and the command that cleans up. */
export interface Leftbehind extends ValidCloud {
  readonly run: (options?: RunOptions) => Promise<Ran>
  /** The same with --confirm and JSON output. */
  readonly cleanUp: (options?: RunOptions) => Promise<{ code: number; report: CleanupReport }>
  /** A block with the tags of a cluster; on a network unless its status says otherwise. */
  readonly addBlock: (id: string, where?: Where) => IpBlock
  /** Ids of the blocks that are still there. */
  readonly ids: () => string[]
}

export interface Where {
  readonly network?: string
  readonly cluster?: string
  readonly status?: string
  /** Instead of those of the cluster. */
  readonly tags?: readonly { readonly name: string; readonly value: string }[]
  readonly cidr?: string
}

const credentials = async () => ({ clientId: 'sim-client', clientSecret: 'sim-secret' })

/** An account with the public networks `one` and `two`. */
export async function createLeftbehind(t: Test): Promise<Leftbehind> {
  const valid = await testGetValidCloud(t)
  const { backend, bmc: simulator, clock } = valid
  const networks: Record<string, string> = {}
  for (const name of ['one', 'two']) networks[name] = backend.addPublicNetwork({ id: name, name }).id

  async function run(options: RunOptions = {}): Promise<Ran> {
    const { kube, terminal, stop = new AbortController().signal, ...command } = options
    const bmc = createBmc({
      baseUrl: simulator.url,
      tokenUrl: simulator.tokenUrl,
      credentials,
      clock,
      random: () => 0,
      log: silentLog,
      fetch: options.fetch,
    })
    t.teardown(() => bmc.close())
    const { leftovers } = newCloud(bmc, { clock, log: silentLog, credentials, loadBalancer: undefined })
    if (!leftovers) throw new Error('the cloud knows no leftovers')
    let [out, err] = ['', '']
    // Nobody but the simulator has anything to do while the command sleeps.
    async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
      signal?.throwIfAborted()
      await clock.turn(ms)
    }
    const code = await cleanUpOnce(
      { cluster: UID, confirm: false, timeoutMs: 900_000, output: 'text', ...command },
      { leftovers, requestCounts: () => bmc.requests, kube },
      {
        clock: { now: () => clock.now(), sleep },
        stop,
        out: text => void (out += text),
        ...(terminal ? { progress: { say: text => void (err += `${text}\n`) } } : {}),
      },
    )
    return { code, out, err }
  }

  return {
    ...valid,
    run,
    async cleanUp(options = {}) {
      const { code, out } = await run({ confirm: true, output: 'json', ...options })
      return { code, report: JSON.parse(out) as CleanupReport }
    },
    addBlock(id, { network = 'one', cluster = UID, status = 'assigned', tags = toTags(cluster), cidr } = {}) {
      backend.addIpBlock({ id, tags: [...tags], ...(cidr === undefined ? {} : { cidr }) })
      if (status !== 'unassigned' && status !== 'creating') {
        const present = backend.publicNetwork(network).ipBlocks.map(block => block.id)
        backend.updatePublicNetwork(network, { blockIds: [...present, id] })
        backend.updateIpBlock(id, {
          assignedResourceId: network,
          assignedResourceType: 'PUBLIC_NETWORK',
        })
      }
      return backend.updateIpBlock(id, { status })
    },
    ids: () =>
      backend
        .ipBlocks()
        .map(({ id }) => id)
        .toSorted(),
  }
}

export const toTags = (cluster: string): { name: string; value: string }[] => [
  { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
  { name: 'cluster', value: cluster },
]

const nothing = (): undefined => undefined

/** A cluster that answers with a UID, or as the test says. */
export function toKube(answer: string | (() => string)): Kube {
  async function request(): Promise<unknown> {
    const uid = typeof answer === 'string' ? answer : answer()
    return { body: { metadata: { uid } }, date: 0 }
  }
  return {
    server: 'https://cluster.example:6443',
    request: request as Kube['request'],
    close: nothing,
    end: nothing,
  }
}

/** Blocks in every state, on two networks and on none; and those that are nobody's business here. */
export function leaveBlocks({ addBlock }: Leftbehind): void {
  const [usage] = toTags(UID)
  addBlock('a')
  addBlock('b', { network: 'two', status: 'error assigning' })
  addBlock('c', { status: 'unassigned' })
  addBlock('d', { network: 'two', tags: [...toTags(UID), { name: 'delete', value: 'true' }] })
  addBlock('other', { cluster: OTHER_UID })
  addBlock('foreign', { network: 'two', tags: [{ name: 'cluster', value: UID }] })
  addBlock('unused', { status: 'unassigned', tags: usage ? [usage] : [] })
}
/** Those that leaveBlocks adds and that are to be left alone. */
export const OTHERS = ['foreign', 'other', 'unused']

export const toOthers = ({ backend }: Leftbehind): IpBlock[] =>
  backend.ipBlocks().filter(({ id }) => OTHERS.includes(id))

export interface Death {
  readonly fetch: Fetch
  /** Resolves when the process has died. */
  readonly died: Promise<string>
  readonly sent: string[]
}

/**
 * Connections of a process that dies at the request of that number, after it took effect and before its answer is read.
 * The dead do nothing more: their requests never end.
 */
export function createDeath(at?: number): Death {
  const sent: string[] = []
  const { promise: died, resolve: die } = Promise.withResolvers<string>()
  const { promise: never } = Promise.withResolvers<never>()
  let isDead = false
  async function mortal(...[url, init]: Parameters<Fetch>): ReturnType<Fetch> {
    if (isDead) return never
    const what = `${init?.method ?? 'GET'} ${new URL(typeof url === 'string' ? url : '').pathname}`
    isDead = sent.push(what) - 1 === at
    const response = await fetch(url, init)
    if (!isDead) return response
    await response.text()
    die(what)
    return never
  }
  return { fetch: mortal, died, sent }
}
