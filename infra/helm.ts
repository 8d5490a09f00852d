import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'

/** The chart, and the Helm that renders it. */

export const CHART = resolve(import.meta.dirname, 'chart/cloud-provider-phoenixnap')
export const NO_HELM =
  'Helm is not there: set HELM to the program, or install it with `go install helm.sh/helm/v4/cmd/helm@v4.3.1`'

/** Of one answer. */
const MOST_BYTES = 64 * 1024 * 1024

/** Runs Helm with arguments, and with a text as its standard input. */
export type Helm = (args: readonly string[], input?: string) => SpawnSyncReturns<string>

/** The Helm of this machine: HELM, the PATH, or where Go installs programs; undefined without one. */
export function findHelmProgram(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { HELM = '', PATH = '' } = env
  const candidates = [
    HELM,
    ...PATH.split(delimiter).map(folder => join(folder, 'helm')),
    join(homedir(), 'go/bin/helm'),
  ]
  return candidates.find(path => path !== '' && spawnSync(path, ['version'], { env }).status === 0)
}

/** Helm as a function; undefined where there is none. */
export function findHelm(): Helm | undefined {
  const program = findHelmProgram()
  if (program === undefined) return undefined
  return (args, input = '') => spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: MOST_BYTES })
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
