import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { type BuildOptions, build as bundle, type OutputFile, type Plugin } from 'esbuild'
import { ZipFile } from 'yazl'
import { readVersion } from '../shared/version.ts'
import { inlineManifests, keepNames, leaveOut } from './build-plugins.ts'
import { type Contents, readContents } from './supply-chain/contents.ts'

/** Functions of serverless.yml: each has an entry in functions/ and becomes a zip of its own. */
export const FUNCTIONS = ['admission', 'audit', 'reconcile', 'resync'] as const

export interface BuildPlan {
  /** Folder that receives `<name>.zip` for each function, `server/` and `maps/`. */
  readonly out: string
  /** Functions by name, each with its entry file. */
  readonly functions: Readonly<Record<string, string>>
  /** Entry file of the command line; no server is built without it. */
  readonly server?: string | undefined
}

/** What was written, sizes in bytes. `start` is what is read before the first call; the rest is loaded when needed. */
export interface Built {
  readonly name: string
  readonly path: string
  readonly start: number
  readonly all: number
  /** Of the zip; undefined for the server, which is a folder. */
  readonly zip?: number | undefined
  readonly contents: Contents
}

const ROOT = resolve(import.meta.dirname, '..')
/** Newest runtime of AWS Lambda; the server runs on the newer Node that package.json brings. */
const TARGET = 'node24'
const ZIP_MODE = 0o644
/** Our own licence, and those of what is in a bundle: they lie beside its code. */
const LICENCE_FILES = { ours: 'LICENSE', others: 'THIRD-PARTY-LICENSES.txt' } as const
/** A crash prints the line it happened on: without a limit that is the whole bundle. */
const LINE_LIMIT = 160

/** What becomes of a module in a program that runs without a checkout. */
export const SERVER_PLUGINS: readonly Plugin[] = [
  leaveOut('server'),
  keepNames,
  inlineManifests(join(ROOT, 'infra')),
]

/** Common to the functions, the server and the single file. */
export const BUNDLE_OPTIONS = {
  absWorkingDir: ROOT,
  write: false,
  metafile: true,
  bundle: true,
  platform: 'node',
  // Without it a CommonJS twin is taken where an ES module exists, and lazy imports of it have no names.
  mainFields: ['module', 'main'],
  minify: true,
  lineLimit: LINE_LIMIT,
  // The file of licences has what they say.
  legalComments: 'none',
  // Taken if it happens to be installed; nothing here shows colours.
  external: ['supports-color'],
  // Beside the bundle, not in it: the runtime would read them at each cold start.
  sourcemap: 'external',
  sourcesContent: false,
  logLevel: 'warning',
} as const satisfies BuildOptions

/** What the bundler puts in place of names: the version, as there is neither package.json nor git later. */
export const toDefine = (version: string): Record<string, string> => ({
  CCM_BUILT_VERSION: JSON.stringify(version),
})

/** Builds everything of the plan; equal sources of one commit give equal bytes. */
export async function build(plan: BuildPlan): Promise<Built[]> {
  await mkdir(plan.out, { recursive: true })
  const built: Built[] = []
  for (const [name, entry] of Object.entries(plan.functions)) {
    built.push(await buildFunction(plan.out, name, entry))
  }
  if (plan.server !== undefined) built.push(await buildServer(plan.out, plan.server))
  return built
}

async function buildFunction(out: string, name: string, entry: string): Promise<Built> {
  const files = await toFiles(name, entry, [leaveOut('function'), keepNames])
  await writeMaps(join(out, 'maps', name), files)
  const zip = await toZip(toSorted([...files.code, ...(await toLicenceFiles(files.contents))]))
  const path = join(out, `${name}.zip`)
  await writeFile(path, zip)
  return { name, path, ...toSizes(files), zip: zip.length, contents: files.contents }
}

async function buildServer(out: string, entry: string): Promise<Built> {
  const files = await toFiles('main', entry, SERVER_PLUGINS)
  const path = join(out, 'server')
  await rm(path, { recursive: true, force: true })
  await writeMaps(join(out, 'maps', 'server'), files)
  const licences = await toLicenceFiles(files.contents)
  for (const file of [...files.code, ...licences]) await write(join(path, file.name), file.contents)
  return { name: 'server', path, ...toSizes(files), contents: files.contents }
}

