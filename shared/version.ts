/** Version of this program, the same as in package.json: a single-file binary has no package.json to read. */
export const VERSION = '0.1.0'

/** Put in by the bundler; not declared in a checkout. */
declare const CCM_BUILT_VERSION: string | undefined

const NUMBER = '(?:0|[1-9]\\d*)'
const PRERELEASE = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`
const RELEASE_TAG = new RegExp(`^v${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASE}(?:\\.${PRERELEASE})*)?$`)

/** Whether a git tag is v and a semantic version (https://semver.org); not one with `+`, which no image tag can hold. */
export const isReleaseTag = (tag: string): boolean => RELEASE_TAG.test(tag)

/** What git says of the commit that is checked out. */
export interface Commit {
  /** Name of the newest release tag that points at it, such as `v1.2.3`. */
  readonly tag?: string | undefined
  /** 40 hexadecimal digits. */
  readonly hash: string
  /** True where files differ from the commit, or are neither in it nor ignored. */
  readonly dirty: boolean
}

/** `v1.2.3 (hash)`, `0.1.0-dev (hash)` without a tag, with `-dirty` after either; the version alone without git. */
export function toVersionText(version: string, commit: Commit | undefined): string {
  if (!commit) return version
  const { tag = `${version}-dev`, hash, dirty } = commit
  return `${tag}${dirty ? '-dirty' : ''} (${hash})`
}

/** Version, tag and commit that this was built from; undefined in a checkout. */
export const builtVersion = (): string | undefined =>
  typeof CCM_BUILT_VERSION === 'string' ? CCM_BUILT_VERSION : undefined

/**
 * Version, tag and commit that this was built from, or that is checked out.
 *
 * @param wanted release tag that counts where the commit has several
 */
export async function readVersion(wanted?: string): Promise<string> {
  if (typeof CCM_BUILT_VERSION === 'string') return CCM_BUILT_VERSION
  else {
    const { readCommit } = await import('./commit.ts')
    return toVersionText(VERSION, await readCommit(undefined, wanted))
  }
}
