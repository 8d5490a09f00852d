import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readPlatform, toBinaryName } from '../binary/platform.ts'
import { type EngineName, findEngine } from '../container-engine.ts'
import { type GitState, readGit } from '../pipeline/git.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { mustRun, type RunTool, runTool } from '../tool.ts'
import { makeBase } from './base.ts'
import { readDebianPackages } from './debian-packages.ts'
import { type Call, toBuildCall, toExportCall } from './engine-images.ts'
import { DEFAULT_IMAGE, readImageName } from './image-name.ts'
import { toCreated, toLabels, toRevision, toSource } from './labels.ts'
import { joinImages, LAYOUT, LAYOUT_TAG, readLayout } from './layout.ts'
import { type PackageLock, toSbom } from './sbom.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const WORK = '.build/image'
const PROGRAM = 'cloud-provider-phoenixnap'
const SBOM_IN_IMAGE = `usr/share/sbom/${PROGRAM}.cdx.json`
const LICENSE_IN_IMAGE = `usr/share/doc/${PROGRAM}/copyright`

export interface ImageOptions {
  /** Root of the work tree. */
  readonly root: string
  readonly buildImage: string
  readonly baseImage: string | undefined
  readonly source: string | undefined
  readonly archs: readonly string[]
  /** Version for people: what the binary prints. */
  readonly version: string
  readonly nodeVersion: string
}

/** Lays out everything that goes into the image of one processor. @returns its folder */
async function layOut(run: RunTool, options: ImageOptions, git: GitState, arch: string): Promise<string> {
  const { root, baseImage } = options
  const context = join(root, WORK, arch)
  const [base, app] = [join(context, 'base'), join(context, 'app')]
  await rm(context, { recursive: true, force: true })
  await mkdir(base, { recursive: true })
  if (baseImage === undefined) {
    await makeBase(run, { arch, out: base, work: join(root, WORK), epoch: git.epoch })
  }
  const binary = join(root, 'dist/bin', toBinaryName({ os: 'linux', arch: readPlatform('linux', arch).arch }))
  await place(binary, join(app, 'usr/local/bin', PROGRAM))
  await place(join(root, 'LICENSE'), join(app, LICENSE_IN_IMAGE))
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as PackageLock
  const debian = await readDebianPackages(base)
  const { version, nodeVersion } = options
  const facts = { version, nodeVersion, arch, lock, debian, baseImage }
  const revision = toRevision({ head: git.head, isDirty: git.changes.length > 0 })
  const sbom = toSbom({ ...facts, revision, created: toCreated(git.epoch) })
  await write(join(app, SBOM_IN_IMAGE), `${JSON.stringify(sbom, undefined, 2)}\n`)
  await place(join(app, SBOM_IN_IMAGE), join(root, 'dist', `${PROGRAM}-linux-${arch}.sbom.json`))
  return context
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(join(to, '..'), { recursive: true })
  await copyFile(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new BuildProblem('BUILD_USAGE', `${from} is not there: make build makes it`)
  })
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
}

/**
 * Builds an image for each processor and leaves them, under one digest, as a layout.
 *
 * @throws BuildProblem
 */
export async function buildImages(run: RunTool, engine: EngineName, options: ImageOptions): Promise<void> {
  const { root, baseImage, version } = options
  const { name } = readImageName(options.buildImage)
  const git = await readGit(run, root)
  const isDirty = git.changes.length > 0
  const source = options.source ?? toSource(git.origin ?? '')
  const labels = toLabels({ version, head: git.head, epoch: git.epoch, isDirty, source, baseImage })
  const layout = join(root, LAYOUT)
  await rm(layout, { recursive: true, force: true })
  await mkdir(layout, { recursive: true })
  for (const arch of options.archs) {
    const context = await layOut(run, options, git, arch)
    const tags = toTags(name, arch, options.archs)
    const containerfile = join(root, 'infra/image/Containerfile')
    const plan = { engine, arch, context, containerfile, tags, labels, epoch: git.epoch, baseImage }
    await call(run, toBuildCall(plan))
    await call(run, toExportCall(engine, tags[0] ?? name, layout, arch))
  }
  await joinImages(layout)
}

/** The image of this host's processor is `latest`; beside others each has its processor's name. */
function toTags(name: string, arch: string, archs: readonly string[]): readonly string[] {
  const host = readPlatform('linux', process.arch).arch
  const isLatest = archs.length === 1 || arch === host
  return [
    ...(isLatest ? [`${name}:${LAYOUT_TAG}`] : []),
    ...(archs.length > 1 ? [`${name}:${LAYOUT_TAG}-${arch}`] : []),
  ]
}

const call = (run: RunTool, { command, args, env }: Call): Promise<string> =>
  mustRun(run, command, args, env ? { env: { ...process.env, ...env } } : {})

function readOptions(env: NodeJS.ProcessEnv): ImageOptions {
  const archs = (env['ARCHS'] || process.arch).split(/[\s,]+/).filter(Boolean)
  return {
    root: ROOT,
    buildImage: env['BUILD_IMAGE'] || DEFAULT_IMAGE,
    baseImage: env['BASE_IMAGE'] || undefined,
    source: env['IMAGE_SOURCE'] || undefined,
    archs: [...new Set(archs.map(arch => readPlatform('linux', arch).arch))],
    version: env['IMAGE_VERSION'] || '0.1.0',
    nodeVersion: process.versions.node,
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.env)
  readImageName(options.buildImage)
  const engine = await findEngine(runTool, process.env['ENGINE'])
  await buildImages(runTool, engine, options)
  const layout = await readLayout(join(ROOT, LAYOUT))
  const base = options.baseImage ?? 'a base of Debian packages'
  const archs = layout?.images.map(({ arch }) => arch).join(' and ')
  process.stdout.write(
    `${options.buildImage}:${LAYOUT_TAG} for ${archs}, by ${engine}, on ${base}\n${layout?.digest}\n`,
  )
}

if (import.meta.main) process.exitCode = await runScript(main)