const toLicenceFiles = async ({ notice }: Contents): Promise<File[]> => [
  { name: LICENCE_FILES.ours, contents: await readFile(join(ROOT, 'LICENSE')) },
  { name: LICENCE_FILES.others, contents: Buffer.from(notice) },
]

const toSorted = (files: readonly File[]): File[] => files.toSorted((a, b) => (a.name < b.name ? -1 : 1))

interface File {
  readonly name: string
  readonly contents: Uint8Array
}

interface Files {
  readonly code: readonly File[]
  readonly maps: readonly File[]
  /** Names of the files that are loaded when the entry is. */
  readonly start: ReadonlySet<string>
  readonly contents: Contents
}

async function toFiles(name: string, entry: string, plugins: readonly Plugin[]): Promise<Files> {
  const folder = join(ROOT, '.build')
  const define = toDefine(await readVersion())
  const result = await bundle({ ...toOptions(name, entry, folder), define, plugins: [...plugins] })
  const files = toSorted(result.outputFiles.map(file => toFile(file, folder)))
  const outputs = Object.entries(result.metafile.outputs).map(
    ([path, { imports }]) => [relative(folder, join(ROOT, path)), imports] as const,
  )
  const start = new Set([`${name}.mjs`])
  for (const loaded of start) {
    for (const { path, kind, external } of outputs.find(([path]) => path === loaded)?.[1] ?? []) {
      if (kind === 'import-statement' && !external) start.add(relative(folder, join(ROOT, path)))
    }
  }
  return {
    code: files.filter(({ name }) => name.endsWith('.mjs')),
    maps: files.filter(({ name }) => name.endsWith('.map')),
    start,
    contents: await readContents(result.metafile, { withNode: false }),
  }
}

const toFile = ({ path, contents }: OutputFile, folder: string): File => ({
  name: relative(folder, path),
  contents,
})

function toOptions(name: string, entry: string, outdir: string) {
  return {
    ...BUNDLE_OPTIONS,
    entryPoints: { [name]: entry },
    outdir,
    // Lazy imports stay lazy: what a first answer does not need is not even read.
    splitting: true,
    format: 'esm',
    target: TARGET,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    // CommonJS dependencies call require for Node's own modules.
    banner: {
      js: "import{createRequire as createRequire_}from'node:module';const require=createRequire_(import.meta.url);",
    },
  } as const satisfies BuildOptions
}

const toSizes = ({ code, start }: Files): Pick<Built, 'start' | 'all'> => ({
  start: toSize(code.filter(({ name }) => start.has(name))),
  all: toSize(code),
})

const toSize = (files: readonly File[]): number =>
  files.reduce((size, { contents }) => size + contents.length, 0)

async function writeMaps(folder: string, { maps }: Files): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  for (const file of maps) await write(join(folder, file.name), file.contents)
}

async function write(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(resolve(path, '..'), { recursive: true })
  await writeFile(path, contents)
}

async function toZip(files: readonly File[]): Promise<Buffer> {
  const zip = new ZipFile()
  // A zip holds local time: made of local parts, it is the same bytes in every time zone.
  const mtime = new Date(1980, 0, 1)
  for (const { name, contents } of files) {
    zip.addBuffer(Buffer.from(contents), name, { mtime, mode: ZIP_MODE, forceDosTimestamp: true })
  }
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function toLine({ name, start, all, zip }: Built): string {
  const packed = zip === undefined ? '' : `${toKilobytes(zip)} zipped`
  return `${name.padEnd(10)}${toKilobytes(start)} at start ${toKilobytes(all)} in all ${packed}`.trimEnd()
}

const toKilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(0).padStart(6)} KB`

if (import.meta.main) {
  const entry = (name: string): string => join(ROOT, 'functions', `${name}.ts`)
  const functions = Object.fromEntries(FUNCTIONS.map(name => [name, entry(name)]))
  const built = await build({ out: join(ROOT, '.build'), functions, server: entry('main') })
  for (const one of built) process.stdout.write(`${toLine(one)}\n`)
}
