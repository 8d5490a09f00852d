import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Commit, isReleaseTag } from './version.ts'

const ROOT = new URL('..', import.meta.url)
const LIMIT_MS = 10_000
/** Newest first; a candidate, `v1.2.3-rc.1`, comes before its release. */
const TAGS = ['-c', 'versionsort.suffix=-', 'tag', '--points-at', 'HEAD', '--sort=-version:refname']

/**
 * What is checked out in a folder.
 *
 * @param root top folder of a checkout, by default of this one; a folder inside another repository is none
 * @param wanted release tag that counts, if it is one of the commit's; otherwise the newest of them does
 * @returns undefined without git, outside a repository, and before the first commit
 */
export async function readCommit(root: URL = ROOT, wanted?: string): Promise<Commit | undefined> {
  const folder = await realpath(fileURLToPath(root))
  const [top, hash] = (await git(folder, 'rev-parse', '--show-toplevel', 'HEAD'))?.split('\n') ?? []
  if (top === undefined || !hash || (await realpath(top)) !== folder) return undefined
  const tags = (await git(folder, ...TAGS))?.split('\n').filter(isReleaseTag) ?? []
  const changes = await git(folder, 'status', '--porcelain')
  return { tag: tags.find(tag => tag === wanted) ?? tags[0], hash, dirty: changes !== '' }
}

/** What git answers, trimmed; undefined where it fails. */
const git = (folder: string, ...args: readonly string[]): Promise<string | undefined> =>
  new Promise(resolve => {
    // Somebody may commit at the same time: a question takes no lock.
    execFile('git', ['--no-optional-locks', '-C', folder, ...args], { timeout: LIMIT_MS }, (error, out) =>
      resolve(error ? undefined : out.trim()),
    )
  })
