import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Commit, isReleaseTag } from './version.ts'

const ROOT = new URL('..', import.meta.url)
const LIMIT_MS = 10_000
/** Newest first; a candidate, `v1.2.3-rc.1`, comes before its release. */
const TAGS = ['-c', 'versionsort.suffix=-', 'tag', '--points-at', 'HEAD', '--sort=-version:refname']
/** Whatever settings say of files that git does not know. */
export const STATUS = ['status', '--porcelain', '--untracked-files=normal'] as const
/** A letter for each file: a small one or S where git was told not to look at it, and then says nothing of its changes. */
export const MARKS = ['ls-files', '-v'] as const

/** @param marks as MARKS answers @returns files that git does not look at, so that nobody knows what is in them */
export const findHidden = (marks: string): string[] =>
  marks.split('\n').flatMap(line => /^[a-zS] (.+)$/.exec(line)?.[1] ?? [])

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
  const changes = await git(folder, ...STATUS)
  const hidden = await git(folder, ...MARKS)
  return {
    tag: tags.find(tag => tag === wanted) ?? tags[0],
    hash,
    dirty: changes !== '' || findHidden(hidden ?? '').length > 0,
  }
}

/** What git answers, trimmed; undefined where it fails. */
const git = (folder: string, ...args: readonly string[]): Promise<string | undefined> =>
  new Promise(resolve => {
    // Somebody may commit at the same time: a question takes no lock.
    execFile('git', ['--no-optional-locks', '-C', folder, ...args], { timeout: LIMIT_MS }, (error, out) =>
      resolve(error ? undefined : out.trim()),
    )
  })
