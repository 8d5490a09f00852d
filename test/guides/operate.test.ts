import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')
/** Where events get their reason (what is only counted begins with a small letter): a field, or the first word that a maker of events is given. */
const REASON = /\breason: '([A-Z]\w*)'|\b(?:normal|warning|refusal)\(\s*(?:'CCM_\w+',\s*)?'(\w+)'/g

t.test('every event has its row, and every row its event', async t => {
  const written = new Set<string>()
  for await (const path of glob('shared/controllers/**/*.ts', { cwd: ROOT })) {
    const text = await readFile(join(ROOT, path), 'utf8')
    for (const [, field, word] of text.matchAll(REASON)) written.add(field ?? word ?? '')
  }
  const page = await readFile(join(ROOT, 'docs/guides/operate.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (`.*`) \| (?:Node|Service) \|/gm)].map(([, cell = '']) => cell)
  const told = rows.flatMap(cell => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
  t.strictSame(told.toSorted(), [...written].toSorted())
})
