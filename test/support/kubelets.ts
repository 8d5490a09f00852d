import { existsSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { TestCluster } from './cluster.ts'
import { assets } from './cluster.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'

/** A node as its kubelet's command line describes it. */
export interface KubeletNode {
  readonly name: string
  /** `--node-ip`: an address of this host that is not a loopback one, or the kubelet ignores it. */
  readonly nodeIP?: string
  readonly providerID?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

/** One process with the kubelets of one or several nodes (--cloud-provider=external, a fake container runtime). */
export interface Kubelets {
  stop(): Promise<void>
  /** Starts them after a stop, with other labels or taints if nodes are given. */
  start(nodes?: readonly KubeletNode[]): Promise<void>
  /** Resolves when every kubelet has registered and its node is Ready; @throws Error when one has ended instead */
  untilReady(): Promise<void>
}

export interface KubeletOptions {
  /** Wait between the starts of two nodes, in milliseconds. */
  readonly staggerMs?: number
}

const BINARY = 'hollow-kubelet'
const POLL_MS = 50
/** A restarted kubelet finds its node still Ready: only its registration tells that it has repaired the labels. */
const MILESTONES = [/"Successfully registered node"/g, / Ready [\d.]+s after start/g]

/**
 * For `t.test(name, { skip: kubeletsMissing() }, …)`: why there are no kubelets here, or false. With
 * CCM_REQUIRE_KUBELETS=1 their absence is no reason to skip: the suite runs, and fails.
 */
export function kubeletsMissing(folder = assets, environment = process.env): string | false {
  if (!folder) return 'needs KUBEBUILDER_ASSETS'
  if (existsSync(join(folder, BINARY)) || environment['CCM_REQUIRE_KUBELETS'] === '1') return false
  return `needs ${BINARY} in KUBEBUILDER_ASSETS (${folder})`
}

/** Starts kubelets, each as its own user `system:node:<name>`, and stops them at the end of the test. */
export async function startKubelets(
  t: Test,
  cluster: TestCluster,
  nodes: readonly KubeletNode[],
  options: KubeletOptions = {},
): Promise<Kubelets> {
  const folder = await mkdtemp(join(cluster.folder, 'kubelets-'))
  const output = join(folder, 'output.log')
  let process: GuardedProcess | undefined
  let current = nodes
  /** Lines of the runs before. */
  let seen = 0

  const readProgress = async (): Promise<number> => {
    const text = await readFile(output, 'utf8')
    return Math.min(...MILESTONES.map(milestone => text.match(milestone)?.length ?? 0))
  }

  async function start(changed = current): Promise<void> {
    current = changed
    seen = process ? await readProgress() : 0
    process = await run(cluster, folder, output, changed, options)
  }

  async function untilReady(): Promise<void> {
    while ((await readProgress()) < seen + current.length) {
      if (process?.hasExited())
        throw new Error(`${BINARY} has ended:\n${(await readFile(output, 'utf8')).slice(-2000)}`)
      await sleep(POLL_MS)
    }
  }

  t.teardown(() => process?.stop('SIGKILL'))
  await start()
  return { stop: async () => process?.stop('SIGKILL'), start, untilReady }
}

async function run(
  cluster: TestCluster,
  folder: string,
  logFile: string,
  nodes: readonly KubeletNode[],
  options: KubeletOptions,
): Promise<GuardedProcess> {
  if (!assets) throw new Error('kubelets need KUBEBUILDER_ASSETS')
  const tokens = nodes.map(({ name }) => {
    const user = `system:node:${name}`
    return `${cluster.tokenFor(user)},${user},${name},system:nodes\n`
  })
  const list = nodes.map(node => ({ nodeIP: '', providerID: '', labels: {}, taints: [], ...node }))
  await writeFile(join(folder, 'tokens.csv'), tokens.join(''), { mode: 0o600 })
  await writeFile(join(folder, 'nodes.json'), JSON.stringify(list))
  const args = [
    '-server',
    cluster.url,
    '-tokens',
    join(folder, 'tokens.csv'),
    '-nodes',
    join(folder, 'nodes.json'),
    ...(options.staggerMs ? ['-stagger', `${options.staggerMs}ms`] : []),
  ]
  return startGuarded(join(assets, BINARY), args, { logFile })
}
