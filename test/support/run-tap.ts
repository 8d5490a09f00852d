import { type ChildProcess, spawn } from 'node:child_process'
import { glob, mkdir, readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { AUDIT_LOG_FOLDER, AUDIT_LOGS } from './audit-log.ts'
import { findClusterSuites } from './cluster-suites.ts'
import { conclude, createTapReport, type TapReport } from './tap-report.ts'

/** What is asked for on the command line. */
export interface Run {
  readonly kubernetes: boolean
  readonly coverage: boolean
  /** Test files; when empty all of them, on the real API server all that start a cluster. */
  readonly files: readonly string[]
}

const ROOT = resolve(import.meta.dirname, '../..')
const TAP = join(ROOT, 'node_modules/tap/dist/esm/run.mjs')
const BUILT_TAP = join(ROOT, 'node_modules/@tapjs/test/test-built/dist/esm/index.js')
const ASSETS_MISSING = `KUBEBUILDER_ASSETS is not set: it names the folder with kube-apiserver, etcd and kubectl.
Get them with: export KUBEBUILDER_ASSETS="$(setup-envtest use 1.36 -p path)"`
/** Rows of the table that istanbul prints. */
const COVERAGE_LINE = /\|.*\|.*\|/
/** Seconds for one file: the longest takes a sixth of it on two idle cores, and a busy machine is four times as slow. */
const FILE_TIMEOUT_S = 240

/** @throws TypeError for an option that does not exist */
export function readRun(args: string[]): Run {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      kubernetes: { type: 'boolean', default: false },
      coverage: { type: 'boolean', default: false },
    },
  })
  return { ...values, files: positionals }
}

/** Arguments and environment of tap. The real API server is used where --kubernetes asks for it, and only there. */
export function toTapCommand(
  run: Run,
  files: readonly string[],
  environment: NodeJS.ProcessEnv,
): { args: string[]; env: NodeJS.ProcessEnv } {
  const { KUBEBUILDER_ASSETS: assets, ...env } = environment
  return {
    args: [
      'run',
      '--reporter=tap',
      `--jobs=${availableParallelism()}`,
      `--timeout=${FILE_TIMEOUT_S}`,
      run.coverage ? '--coverage-report=text' : '--disable-coverage',
      ...files,
    ],
    env: run.kubernetes ? { ...env, KUBEBUILDER_ASSETS: assets } : env,
  }
}

async function runTap(run: Run, report: TapReport): Promise<number> {
  await buildIfStale()
  const { args, env } = toTapCommand(run, await findFiles(run), await toEnvironment(run))
  const child = spawnNode([TAP, ...args], 'pipe', env)
  const ended = untilEnd(child)
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    const text = report.add(line)
    if (text) console.log(text)
    else if (COVERAGE_LINE.test(line)) console.log(line)
  }
  return ended
}

/** Of a run that names none: all, or those for which it matters that the API server is the real one. */
async function findFiles({ files, kubernetes }: Run): Promise<readonly string[]> {
  if (files.length > 0) return files
  const all = await Array.fromAsync(glob('test/**/*.test.ts', { cwd: ROOT }))
  if (!kubernetes) return all
  const suites = await findClusterSuites(all)
  console.log(`${suites.length} of ${all.length} files start a cluster; the others are part of npm test`)
  return suites
}

/** A whole run on API servers leaves the log of what the controller asked for: npm run test:permissions reads it. */
async function toEnvironment({ files, kubernetes }: Run): Promise<NodeJS.ProcessEnv> {
  if (!kubernetes || files.length > 0) return process.env
  await rm(AUDIT_LOG_FOLDER, { recursive: true, force: true })
  await mkdir(AUDIT_LOG_FOLDER, { recursive: true })
  return { ...process.env, [AUDIT_LOGS]: AUDIT_LOG_FOLDER }
}

/** tap compiles itself for its plugins; the first run after an install would do it too, and fail once. */
async function buildIfStale(): Promise<void> {
  const settings = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    tap: { plugin: string[] }
  }
  const built = await readFile(BUILT_TAP, 'utf8').catch(() => '')
  const signature = /^export const signature = `([^`]*)`/m.exec(built)?.[1]?.split('\n')
  const isCurrent = settings.tap.plugin.every(
    plugin => signature && signature.includes(plugin.replace(/^!/, '')) !== plugin.startsWith('!'),
  )
  if (!isCurrent) await untilEnd(spawnNode([TAP, 'build'], 'inherit', process.env))
}

/** The programs in node_modules/.bin come first, `node` among them, as they do in an npm script. */
function spawnNode(args: string[], stdout: 'inherit' | 'pipe', env: NodeJS.ProcessEnv): ChildProcess {
  const PATH = `${dirname(process.execPath)}:${join(ROOT, 'node_modules/.bin')}:${env['PATH'] ?? ''}`
  return spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...env, PATH },
  })
}

function untilEnd(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve(code ?? 1))
  })
}

async function main(args: string[]): Promise<number> {
  const run = readRun(args)
  if (run.kubernetes && !process.env['KUBEBUILDER_ASSETS']) {
    console.error(ASSETS_MISSING)
    return 1
  }
  const report = createTapReport()
  const tapCode = await runTap(run, report)
  for (const failure of report.failures()) console.log(`\nFAILED ${failure}`)
  const { line, code } = conclude(report.counts(), tapCode)
  console.log(line)
  return code
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
