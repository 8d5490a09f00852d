import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { readCommit } from '../shared/commit.ts'
import { toVersionText, VERSION } from '../shared/version.ts'
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

t.test('what is checked out', needsPrograms('git'), async t => {
  const folder = t.testdir({ 'a.txt': '1', inner: { 'b.txt': '1' } })
  const read = (path = '.') => readCommit(pathToFileURL(`${join(folder, path)}/`))
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
  await mkdir(join(folder, 'more'))
  await writeFile(join(folder, 'more/c.txt'), '1')
  t.match(await read(), { dirty: true }, 'a file that git does not know')
})
