import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findEngine } from '../container-engine.ts'
import { readGit } from '../pipeline/git.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { mustRun, type RunTool, runTool } from '../tool.ts'
import { findChanged, RELEASE, readDigests, SUMS } from './sums.ts'

/** `make reproduce`: the commit that is checked out, built in two clones that share nothing but the machine. */

const ROOT = resolve(import.meta.dirname, '../..')

/** What differs between two people who build. */
interface Circumstances {
  readonly name: string
  readonly umask: string
  readonly env: Readonly<Record<string, string>>
}

const CIRCUMSTANCES: readonly Circumstances[] = [
  { name: 'one', umask: '022', env: { TZ: 'Pacific/Kiritimati', LANG: 'C', LC_ALL: 'C', USER: 'one' } },
  {
    name: 'two/with a deeper folder',
    umask: '077',
    env: { TZ: 'America/Los_Angeles', LANG: 'tr_TR.UTF-8', LC_ALL: 'C.UTF-8', USER: 'two', FORCE_COLOR: '1' },
  },
]

/** How this machine reaches the registry, and where its engine keeps images. */
const TAKEN = [
  'npm_config_registry',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'CONTAINERS_STORAGE_CONF',
] as const

/** @throws BuildProblem BUILD_NOT_REPRODUCIBLE that names what differs */
async function main(): Promise<void> {
  const { head, changes } = await readGit(runTool, ROOT)
  if (changes.length > 0)
    throw new BuildProblem(
      'BUILD_USAGE',
      `the work tree has changes, and only a commit is built: ${changes[0]}`,
    )
  const engine = await findEngine(runTool, process.env['ENGINE'])
  const work = await mkdtemp(join(tmpdir(), 'reproduce-'))
  try {
    const sums: string[] = []
    for (const circumstances of CIRCUMSTANCES)
      sums.push(await buildOnce(runTool, { work, head, engine }, circumstances))
    report(head, sums)
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** @returns what sha256sum would print of all artefacts; the digest of the image is in the provenance, which is one */
async function buildOnce(
  run: RunTool,
  { work, head, engine }: { readonly work: string; readonly head: string; readonly engine: string },
  { name, umask, env }: Circumstances,
): Promise<string> {
  const begin = performance.now()
  const folder = join(work, name, 'checkout')
  const home = join(work, name, 'home')
  await mkdir(home, { recursive: true })
  const { PATH = '' } = process.env
  const own = PATH.split(':').filter(path => !path.includes('node_modules'))
  const taken = TAKEN.flatMap(variable => {
    const value = process.env[variable]
    return value === undefined ? [] : [[variable, value] as const]
  })
  const all = {
    ...Object.fromEntries(taken),
    ...env,
    PATH: own.join(':'),
    HOME: home,
    ENGINE: engine,
    ARCHS: 'amd64 arm64',
  }
  const script = [
    `umask ${umask}`,
    'git clone --quiet "$1" "$2"',
    'cd "$2"',
    'git checkout --quiet "$3"',
    'npm ci --no-progress',
    'make build-all image artefacts',
  ]
  const args = ['-euc', script.join('\n'), 'sh', ROOT, folder, head]
  await mustRun(run, 'sh', args, { env: all, shown: true })
  process.stdout.write(`${name}: built in ${((performance.now() - begin) / 1000).toFixed(0)} s\n`)
  const sums = await readFile(join(folder, RELEASE, SUMS), 'utf8')
  const changed = findChanged(sums, await readDigests(join(folder, RELEASE)))
  if (changed.length > 0) throw new Error(`${RELEASE} of ${name} is not what it says: ${changed.join(', ')}`)
  return sums
}

function report(head: string, [one = '', other = '']: readonly string[]): void {
  const files = new Map(
    other
      .split('\n')
      .filter(Boolean)
      .map(line => [line.slice(66), line.slice(0, 64)] as const),
  )
  const differing = findChanged(one, files)
  if (differing.length > 0)
    throw new BuildProblem('BUILD_NOT_REPRODUCIBLE', `two builds of ${head} differ: ${differing.join(', ')}`)
  process.stdout.write(
    `${one}${files.size} files of ${head}, and the image, are the same bytes in both builds\n`,
  )
}

if (import.meta.main) process.exitCode = await runScript(main)
