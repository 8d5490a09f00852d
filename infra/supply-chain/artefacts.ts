import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readVersion } from '../../shared/version.ts'
import { NODE_PACKAGES, NODE_VERSION } from '../binary/node-packages.ts'
import { PLATFORMS, toBinaryName, toPlatformName } from '../binary/platform.ts'
import { build, FUNCTIONS } from '../build.ts'
import { CHART } from '../helm.ts'
import { toCreated, toRevision, toSource } from '../image/labels.ts'
import { LAYOUT, type Layout, readLayout } from '../image/layout.ts'
import { MANIFEST } from '../manifest.ts'
import { readGit } from '../pipeline/git.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { runTool } from '../tool.ts'
import { packChart } from './chart-package.ts'
import { readCompanions } from './companions.ts'
import { readBuilder, toStatement, toSubjects } from './provenance.ts'
import { type SbomFacts, toSbom } from './sbom.ts'
import { RELEASE, readDigests, STATEMENT, SUMS, toSums } from './sums.ts'

/** `make artefacts`: brings together what a release consists of, with SBOMs, digests and where it comes from. */

const ROOT = resolve(import.meta.dirname, '../..')
const BINARIES = join(ROOT, 'dist/bin')
const PROGRAM = 'cloud-provider-phoenixnap'

const [PROGRAM_MODE, FILE_MODE] = [0o755, 0o644]

/** Where everything in a release is from. */
interface Origin {
  readonly version: string
  readonly revision: string
  readonly source: string | undefined
  /** Seconds since 1970 of the commit. */
  readonly epoch: number
}

async function readOrigin(): Promise<Origin> {
  const { head, epoch, changes, origin = '' } = await readGit(runTool, ROOT)
  const [version = ''] = (await readVersion(process.env['RELEASE_TAG'])).split(' ')
  const source = process.env['IMAGE_SOURCE'] || toSource(origin)
  return { version, revision: toRevision({ head, isDirty: changes.length > 0 }), source, epoch }
}

const toSbomText = (
  { version, revision, epoch }: Origin,
  facts: Pick<SbomFacts, 'name' | 'packages' | 'node' | 'platform'>,
): string =>
  `${JSON.stringify(toSbom({ ...facts, version, revision, created: toCreated(epoch) }), undefined, 2)}\n`

/** The single files that are in dist/bin: at least this host's. */
async function addBinaries(out: string, origin: Origin): Promise<void> {
  for (const platform of PLATFORMS) {
    const name = toBinaryName(platform)
    const { packages, node, notice } = await readCompanions(join(BINARIES, name))
    await place(join(BINARIES, name), join(out, name), PROGRAM_MODE)
    await put(out, 'THIRD-PARTY-LICENSES.txt', notice)
    const facts = { name: PROGRAM, packages, node, platform: toPlatformName(platform).replace('-', '/') }
    await put(out, `${name}.sbom.json`, toSbomText(origin, facts))
  }
}

async function addFunctions(out: string, origin: Origin): Promise<void> {
  const entries = FUNCTIONS.map(name => [name, join(ROOT, 'functions', `${name}.ts`)] as const)
  const built = await build({ out: join(ROOT, '.build'), functions: Object.fromEntries(entries) })
  for (const { name, path, contents } of built) {
    const full = `${PROGRAM}-function-${name}`
    await place(path, join(out, `${full}.zip`))
    await put(out, `${full}.sbom.json`, toSbomText(origin, { name: full, packages: contents.packages }))
  }
}

async function addTexts(out: string, { epoch }: Origin): Promise<void> {
  const chart = await packChart(CHART, join(ROOT, 'LICENSE'), epoch)
  await put(out, chart.name, chart.bytes)
  await place(MANIFEST, join(out, `${PROGRAM}.yaml`))
  await place(join(ROOT, 'LICENSE'), join(out, 'LICENSE'))
}

async function addImages(out: string, layout: Layout | undefined): Promise<void> {
  for (const { arch } of layout?.images ?? []) {
    const sbom = join(ROOT, 'dist', `${PROGRAM}-linux-${arch}.sbom.json`)
    await place(sbom, join(out, `${PROGRAM}-image-linux-${arch}.sbom.json`))
  }
}

async function place(from: string, to: string, mode = FILE_MODE): Promise<void> {
  await copyFile(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new BuildProblem('BUILD_USAGE', `${from} is not there: make build-all and make image make it`)
  })
  await chmod(to, mode)
}

async function put(out: string, name: string, contents: string | Uint8Array): Promise<void> {
  await writeFile(join(out, name), contents)
  await chmod(join(out, name), FILE_MODE)
}

async function main(): Promise<void> {
  const out = join(ROOT, RELEASE)
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  const origin = await readOrigin()
  const layout = await readLayout(join(ROOT, LAYOUT))
  await addBinaries(out, origin)
  await addFunctions(out, origin)
  await addTexts(out, origin)
  await addImages(out, layout)
  const lock = createHash('sha256').update(await readFile(join(ROOT, 'package-lock.json')))
  const statement = toStatement({
    ...origin,
    subjects: toSubjects(await readDigests(out), layout),
    lockDigest: lock.digest('hex'),
    nodeVersion: NODE_VERSION,
    nodePackages: NODE_PACKAGES,
    builder: readBuilder(process.env),
  })
  await put(out, STATEMENT, `${JSON.stringify(statement, undefined, 2)}\n`)
  const digests = await readDigests(out)
  await put(out, SUMS, toSums(digests))
  const image = layout ? layout.digest : 'no image: make image makes it'
  process.stdout.write(`${RELEASE}: ${digests.size} files of ${origin.version}, ${image}\n`)
}

if (import.meta.main) process.exitCode = await runScript(main)
