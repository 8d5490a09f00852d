import { createHash } from 'node:crypto'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { LICENCES_ASSET } from '../../shared/licences.ts'
import type { Contents } from '../supply-chain/contents.ts'
import { mustRun, type RunTool } from '../tool.ts'
import { type Bundle, bundleProgram } from './bundle.ts'
import { stripElf } from './elf.ts'
import { NODE_VERSION } from './node-packages.ts'
import { obtainNode } from './node-program.ts'
import { hostPlatform, isSame, type Platform, toBinaryName, toPlatformName } from './platform.ts'
import { findSigner, type Signature, sign } from './sign.ts'

export interface BinaryOptions {
  /** Top folder of the checkout. */
  readonly root: string
  readonly run: RunTool
  /** As `version` prints it. */
  readonly version: string
  /** Folder that receives the files; .build/binary by default. */
  readonly cache?: string | undefined
}

/** A single file that was built, or was here already. */
export interface Binary {
  readonly path: string
  readonly size: number
  readonly signature: Signature
  readonly contents: Contents
}

const PROGRAM_MODE = 0o755
/** Files kept for each platform: the newest, and those that something beside this may still run. */
const KEPT = 3
const IN_USE_MS = 3_600_000
/**
 * V8 draws seeds when it starts, and the code cache shows them. A given seed makes it the same bytes each time;
 * it is not among the flags that a cache is bound to.
 */
const SAME_CACHE = '--random-seed=1'

/**
 * Builds the single file for a platform, unless one of the same inputs is there already.
 *
 * @throws BuildProblem when a tool fails or Node's program is not the reviewed one
 */
export async function buildBinary(platform: Platform, options: BinaryOptions): Promise<Binary> {
  const { root, run, version, cache = join(root, '.build/binary') } = options
  const [bundle, signature] = await Promise.all([bundleProgram(version), findSigner(platform, run)])
  const folder = join(cache, `${toPlatformName(platform)}-${await toKey(bundle, signature)}`)
  const path = join(folder, toBinaryName(platform))
  if (!(await exists(path))) {
    await mkdir(cache, { recursive: true })
    const work = await mkdtemp(join(cache, 'work-'))
    try {
      await make(platform, { ...options, bundle, signature, work })
      await rename(work, folder).catch(error => ignoreTaken(error, path))
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    await removeOld(cache, `${toPlatformName(platform)}-`)
  }
  const now = new Date()
  await utimes(folder, now, now)
  return { path, size: (await stat(path)).size, signature, contents: bundle.contents }
}

interface Making extends BinaryOptions {
  readonly bundle: Bundle
  readonly signature: Signature
  /** Empty folder that receives the file; nothing else stays in it. */
  readonly work: string
}

async function make(platform: Platform, { root, run, bundle, signature, work }: Making): Promise<void> {
  const host = hostPlatform()
  const source = { run, cache: join(root, '.build/node'), candidates: [process.execPath] }
  const builder = await obtainNode(host, source)
  const original = await obtainNode(platform, source)
  const path = (name: string): string => join(work, name)
  const program = await readFile(original)
  await writeFile(path('node'), platform.os === 'linux' ? stripElf(program) : program, { mode: PROGRAM_MODE })
  await writeFile(path('main.cjs'), bundle.code)
  await writeFile(path(LICENCES_ASSET), bundle.contents.notice)
  const config = {
    main: 'main.cjs',
    mainFormat: 'commonjs',
    executable: 'node',
    output: toBinaryName(platform),
    disableExperimentalSEAWarning: true,
    // Compiled code is bound to processor and system.
    useCodeCache: isSame(host, platform),
    assets: { [LICENCES_ASSET]: LICENCES_ASSET },
  }
  await writeFile(path('sea.json'), JSON.stringify(config))
  await mustRun(run, builder, [SAME_CACHE, '--build-sea', 'sea.json'], { cwd: work })
  await chmod(path(config.output), PROGRAM_MODE)
  await sign(path(config.output), signature, run)
  for (const name of ['node', 'main.cjs', 'sea.json', LICENCES_ASSET]) await rm(path(name))
  await writeFile(path('main.cjs.map'), bundle.map)
}

/** What the file depends on: the program, Node, the machine that compiles for itself, who signs, and these modules. */
async function toKey({ digest }: Bundle, { by }: Signature): Promise<string> {
  const key = createHash('sha256').update(
    [NODE_VERSION, toPlatformName(hostPlatform()), by ?? 'unsigned', digest].join('\n'),
  )
  const modules = (await readdir(import.meta.dirname)).toSorted()
  for (const name of modules) key.update(await readFile(join(import.meta.dirname, name)))
  return key.digest('hex').slice(0, 16)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Another process may have made the same file in the meantime. */
async function ignoreTaken(error: unknown, path: string): Promise<void> {
  if (!(await exists(path))) throw error
}

async function removeOld(cache: string, prefix: string): Promise<void> {
  const names = (await readdir(cache)).filter(name => name.startsWith(prefix))
  const dated = await Promise.all(
    names.map(async name => {
      const path = join(cache, name)
      return {
        path,
        at: await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      }
    }),
  )
  const old = dated.toSorted((a, b) => b.at - a.at).slice(KEPT)
  for (const { path, at } of old) {
    if (at < Date.now() - IN_USE_MS) await rm(path, { recursive: true, force: true })
  }
}
