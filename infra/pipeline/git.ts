import { findHidden, MARKS, STATUS } from '../../shared/commit.ts'
import { BuildProblem } from '../problem.ts'
import { mustRun, type RunTool } from '../tool.ts'

/** What the work tree says of itself. */
export interface GitState {
  /** Full hash of the commit that is checked out. */
  readonly head: string
  /** Seconds since 1970 at which it was committed. */
  readonly epoch: number
  /** Files that differ from it, that git does not know, or that it was told not to look at; what .gitignore names does not count. */
  readonly changes: readonly string[]
  /** Tags that point at it, by name. */
  readonly tags: readonly string[]
  /** URL of the remote `origin`, as git has it. */
  readonly origin: string | undefined
}

/** @throws BuildProblem BUILD_GIT_MISSING outside of a work tree or before the first commit */
export async function readGit(run: RunTool, cwd: string): Promise<GitState> {
  const { code, out, err } = await run('git', ['show', '--no-patch', '--format=%H %ct', 'HEAD'], { cwd })
  if (code !== 0)
    throw new BuildProblem('BUILD_GIT_MISSING', err.trim().split('\n')[0] || 'git does not answer')
  const [head = '', epoch = ''] = out.trim().split(' ')
  const status = await mustRun(run, 'git', [...STATUS, '-z'], { cwd })
  const marks = await mustRun(run, 'git', MARKS, { cwd })
  const tags = await mustRun(run, 'git', ['tag', '--points-at', 'HEAD'], { cwd })
  const { out: url } = await run('git', ['remote', 'get-url', 'origin'], { cwd })
  const origin = url.trim() || undefined
  const changes = [...toPaths(status), ...findHidden(marks)]
  return { head, epoch: Number(epoch), changes, tags: toLines(tags), origin }
}

/** Commit that a tag points at; undefined if there is no such tag. */
export const readTagCommit = (run: RunTool, cwd: string, tag: string): Promise<string | undefined> =>
  readCommit(run, cwd, `refs/tags/${tag}`)

/** Commits of the branches of that name, here and as last seen on remotes. */
export async function readBranchCommits(run: RunTool, cwd: string, branch: string): Promise<string[]> {
  const remotes = toLines(await mustRun(run, 'git', ['remote'], { cwd }))
  const refs = [`refs/heads/${branch}`, ...remotes.map(remote => `refs/remotes/${remote}/${branch}`)]
  const commits = await Promise.all(refs.map(ref => readCommit(run, cwd, ref)))
  return commits.filter(commit => commit !== undefined)
}

async function readCommit(run: RunTool, cwd: string, ref: string): Promise<string | undefined> {
  const { code, out } = await run('git', ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`], { cwd })
  return code === 0 ? out.trim() : undefined
}

const toLines = (text: string): string[] => text.split('\n').filter(line => line !== '')

/** Of `XY path`, ended by NUL; a rename has its old path as an entry of its own. */
const toPaths = (status: string): string[] =>
  status.split('\0').flatMap(entry => (/^[ MTADRCU?!]{2} /.test(entry) ? [entry.slice(3)] : []))
