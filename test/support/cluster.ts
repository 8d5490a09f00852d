import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createKube, type Kube } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import type { KubernetesSimulator } from '../../shared/simulator/kubernetes/server.ts'
import { type ApiServerBackend, startApiServerBackend } from './cluster-apiserver.ts'
import { type SimulatorBackend, startSimulatorBackend } from './cluster-simulator.ts'
import { ADMIN } from './users.ts'

export { ADMIN, CONTROLLER } from './users.ts'

export type ClusterKind = 'simulator' | 'apiserver'

/** Where audit events go. */
export interface AuditTarget {
  readonly url: string
  /** Sent as a bearer token. */
  readonly token?: string
  /** PEM of the authority of an https `url`. */
  readonly ca?: string
  /** Policy as YAML or as an object; every write of nodes and services at level Metadata by default. */
  readonly policy?: string | object
}

/** What the API server reads from files: given at the start, or later by `reconfigure`. */
export interface ClusterSetup {
  readonly audit?: AuditTarget | undefined
  /** Bearer tokens sent to admission webhooks at that `host:port` (`*`: at any). */
  readonly webhookTokens?: readonly { readonly hostPort: string; readonly token: string }[] | undefined
}

/** What a cluster is from its start to its end, whatever `reconfigure` changes. */
export interface ClusterNature {
  /** Serves Services of both families, IPv4 first; IPv4 alone by default. */
  readonly dualStack?: boolean | undefined
  /** CustomResourceDefinitions that it starts with; see `toCustomResource` for what the simulator makes of them. */
  readonly crds?: readonly object[] | undefined
  /** The simulator answers over plain HTTP: for stories that are told hundreds of times, none of them by kubectl. */
  readonly plain?: boolean | undefined
  /** Further flags of the real API server. */
  readonly flags?: readonly string[] | undefined
}

/** How a kind of cluster is reached and changed; `TestCluster` is built on it. */
export interface ClusterBackend {
  readonly kind: ClusterKind
  readonly url: string
  tokenFor(user: string): string
  kubeconfig(user: string): string
  reconfigure(setup: ClusterSetup): Promise<void>
  close(): Promise<void>
}

export interface KubectlOptions {
  readonly user?: string
  readonly stdin?: string
  /** Ends the command, as Ctrl-C does for `get -w`; its output so far is returned. */
  readonly signal?: AbortSignal
  /** Receives the standard output as it comes. */
  readonly onStdout?: (text: string) => void
}

/** `code` is null when the command was ended by a signal. */
export interface KubectlResult {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** A cluster of a test: a real kube-apiserver with etcd, or the simulator, both without nodes. */
export interface TestCluster {
  readonly kind: ClusterKind
  readonly url: string
  /** Temporary folder, removed at the end of the test. */
  readonly folder: string
  /** Bearer token of any user. */
  tokenFor(user: string): string
  /** Kubeconfig (YAML) of any user, `admin` by default; see users.ts for the groups that a name brings. */
  kubeconfig(user?: string): string
  /** The same as a file. */
  kubeconfigFile(user?: string): Promise<string>
  /** A client as the controller has it, closed at the end of the test. */
  kube(user?: string): Promise<Kube>
  /** Runs the real kubectl; @throws Error where `assets` is undefined */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>
  /** Replaces audit target and webhook tokens; a real API server restarts for it (2 to 3 s), keeping its data. */
  reconfigure(setup: ClusterSetup): Promise<void>
  /** Stops and starts the real API server and its etcd; absent on the simulator. */
  readonly apiServer?: Pick<ApiServerBackend, 'stop' | 'start' | 'etcd'>
  /** Its store, request log and faults; absent on the real one. */
  readonly simulator?: KubernetesSimulator
}

export interface ClusterOptions extends ClusterSetup, ClusterNature {
  /** Which kind to start; the real one where it is available by default. */
  readonly kind?: ClusterKind
}

export interface EachClusterOptions extends ClusterSetup, ClusterNature {
  /** Run on the simulator even where the real API server is available: for suites that compare the two. */
  readonly everyKind?: boolean
}

/** Folder with kube-apiserver, etcd and kubectl; undefined where tests run on the simulator only. */
export const assets: string | undefined = process.env['KUBEBUILDER_ASSETS'] || undefined

/** A cluster of its own for this test, stopped at its end. The real one takes about 3 s and 400 MB: one per file. */
export async function startTestCluster(t: Test, options: ClusterOptions = {}): Promise<TestCluster> {
  const { kind = assets ? 'apiserver' : 'simulator', ...setup } = options
  const backend = await startBackend(kind, setup)
  const folder = await mkdtemp(join(tmpdir(), 'test-cluster-'))
  const clients: Kube[] = []
  t.teardown(async () => {
    for (const client of clients) client.close()
    await backend.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function kubeconfigFile(user = ADMIN): Promise<string> {
    const path = join(folder, `${encodeURIComponent(user)}.kubeconfig`)
    await writeFile(path, backend.kubeconfig(user), { mode: 0o600 })
    return path
  }

  return {
    kind,
    url: backend.url,
    folder,
    tokenFor: user => backend.tokenFor(user),
    kubeconfig: (user = ADMIN) => backend.kubeconfig(user),
    kubeconfigFile,
    kube: async user => {
      const client = createKube({ config: await loadKubeConfig({ kubeconfig: await kubeconfigFile(user) }) })
      clients.push(client)
      return client
    },
    kubectl: async (args, given = {}) => runKubectl(await kubeconfigFile(given.user), folder, args, given),
    reconfigure: changed => backend.reconfigure(changed),
    ...('stop' in backend ? { apiServer: backend } : {}),
    ...('simulator' in backend ? { simulator: backend.simulator } : {}),
  }
}

/**
 * Runs one suite on each kind of cluster that is available: on the real API server where there is one, otherwise on
 * the simulator. All tests of the suite share the cluster, so they name their objects differently.
 */
export function forEachCluster(
  t: Test,
  name: string,
  options: EachClusterOptions,
  suite: (t: Test, cluster: TestCluster) => Promise<void>,
): void {
  const { everyKind = false, ...setup } = options
  const kinds: ClusterKind[] = [
    ...(everyKind || !assets ? (['simulator'] as const) : []),
    ...(assets ? (['apiserver'] as const) : []),
  ]
  for (const kind of kinds)
    t.test(`${name} (${kind})`, async t => suite(t, await startTestCluster(t, { ...setup, kind })))
}

function startBackend(
  kind: ClusterKind,
  setup: ClusterSetup & ClusterNature,
): Promise<ApiServerBackend | SimulatorBackend> {
  if (kind === 'simulator') return startSimulatorBackend(setup)
  if (!assets) throw new Error('a real API server needs KUBEBUILDER_ASSETS: setup-envtest use 1.36 -p path')
  return startApiServerBackend(assets, setup)
}

function runKubectl(
  kubeconfig: string,
  folder: string,
  args: readonly string[],
  options: KubectlOptions,
): Promise<KubectlResult> {
  if (!assets) throw new Error('kubectl needs KUBEBUILDER_ASSETS')
  const all = ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'kubectl-cache'), ...args]
  return new Promise((resolve, reject) => {
    const child = spawn(join(assets, 'kubectl'), all, { stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      options.onStdout?.(text)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const end = (): void => void child.kill('SIGINT')
    options.signal?.addEventListener('abort', end, { once: true })
    child.on('error', reject)
    child.on('close', code => {
      options.signal?.removeEventListener('abort', end)
      resolve({ stdout, stderr, code })
    })
    child.stdin.end(options.stdin ?? '')
  })
}
