import { isReleaseTag } from '../../shared/version.ts'
import type { GitState } from '../pipeline/git.ts'

/** A push is decided here, from values; `publish.ts` reads them and carries it out. */

/** What is known before the registry is asked. */
export interface PublishFacts {
  readonly kind: 'cd' | 'release'
  /** CONFIRM as it was given. */
  readonly confirm: string | undefined
  /** BRANCH_NAME for cd, RELEASE_TAG for release, as it was given. */
  readonly name: string | undefined
  readonly git: Pick<GitState, 'head' | 'changes'>
  /** cd: commits of the branches of that name, here and as last seen on remotes: all must be the one checked out. */
  readonly branchCommits: readonly string[]
  /** Commit of the git tag of that name; undefined: there is none. */
  readonly tagCommit: string | undefined
  /** What `make ci` left; undefined: there is none. */
  readonly image: BuiltImage | undefined
}

export interface BuiltImage {
  readonly digest: string
  /** What each processor's image says of its commit, and of its version. */
  readonly revisions: readonly string[]
  readonly versions: readonly string[]
  /** Time of the commit, as the images say it. */
  readonly created: string | undefined
}

/** What a registry has under a tag. Not to be able to find out is not the same as nothing. */
export type RemoteTag =
  | { readonly state: 'absent' }
  /** `created`: time of the commit, as the image says it; undefined: it does not, or nobody asked. */
  | { readonly state: 'present'; readonly digest: string; readonly created?: string | undefined }
  | { readonly state: 'unknown'; readonly why: string }

/** Tags in the order in which they are pushed: the name that people use comes last. */
export type PublishPlan =
  | { readonly do: 'refuse'; readonly problems: readonly string[] }
  | { readonly do: 'nothing'; readonly why: string }
  | { readonly do: 'push'; readonly digest: string; readonly tags: readonly string[]; readonly note?: string }

const VARIABLES = { cd: 'BRANCH_NAME', release: 'RELEASE_TAG' } as const
/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
/** Names that people could take for another thing, in small letters: versions, or parts of one; commits, also abbreviated. */
const MISLEADING = [
  /^v?\d+(?:\.\d+){0,2}$/,
  /^v?\d+\.\d+\.\d+[-+_.]/,
  /^[0-9a-f]{7,64}$/,
  // `make image` calls the images of a machine so; git calls so what is checked out.
  /^latest(?:-amd64|-arm64)?$/,
  /^head$/,
]

/** Everything that speaks against the push, before the registry is asked; nothing if it may go on. */
export function findProblems(facts: PublishFacts): string[] {
  return [...findNameProblems(facts), ...findTreeProblems(facts)]
}

function findNameProblems(facts: PublishFacts): string[] {
  const { kind, confirm, name } = facts
  const variable = VARIABLES[kind]
  const example = kind === 'cd' ? 'main' : 'v1.2.3'
  return [
    ...(confirm === 'true' ? [] : [`CONFIRM=true is missing: without it nothing is pushed`]),
    ...(name
      ? (kind === 'cd' ? checkBranch : checkRelease)(name, facts)
      : [`${variable} is missing, such as ${variable}=${example}`]),
  ]
}

function checkBranch(name: string, { git, branchCommits, tagCommit }: PublishFacts): string[] {
  if (!TAG.test(name)) {
    return [
      `BRANCH_NAME=${name} cannot be an image tag (letters, digits, _ . -, at most 128): only branches that can are pushed`,
    ]
  }
  if (MISLEADING.some(form => form.test(name.toLowerCase())) || tagCommit !== undefined) {
    return [`BRANCH_NAME=${name} could be taken for a release, a commit, HEAD or latest`]
  }
  if (branchCommits.length === 0) return [`git knows no branch ${name}: fetch it first`]
  return branchCommits.every(commit => commit === git.head)
    ? []
    : [
        `branch ${name} is at ${toShort(branchCommits)}, and ${toShort([git.head])} is checked out: check out the one to push, and fetch or push it`,
      ]
}

function checkRelease(name: string, { git, tagCommit }: PublishFacts): string[] {
  if (!isReleaseTag(name) || !TAG.test(name)) {
    return [
      `RELEASE_TAG=${name} is no release: write v and a semantic version without +, such as v1.2.3 or v1.2.3-rc.1`,
    ]
  }
  if (tagCommit === undefined) return [`git knows no tag ${name}: make it with git tag ${name}, or fetch it`]
  return tagCommit === git.head
    ? []
    : [
        `tag ${name} is at ${toShort([tagCommit])}, and ${toShort([git.head])} is checked out: check out the tag`,
      ]
}

function findTreeProblems(facts: PublishFacts): string[] {
  const { git, image } = facts
  if (git.changes.length > 0) return [`the work tree has changes: ${toList(git.changes)}`]
  if (image === undefined) return ['there is no image: run make ci first']
  const others = image.revisions.filter(revision => revision !== git.head)
  return others.length === 0 && image.revisions.length > 0
    ? checkVersion(facts, image)
    : [
        `the image is of ${toShort(others) || 'no commit'}, and ${toShort([git.head])} is checked out: run make ci first`,
      ]
}

/** A tag made after the build, or another tag of the same commit: the program would call itself something else for ever. */
function checkVersion({ kind, name }: PublishFacts, { versions }: BuiltImage): string[] {
  const others = versions.filter(version => version !== name)
  return kind === 'cd' || !name || others.length === 0
    ? []
    : [
        `the image calls itself ${toShort(others) || 'nothing'}, not ${name}: run make ci RELEASE_TAG=${name} on the tagged commit`,
      ]
}

/**
 * What to push. A branch's tag moves with it; a release stays what it is for ever.
 *
 * @param facts without problems
 * @param remote what the registry has under the name
 */
export function planPush(facts: PublishFacts, remote: RemoteTag): PublishPlan {
  const problems = findProblems(facts)
  const { kind, name, image, git } = facts
  if (problems.length > 0 || !name || !image) return { do: 'refuse', problems }
  if (kind === 'cd') return planBranch(name, git.head, image, remote)
  switch (remote.state) {
    case 'unknown':
      return { do: 'refuse', problems: [`the registry does not say whether it has ${name}: ${remote.why}`] }
    case 'present':
      return remote.digest === image.digest
        ? { do: 'nothing', why: `${name} is released as ${image.digest}` }
        : {
            do: 'refuse',
            problems: [
              `${name} is released as ${remote.digest}, and this is ${image.digest}: a release is never replaced`,
            ],
          }
    case 'absent':
      return { do: 'push', digest: image.digest, tags: [name] }
  }
}

/** Pipelines of several commits may end in another order than they began. */
function planBranch(name: string, head: string, image: BuiltImage, remote: RemoteTag): PublishPlan {
  const { digest, created } = image
  const seen = remote.state === 'present' ? remote.created : undefined
  // What is no time compares as not later.
  const isOld = Date.parse(seen ?? '') > Date.parse(created ?? '')
  return isOld
    ? {
        do: 'push',
        digest,
        tags: [head],
        note: `${name} stays: it is of a commit of ${seen}, and this one is of ${created}`,
      }
    : { do: 'push', digest, tags: [head, name] }
}

const SHORT = 12
const MOST_NAMED = 5

const toShort = (commits: readonly string[]): string =>
  [...new Set(commits)]
    .map(commit => commit.replace(/^[0-9a-f]{40}/, hash => hash.slice(0, SHORT)))
    .join(', ')

const toList = (files: readonly string[]): string =>
  files.slice(0, MOST_NAMED).join(', ') +
  (files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '')
