import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readVersion } from '../../shared/version.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { writeCompanions } from '../supply-chain/companions.ts'
import { runTool } from '../tool.ts'
import { buildInContainer } from './container.ts'
import { buildBinary } from './executable.ts'
import { hostPlatform, PLATFORMS, type Platform, readArchs, readPlatform, toBinaryName } from './platform.ts'

/** make build, make build-all. */

const ROOT = resolve(import.meta.dirname, '../..')

export interface BuildCommand {
  readonly platforms: readonly Platform[]
  /** Folder that receives the files. */
  readonly out: string
  /** As `version` prints it; undefined reads the checkout. */
  readonly version?: string | undefined
  /** Set where the work is done in a container. */
  readonly container?: { readonly engine?: string | undefined; readonly image: string } | undefined
}

const BUILDER_IMAGE = 'node:26-bookworm-slim'

const FLAGS = {
  /** As the variables of the same name; they come first. */
  os: { type: 'string' },
  arch: { type: 'string' },
  all: { type: 'boolean', default: false },
  /** What an image is made of: linux, for ARCHS or ARCH. */
  'for-image': { type: 'boolean', default: false },
  out: { type: 'string', default: join(ROOT, 'dist/bin') },
  'version-text': { type: 'string' },
} as const

/**
 * @param args flags of the Makefile, or of a build in a container
 * @param env variables that make was given: by the environment, so that they are no part of a script; empty counts as left out
 * @throws BuildProblem BUILD_USAGE
 */
export function readBuildCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  host: Platform,
): BuildCommand {
  const { values } = parseArgs({ args: [...args], options: FLAGS })
  const inContainer = env['DOCKERBUILD'] || 'false'
  if (inContainer !== 'true' && inContainer !== 'false') {
    throw new BuildProblem('BUILD_USAGE', `DOCKERBUILD=${inContainer}: true or false is expected`)
  }
  const [os, arch] = [values.os || env['OS'] || host.os, values.arch || env['ARCH'] || host.arch]
  const one = (): Platform[] => [readPlatform(os, arch)]
  const ofImage = (): Platform[] => readArchs(env, host.arch).map(of => ({ os: 'linux', arch: of }))
  return {
    platforms: values.all ? PLATFORMS : values['for-image'] ? ofImage() : one(),
    out: resolve(values.out),
    version: values['version-text'],
    container:
      inContainer === 'true'
        ? { engine: env['ENGINE'] || undefined, image: env['BUILDER_IMAGE'] || BUILDER_IMAGE }
        : undefined,
  }
}

const say = (text: string): void => void process.stdout.write(text)

async function main(): Promise<void> {
  const command = readBuildCommand(process.argv.slice(2), process.env, hostPlatform())
  const version = command.version ?? (await readVersion(process.env['RELEASE_TAG']))
  await mkdir(command.out, { recursive: true })
  if (command.container) {
    await buildInContainer({ ...command, ...command.container, root: ROOT, version, run: runTool, say })
    return
  }
  for (const platform of command.platforms) await buildOne(platform, command.out, version)
}

async function buildOne(platform: Platform, out: string, version: string): Promise<void> {
  const { path, size, signature, contents } = await buildBinary(platform, {
    root: ROOT,
    run: runTool,
    version,
  })
  const to = join(out, toBinaryName(platform))
  // Renamed: the file there may be running.
  await copyFile(path, `${to}.new`)
  await rename(`${to}.new`, to)
  await writeCompanions(to, contents)
  say(`${to}  ${(size / 1e6).toFixed(0)} MB  ${version}\n`)
  if (signature.todo) process.stderr.write(`${signature.todo(to)}\n`)
}

if (import.meta.main) process.exitCode = await runScript(main)
