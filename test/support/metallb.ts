import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { SHORT_METALLB_DEFINITIONS } from './announcer-definitions.ts'
import type { TestCluster } from './cluster.ts'
import { assets } from './cluster.ts'
import { startGuarded } from './guarded-process.ts'
import { findFreePorts } from './ports.ts'

const BINARY = 'metallb-controller'
/** Folder of MetalLB's own definitions, where they lie beside the binary. */
const DEFINITIONS = 'metallb-crds'
export const METALLB_NAMESPACE = 'metallb-system'
const START_LIMIT_MS = 60_000
const POLL_MS = 50

/**
 * For `t.test(name, { skip: metallbMissing() }, …)`: why there is no MetalLB here, or false. With
 * CCM_REQUIRE_KUBELETS=1, which stands for all that comes with the kubelets, its absence is no reason to skip.
 */
export function metallbMissing(folder = assets, environment = process.env): string | false {
  if (!folder) return 'needs KUBEBUILDER_ASSETS'
  if (existsSync(join(folder, BINARY)) || environment['CCM_REQUIRE_KUBELETS'] === '1') return false
  return `needs ${BINARY} in KUBEBUILDER_ASSETS (${folder})`
}

/** For `crds` of a cluster: MetalLB's own definitions where they are, otherwise short ones. */
export function readMetalLBDefinitions(folder = assets): readonly object[] {
  const definitions = join(folder ?? '', DEFINITIONS)
  if (!folder || !existsSync(definitions)) return SHORT_METALLB_DEFINITIONS
  return readdirSync(definitions)
    .filter(name => name.endsWith('.yaml'))
    .map(name => parse(readFileSync(join(definitions, name), 'utf8')) as object)
}

/** Starts MetalLB's controller (it gives addresses, the speaker would announce them) until the end of the test. */
export async function startMetalLB(t: Test, cluster: TestCluster): Promise<void> {
  if (!assets) throw new Error('MetalLB needs KUBEBUILDER_ASSETS')
  const kube = await cluster.kube()
  const namespace = { metadata: { name: METALLB_NAMESPACE } }
  await kube.request({ method: 'POST', path: '/api/v1/namespaces', body: namespace })
  const [port] = await findFreePorts()
  const logFile = join(cluster.folder, `${BINARY}.log`)
  const args = [
    `--namespace=${METALLB_NAMESPACE}`,
    '--webhook-mode=disabled',
    '--disable-cert-rotation',
    `--port=${port}`,
  ]
  const env = { KUBECONFIG: await cluster.kubeconfigFile() }
  const started = await startGuarded(join(assets, BINARY), args, { logFile, env })
  t.teardown(() => started.stop('SIGKILL'))
  const giveUpAt = Date.now() + START_LIMIT_MS
  for (;;) {
    const log = await readFile(logFile, 'utf8')
    if (log.includes('Starting workers')) return
    if (started.hasExited() || Date.now() > giveUpAt)
      throw new Error(`${BINARY} did not start:\n${log.slice(-2000)}`)
    await sleep(POLL_MS)
  }
}
