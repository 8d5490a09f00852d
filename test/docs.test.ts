import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { toDocuments } from '../docs/reference.ts'
import { COMMANDS } from '../functions/commands.ts'
import { SETTINGS } from '../shared/config.ts'
import { CHECKS } from '../shared/doctor/checks.ts'
import { ERRORS } from '../shared/errors.ts'
import { METRICS } from '../shared/metrics/definitions.ts'

const read = (path: string): Promise<string> => readFile(join(import.meta.dirname, '..', path), 'utf8')

t.test('what is printed from the code is fresh (npm run docs prints it)', async t => {
  for (const [path, text] of toDocuments(await read('README.md'))) t.equal(await read(path), text, path)
})

/** First cells of a page's tables, without their quotes. */
const firstCells = (page: string): string[] =>
  [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell)

t.test('every error has its row, and every row its error', async t => {
  t.strictSame(firstCells(await read('docs/reference/errors.md')), Object.keys(ERRORS))
})

t.test('every setting has its row, and every row its setting', async t => {
  const variables = Object.values(SETTINGS).map(({ env }) => env)
  t.strictSame(firstCells(await read('docs/reference/settings.md')), variables)
})

t.test('every metric has its row, and every row its metric', async t => {
  t.strictSame(firstCells(await read('docs/reference/metrics.md')), Object.keys(METRICS))
})

t.test('every check has its row, and every row its check', async t => {
  const codes = CHECKS.map(({ code }) => code)
  t.strictSame(firstCells(await read('docs/reference/checks.md')), codes)
  t.equal(new Set(codes).size, codes.length, 'no code comes twice')
})

t.test('every command has its section', async t => {
  const sections = [...(await read('docs/reference/commands.md')).matchAll(/^## (.+)$/gm)].map(
    ([, name]) => name,
  )
  t.strictSame(
    sections,
    COMMANDS.map(({ name }) => name),
  )
})

t.test('a README without its markers is not touched', async t => {
  for (const text of ['', '<!-- settings -->', '<!-- /settings --><!-- settings -->']) {
    t.throws(() => toDocuments(text), { message: /README\.md has no/ })
  }
  const readme = toDocuments('before <!-- settings -->old<!-- /settings --> after').get('README.md')
  t.match(readme, /^before <!-- settings -->\n\| Variable .*\n<!-- \/settings --> after$/s)
})

t.test('tables hold no line break and no bar that ends a cell', async t => {
  const page = await read('docs/reference/settings.md')
  for (const line of page.split('\n').filter(line => line.startsWith('| `'))) {
    t.equal(line.replaceAll('\\|', '').split('|').length, 7, line)
  }
})
