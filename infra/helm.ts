import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The chart, and the Helm that renders it. */

export const CHART = resolve(import.meta.dirname, 'chart/cloud-provider-phoenixnap')
export const NO_HELM =
  'Helm is not there: set HELM to the program, or install it with `go install helm.sh/helm/v4/cmd/helm@v4.3.1`'

/** Runs Helm with arguments, and with a text as its standard input. */
export type Helm = (args: readonly string[], input?: string) => SpawnSyncReturns<string>

/** The Helm of this machine: HELM, the PATH, or where Go installs programs; undefined without one. */
export function findHelm(env: NodeJS.ProcessEnv = process.env): Helm | undefined {
  const candidates = [env['HELM'], 'helm', join(homedir(), 'go/bin/helm')].filter(Boolean) as string[]
  const program = candidates.find(name => spawnSync(name, ['version'], { env }).status === 0)
  if (program === undefined) return undefined
  return (args, input = '') =>
    spawnSync(program, args, { env, input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

/**
 * The objects of the chart as YAML.
 *
 * @param args values, as `--set port=8443`
 * @throws Error with what Helm says
 */
export function renderChart(helm: Helm, args: readonly string[] = [], input?: string): string {
  const { status, stdout, stderr } = helm(
    ['template', 'cloud-provider-phoenixnap', CHART, '--namespace', 'kube-system', ...args],
    input,
  )
  if (status !== 0) throw new Error(`helm template ended with ${status}: ${stderr}`)
  return stdout
}
