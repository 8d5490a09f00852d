import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BuildProblem } from '../problem.ts'
import { mustRun, type RunTool } from '../tool.ts'
import { NODE_PACKAGES, NODE_VERSION, type NodePackage } from './node-packages.ts'
import { isSame, type Platform, toPlatformName } from './platform.ts'

export interface NodeSource {
  readonly run: RunTool
  /** Folder that keeps what was downloaded, such as .build/node. */
  readonly cache: string
  /** Programs that may already be the one looked for: the Node of the checkout. */
  readonly candidates: readonly string[]
}

/**
 * Path of Node's program for a platform, the very bytes of the table: one that is here, or from its package.
 *
 * @throws BuildProblem BUILD_NODE_UNTRUSTED when a downloaded package is another one than in the table
 */
export async function obtainNode(platform: Platform, source: NodeSource): Promise<string> {
  const wanted = NODE_PACKAGES.find(one => isSame(one, platform))
  if (!wanted) throw new Error(`no Node for ${toPlatformName(platform)}`)
  const kept = join(source.cache, `${NODE_VERSION}-${toPlatformName(platform)}`)
  for (const path of [...source.candidates, kept]) {
    if ((await toDigest(path, 'sha256', 'hex')) === wanted.digest) return path
  }
  await download(wanted, kept, source)
  return kept
}

async function download(wanted: NodePackage, to: string, { run, cache }: NodeSource): Promise<void> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'download-'))
  try {
    const name = `${wanted.name}@${NODE_VERSION}`
    await mustRun(run, 'npm', ['pack', name, '--silent', '--ignore-scripts', '--pack-destination', folder])
    const file = join(folder, `${wanted.name}-${NODE_VERSION}.tgz`)
    demand(`sha512-${await toDigest(file, 'sha512', 'base64')}`, wanted.integrity, name)
    await mustRun(run, 'tar', ['-xzf', file, '-C', folder, 'package/bin/node'])
    const program = join(folder, 'package/bin/node')
    demand(await toDigest(program, 'sha256', 'hex'), wanted.digest, `bin/node of ${name}`)
    await rename(program, to)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function demand(found: string | undefined, wanted: string, what: string): void {
  if (found === wanted) return
  throw new BuildProblem('BUILD_NODE_UNTRUSTED', `${what}: expected ${wanted}, found ${found ?? 'nothing'}`)
}

/** Digest of a file; undefined where it cannot be read. */
async function toDigest(
  path: string,
  algorithm: 'sha256' | 'sha512',
  encoding: 'hex' | 'base64',
): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined)
  return bytes && createHash(algorithm).update(bytes).digest(encoding)
}
