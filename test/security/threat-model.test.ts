import { access, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import t from 'tap'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGE = join(ROOT, 'docs/explanation/threat-model.md')
const LINK = /\]\(([^)#]+)(?:#[^)]*)?\)/g

const page = await readFile(PAGE, 'utf8')
const linked = [...page.matchAll(LINK)].map(([, to = '']) => resolve(PAGE, '..', to))

t.test('every file that the page names is there', async t => {
  for (const path of new Set(linked)) await t.resolves(access(path), path.slice(ROOT.length + 1))
})

/** Tables whose last column says which test holds the row. */
const promises = page
  .split('\n\n')
  .filter(block => /^\|.*\| Tested by \|$/m.test(block))
  .flatMap(block => block.trim().split('\n').slice(2))

t.test('every promise names the tests that hold it', async t => {
  t.ok(promises.length >= 40, `${promises.length} promises`)
  for (const row of promises) {
    const last = row.split('|').at(-2) ?? ''
    t.match(last, /\]\(\.\.\/\.\.\/test\/[^)]+\.test\.ts\)/, row.split('|')[1]?.trim() ?? row)
  }
})

t.test('every test of security is named', async t => {
  const files = await readdir(join(ROOT, 'test/security'))
  const own = import.meta.filename
  for (const name of files.filter(file => file.endsWith('.test.ts'))) {
    const path = join(ROOT, 'test/security', name)
    if (path !== own) t.ok(linked.includes(path), name)
  }
})
