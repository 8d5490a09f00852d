import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { CREATED_LABEL, REVISION_LABEL, VERSION_LABEL } from '../../infra/image/labels.ts'
import { joinImages, LAYOUT, readLayout } from '../../infra/image/layout.ts'
import { runTool } from '../../infra/tool.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** Of every commit here. */
const TIME = '2026-01-02T03:04:05Z'

/** A repository of its own with the files of this work tree as its one commit, on branch main. */
export interface WorkTree {
  readonly folder: string
  git(...args: readonly string[]): string
  commit(message: string): string
  /** Runs make there. `out` is what it wrote to both outputs. */
  make(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<{ code: number | undefined; out: string }>
  /** What `make image` would leave: an image of each processor, a few bytes each. @returns the digest that a registry will show */
  placeImage(options?: Partial<PlacedImage>): Promise<string>
}

export interface PlacedImage {
  readonly archs: readonly string[]
  /** Labels; by default the commit that is checked out, its time, and v1.2.3. */
  readonly revision: string
  readonly created: string
  readonly version: string
  /** What one image has and another has not. */
  readonly text: string
}

/** What `make cd` and `make release` read. */
export const PIPELINE_FILES = [
  '.gitignore',
  'Makefile',
  'infra',
  'package.json',
  'shared/commit.ts',
  'shared/version.ts',
]

/** @param paths files and folders that are taken over; all by default */
export function createWorkTree(folder: string, paths: readonly string[] = []): WorkTree {
  const tree = openWorkTree(folder)
  copyFiles(folder, paths)
  tree.git('init', '--quiet', '--initial-branch=main')
  appendFileSync(join(folder, '.git/info/exclude'), 'node_modules\nhome\n')
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  tree.commit('first')
  return tree
}

/** One that is there. */
export function openWorkTree(folder: string): WorkTree {
  const env = toEnvironment(folder)
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  const commit = (message: string): string => {
    git('add', '--all')
    git('commit', '--quiet', '--allow-empty', '--message', message)
    return git('rev-parse', 'HEAD')
  }
  return {
    folder,
    git,
    commit,
    async make(args, more = {}) {
      const options = { cwd: folder, env: { ...env, ...more } }
      const { code, out, err } = await runTool('make', ['--no-print-directory', ...args], options)
      return { code, out: out + err }
    },
    async placeImage(options) {
      const layout = join(folder, LAYOUT)
      const usual = { archs: ['amd64'], created: TIME, version: 'v1.2.3', text: 'program' }
      await writeLayout(layout, { ...usual, revision: git('rev-parse', 'HEAD'), ...options })
      return (await readLayout(layout))?.digest ?? ''
    },
  }
}

/** Nobody's credentials and settings are read, and no make target of an outer make leaks in. */
function toEnvironment(folder: string): NodeJS.ProcessEnv {
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true })
  const author = { NAME: 'Test', EMAIL: 'test@example.test', DATE: TIME }
  const names = Object.entries(author).flatMap(([key, value]) => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ])
  const { PATH } = process.env
  return {
    PATH: `${join(ROOT, 'node_modules/.bin')}:${PATH}`,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    CONTAINERS_STORAGE_CONF: writeStorage(home),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    LC_ALL: 'C',
    ...Object.fromEntries(names),
  }
}

/** A store of images of its own; vfs works wherever files do. */
function writeStorage(home: string): string {
  const path = join(home, 'storage.conf')
  const settings = { driver: 'vfs', graphroot: join(home, 'store'), runroot: join(home, 'run') }
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  writeFileSync(path, `[storage]\n${lines.join('\n')}\n`)
  return path
}

/** Files of this work tree under these paths, committed or new; all of them for no path. */
export function listFiles(paths: readonly string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...paths]
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean)
}

function copyFiles(folder: string, paths: readonly string[]): void {
  for (const path of listFiles(paths)) {
    // One that was deleted and is not yet committed is still in the list.
    if (existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(folder, path))
  }
}

async function writeLayout(
  layout: string,
  { archs, revision, created, version, text }: PlacedImage,
): Promise<void> {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const put = (bytes: Buffer | string): { digest: string; size: number } => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(layout, 'blobs/sha256', hex), bytes)
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) }
  }
  const manifests = archs.map(architecture => {
    // An empty tar is two empty blocks; what makes layers differ stands behind them.
    const tar = Buffer.concat([Buffer.alloc(1024), Buffer.from(`${text} ${architecture}`)])
    const layer = put(gzipSync(tar))
    const config = put(
      JSON.stringify({
        architecture,
        os: 'linux',
        config: {
          Labels: { [REVISION_LABEL]: revision, [CREATED_LABEL]: created, [VERSION_LABEL]: version },
        },
        rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(tar).digest('hex')}`] },
      }),
    )
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...layer }],
    }
    return { mediaType, ...put(JSON.stringify(manifest)) }
  })
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  await joinImages(layout)
}
