import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createWorkTree, listFiles, openWorkTree, type WorkTree } from './work-tree.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const KEPT = join(ROOT, '.build/test-image')
/** What an image is made of, and how. */
const IMAGE_FILES = [
  '.gitignore',
  'LICENSE',
  'Makefile',
  'functions',
  'infra',
  'package.json',
  'package-lock.json',
  'shared',
]
/** The release that it is, and the other release tags of the same commit. */
export const RELEASED = 'v1.2.3'
const TAGS = [RELEASED, 'v1.2.3-rc.1', 'v1.3.0-rc.1']
/** Written last: without it a build was broken off. */
const DONE = 'done'

/**
 * A work tree in which `make image-all` was run for a release. The same files are built once: it is kept in .build/.
 *
 * @throws Error with what make wrote
 */
export async function buildTestImage(): Promise<WorkTree> {
  const folder = join(KEPT, toKey())
  if (existsSync(join(folder, DONE))) return openWorkTree(join(folder, 'tree'))
  for (const old of await readdir(KEPT).catch(() => []))
    await rm(join(KEPT, old), { recursive: true, force: true })
  await mkdir(join(folder, 'tree/.build'), { recursive: true })
  await mkdir(join(ROOT, '.build/node'), { recursive: true })
  // The Node of each processor is downloaded once.
  await symlink(join(ROOT, '.build/node'), join(folder, 'tree/.build/node'))
  const tree = createWorkTree(join(folder, 'tree'), IMAGE_FILES)
  tree.git('remote', 'add', 'origin', 'git@git.example:team/controller.git')
  for (const tag of TAGS) tree.git('tag', tag)
  const { code, out } = await tree.make(['image-all', 'ENGINE=buildah', `RELEASE_TAG=${RELEASED}`])
  if (code !== 0) throw new Error(`make image-all ended with ${code}:\n${out}`)
  // The layout in dist/ is what is pushed; the engine's store is as large again.
  for (const part of ['home/store', '.build/image', '.build/binary', 'dist/bin']) {
    await rm(join(folder, 'tree', part), { recursive: true, force: true })
  }
  await writeFile(join(folder, DONE), '')
  return tree
}

function toKey(): string {
  const hash = createHash('sha256').update(TAGS.join())
  for (const path of listFiles(IMAGE_FILES)) {
    if (existsSync(join(ROOT, path)))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(ROOT, path)))
        .update('\0')
  }
  return hash.digest('hex').slice(0, 32)
}

/** Run by itself, it builds ahead of the tests. */
if (import.meta.main) await buildTestImage()
