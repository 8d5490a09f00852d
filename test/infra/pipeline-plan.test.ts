import t from 'tap'
import { findProblems, type PublishFacts } from '../../infra/pipeline/publish-plan.ts'

const HEAD = 'a'.repeat(40)
const OLD = 'b'.repeat(40)

/** Nothing speaks against these; `others` are changed. */
const toFacts = (
  kind: PublishFacts['kind'],
  name: string,
  others: Partial<PublishFacts> = {},
): PublishFacts => ({
  kind,
  confirm: 'true',
  name,
  git: { head: HEAD, changes: [] },
  branchCommits: [HEAD],
  tagCommit: kind === 'cd' ? undefined : HEAD,
  image: { digest: 'sha256:0', revisions: [HEAD], versions: [name], created: undefined },
  ...others,
})

t.test('a branch is not called what another thing is called', async t => {
  const good = ['main', 'release-1.2', '1.x', 'v1-maintenance', 'feed', 'decade-2', 'headless', 'latest-news']
  for (const name of good) t.strictSame(findProblems(toFacts('cd', name)), [], name)
  const versions = ['v1', 'v1.2', 'v1.2.3', '1', '1.2.3', 'V1.2.3', '1.2.3-rc.1', 'v1.2.3.4']
  const bad = [
    ...versions,
    'HEAD',
    'head',
    'latest',
    'LATEST',
    'latest-arm64',
    HEAD,
    HEAD.slice(0, 7),
    '0123ABCD',
  ]
  for (const name of bad)
    t.match(
      findProblems(toFacts('cd', name)),
      [/could be taken for a release, a commit, HEAD or latest$/],
      name,
    )
  t.match(findProblems(toFacts('cd', 'stable', { tagCommit: HEAD })), [/could be taken for/], 'a tag of git')
})

const problemsAt = (...branchCommits: string[]): string[] =>
  findProblems(toFacts('cd', 'main', { branchCommits }))

t.test('a branch is where it is everywhere', async t => {
  t.strictSame(problemsAt(HEAD, HEAD), [])
  t.match(problemsAt(HEAD, OLD), [
    /^branch main is at aaaaaaaaaaaa, bbbbbbbbbbbb, and aaaaaaaaaaaa is checked out/,
  ])
  t.match(problemsAt(OLD, HEAD), [/^branch main is at/])
  t.match(problemsAt(), [/^git knows no branch main/])
})

t.test('a release is v and a semantic version', async t => {
  for (const name of ['v1.2.3', 'v1.2.3-rc.1']) t.strictSame(findProblems(toFacts('release', name)), [], name)
  for (const name of ['v1', '1.2.3', 'V1.2.3', 'v1.2.3-', 'v1.2.3-01', 'v1.2.3-a..b', 'v1.2.3+x', 'v01.2.3'])
    t.match(findProblems(toFacts('release', name)), [/is no release/], name)
})
