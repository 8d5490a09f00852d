import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { listPlans, listTests } from './files.ts'
import { type Mutant, printResult } from './result.ts'

const USAGE = `npm run mutate -- [--jobs N] [--least PERCENT] [FILE ...]   breaks the plans, one change at a time, and
names each change that no test tells of; FILE: only these plans. Exit code 1 below the least share of changes found.`

/** What is used of the mutation tester, which the program's own packages do not hold. */
interface Tester {
  readonly Stryker: new (
    options: Record<string, unknown>,
  ) => { runMutationTest(): Promise<readonly Mutant[]> }
}

const ROOT = resolve(import.meta.dirname, '..')
const PACKAGES = join(import.meta.dirname, 'node_modules')
const MODULE = join(PACKAGES, '@stryker-mutator/core/dist/src/index.js')
const LIMIT_MS = 5_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: String(availableParallelism()) },
    least: { type: 'string', default: '90' },
    help: { type: 'boolean', default: false },
  },
})

async function load(): Promise<Tester> {
  if (!existsSync(MODULE)) {
    const settings = {
      cwd: import.meta.dirname,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    } as const
    execFileSync('npm', ['ci', '--ignore-scripts'], settings)
  }
  return (await import(pathToFileURL(MODULE).href)) as Tester
}

/** One of its processes a job; each test file is a process of its own, so that a change is in force when it is read. */
const optionsFor = (plans: readonly string[]): Record<string, unknown> => ({
  mutate: plans,
  testRunner: 'tap',
  plugins: [join(PACKAGES, '@stryker-mutator/tap-runner/dist/src/index.js')],
  tap: { testFiles: listTests(ROOT, plans), nodeArgs: ['-r', '{{hookFile}}', '{{testFile}}'] },
  checkers: [],
  coverageAnalysis: 'perTest',
  concurrency: Number(values.jobs),
  timeoutMS: LIMIT_MS,
  reporters: process.stdout.isTTY ? ['progress'] : ['progress-append-only'],
  logLevel: 'warn',
  allowConsoleColors: false,
  tempDirName: '.build/mutate',
  ignorePatterns: ['.build', '.serverless', 'dist', 'certs', 'run', 'mutate', '.tap'],
  // It knows no file of this name: the settings it would make for a compiler are not needed where nothing is compiled.
  tsconfigFile: 'absent.json',
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function run(): Promise<boolean> {
  const named = positionals.map(file => relative(ROOT, resolve(file)))
  const { Stryker } = await load()
  process.chdir(ROOT)
  process.env['NODE_COMPILE_CACHE'] ??= join(ROOT, '.build/mutate-cache')
  const mutants = await new Stryker(optionsFor(named.length > 0 ? named : listPlans(ROOT))).runMutationTest()
  return printResult(mutants, { root: ROOT, least: Number(values.least), print })
}

if (values.help) process.stdout.write(`${USAGE}\n`)
else process.exitCode = (await run()) ? 0 : 1
