import { chmod, copyFile, lutimes, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPlatform, toBinaryName } from '../binary/platform.ts'
import type { EngineName } from '../container-engine.ts'
import { type GitState, readGit } from '../pipeline/git.ts'
import { BuildProblem } from '../problem.ts'
import { readCompanions, toLicencesPath } from '../supply-chain/companions.ts'
import { toSbom } from '../supply-chain/sbom.ts'
import { mustRun, type RunTool } from '../tool.ts'
import { makeBase } from './base.ts'
import { readDebianPackages } from './debian-packages.ts'
import { type Call, toBuildCall, toExportCall } from './engine-images.ts'
import { readImageName } from './image-name.ts'
import { toCreated, toLabels, toRevision, toSource } from './labels.ts'
import { joinImages, LAYOUT, LAYOUT_TAG } from './layout.ts'

const WORK = '.build/image'
const PROGRAM = 'cloud-provider-phoenixnap'
const PROGRAM_IN_IMAGE = `usr/local/bin/${PROGRAM}`
const SBOM_IN_IMAGE = `usr/share/sbom/${PROGRAM}.cdx.json`
const LICENSE_IN_IMAGE = `usr/share/doc/${PROGRAM}/copyright`
const LICENCES_IN_IMAGE = `usr/share/doc/${PROGRAM}/third-party-licences.txt`

/** Of folders and of the program, and of every other file. */
const [OPEN_MODE, FILE_MODE] = [0o755, 0o644]

export interface ImageOptions {
  /** Root of the work tree. */
  readonly root: string
  readonly buildImage: string
  readonly baseImage: string | undefined
  readonly source: string | undefined
  readonly archs: readonly string[]
  /** Version for people: what the binary prints. */
  readonly version: string
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
  await place(binary, join(app, PROGRAM_IN_IMAGE))
  await place(join(root, 'LICENSE'), join(app, LICENSE_IN_IMAGE))
  await place(toLicencesPath(binary), join(app, LICENCES_IN_IMAGE))
  const { packages, node } = await readCompanions(binary)
  const debian = await readDebianPackages(base)
  const facts = { version: options.version, packages, node, debian, baseImage }
  const revision = toRevision({ head: git.head, isDirty: git.changes.length > 0 })
  const subject = { name: PROGRAM, platform: `linux/${arch}` }
  const sbom = toSbom({ ...subject, ...facts, revision, created: toCreated(git.epoch) })
  await write(join(app, SBOM_IN_IMAGE), `${JSON.stringify(sbom, undefined, 2)}\n`)
  await place(join(app, SBOM_IN_IMAGE), join(root, 'dist', `${PROGRAM}-linux-${arch}.sbom.json`))
  await setModes(app)
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
    await setTimes(context, git.epoch)
    const tags = toTags(name, arch, options.archs)
    const containerfile = join(root, 'infra/image/Containerfile')
    const plan = { engine, arch, context, containerfile, tags, labels, epoch: git.epoch, baseImage }
    await call(run, toBuildCall(plan))
    await call(run, toExportCall(engine, tags[0] ?? name, layout, arch))
  }
  await joinImages(layout)
}

/** Whoever builds may keep his files to himself; the image is for its user. */
async function setModes(app: string): Promise<void> {
  const entries = await readdir(app, { recursive: true, withFileTypes: true })
  const program = join(app, PROGRAM_IN_IMAGE)
  await chmod(app, OPEN_MODE)
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    await chmod(path, entry.isDirectory() || path === program ? OPEN_MODE : FILE_MODE)
  }
}

/** docker keeps the times of the files that it copies. */
async function setTimes(folder: string, epoch: number): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  // What is in a folder is touched before the folder itself is.
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).toReversed()
  for (const path of paths) await lutimes(path, epoch, epoch)
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
