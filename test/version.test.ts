import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { readCommit } from '../shared/commit.ts'
import { isReleaseTag, toVersionText, VERSION } from '../shared/version.ts'
import { needsPrograms } from './support/programs.ts'

const HASH = '0123456789abcdef0123456789abcdef01234567'

t.test('the version in words', async t => {
  const cases: [Parameters<typeof toVersionText>[1], string][] = [
    [undefined, '1.2.3'],
    [{ hash: HASH, dirty: false }, `1.2.3-dev (${HASH})`],
    [{ hash: HASH, dirty: true }, `1.2.3-dev-dirty (${HASH})`],
    [{ tag: 'v1.2.3', hash: HASH, dirty: false }, `v1.2.3 (${HASH})`],
    [{ tag: 'v1.2.3', hash: HASH, dirty: true }, `v1.2.3-dirty (${HASH})`],
  ]
  for (const [commit, text] of cases) t.equal(toVersionText('1.2.3', commit), text)
  const path = join(import.meta.dirname, '../package.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { version: string }
  t.equal(VERSION, manifest.version)
})

t.test('a release tag is v and a semantic version', async t => {
  const good = ['v0.0.0', 'v1.2.3', 'v1.2.3-rc.1', 'v10.20.30-0.a-b.x1', 'v1.2.3--', 'v1.2.3-01a']
  const bad = ['v1', 'v1.2', '1.2.3', 'V1.2.3', 'v01.2.3', 'v1.2.3-', 'v1.2.3-a..b', 'v1.2.3-01', 'v1.2.3+x']
  for (const tag of good) t.ok(isReleaseTag(tag), tag)
  for (const tag of bad) t.notOk(isReleaseTag(tag), tag)
})

t.test('what is checked out', needsPrograms('git'), async t => {
  const folder = t.testdir({ 'a.txt': '1', inner: { 'b.txt': '1' } })
  const read = (path = '.', wanted?: string) => readCommit(pathToFileURL(`${join(folder, path)}/`), wanted)
  const git = (...args: readonly string[]): string => {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false']
    return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim()
  }
  t.equal(await read(), undefined, 'no repository of its own')
  git('init', '--quiet')
  t.equal(await read(), undefined, 'no commit yet')
  git('add', '.')
  git('commit', '--quiet', '--message', 'first')
  const hash = git('rev-parse', 'HEAD')
  t.strictSame(await read(), { tag: undefined, hash, dirty: false })
  t.equal(await read('inner'), undefined, 'a folder in another repository is no checkout')
  for (const tag of ['v1.9.0', 'v1.10.0', 'nightly']) git('tag', tag)
  t.strictSame(await read(), { tag: 'v1.10.0', hash, dirty: false }, 'the newest release tag')
  for (const tag of ['v1.10.1-rc.2', 'v1.10.1-rc.10', 'v2', 'v1.11', 'v1.10.2+x']) git('tag', tag)
  t.equal((await read())?.tag, 'v1.10.1-rc.10', 'what is no version does not count')
  git('tag', 'v1.10.1')
  t.equal((await read())?.tag, 'v1.10.1', 'a release comes after its candidates')
  t.equal((await read('.', 'v1.10.1-rc.2'))?.tag, 'v1.10.1-rc.2', 'the tag that is released')
  t.equal((await read('.', 'v9.9.9'))?.tag, 'v1.10.1', 'one that the commit does not have')
  for (const mark of ['assume-unchanged', 'skip-worktree']) {
    git('update-index', `--${mark}`, 'a.txt')
    t.match(await read(), { dirty: true }, `${mark}: git does not look at the file`)
    git('update-index', `--no-${mark}`, 'a.txt')
    t.match(await read(), { dirty: false })
  }
  await mkdir(join(folder, 'more'))
  git('config', 'status.showUntrackedFiles', 'no')
  await writeFile(join(folder, 'more/c.txt'), '1')
  t.match(await read(), { dirty: true }, 'a file that git does not know')
})
