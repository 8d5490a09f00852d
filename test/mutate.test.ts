import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { listPlans, listTests, MODULES } from '../mutate/files.ts'
import { type Mutant, printResult } from '../mutate/result.ts'

/** A checkout of these files. */
function makeRoot(t: Test, files: Readonly<Record<string, string>>): string {
  const root = t.testdir()
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return root
}

t.test('plans are the modules that compute and wait for nothing', async t => {
  const root = makeRoot(t, {
    'shared/phoenixnap/tags.ts': 'export const toTag = () => 1',
    'shared/controllers/node/plan.ts': 'export function decide() {}',
    'shared/controllers/node/contract.ts': 'export interface Node {}',
    'shared/controllers/node/reconcile.ts': 'export const run = async () => { await 1 }',
    'shared/controllers/node/pages.ts': 'export function* list(): AsyncGenerator<number> {}',
    'shared/controllers/readme.md': 'function',
    'shared/bmc/client.ts': 'export const toUrl = () => 1',
    'shared/bmc/retry.ts': 'export const decide = () => 1',
    'shared/announcers/direct.ts': 'export const awaitsNothing = () => 1',
  })
  t.strictSame(listPlans(root), [
    'shared/controllers/node/plan.ts',
    'shared/phoenixnap/tags.ts',
    'shared/announcers/direct.ts',
    'shared/bmc/retry.ts',
  ])
})

t.test('each module that is named is there, and waits for nothing', async t => {
  const plans = listPlans(resolve(import.meta.dirname, '..'))
  t.strictSame(
    MODULES.filter(file => !plans.includes(file)),
    [],
  )
})

t.test('tests are those that reach a plan, and no simulator by whatever way', async t => {
  const root = makeRoot(t, {
    'shared/simulator/clock.ts': '',
    'shared/plan.ts': 'export const plan = () => 1',
    'test/controllers/_stage.ts': "import '../x'\nexport { turn } from '../../shared/simulator/clock.ts'",
    'test/controllers/_make.ts':
      "import { plan } from '../../shared/plan.ts'\nimport { x } from './_loop.ts'",
    'test/controllers/_loop.ts': "import { make } from './_make.ts'",
    'test/controllers/plan.test.ts': "import t from 'tap'\nimport { make } from './_make.ts'",
    'test/controllers/far.test.ts': "import { stage } from './_stage.ts'",
    'test/controllers/near.test.ts': "import { turn } from '../../shared/simulator/clock.ts'",
    'test/plan.test.ts': "import { plan } from '../shared/plan.ts'",
    'test/phoenixnap/tags.test.ts': '',
    'test/scenarios/whole.test.ts': "import { plan } from '../../shared/plan.ts'",
  })
  t.strictSame(listTests(root, ['shared/plan.ts']), ['test/controllers/plan.test.ts', 'test/plan.test.ts'])
  t.strictSame(listTests(root, ['shared/other.ts']), [])
})

const CODE = 'const a = 1\nif (a) {\n  b()\n}\n'

/** A change of `a` in the first line of a.ts. */
const toMutant = (status: Mutant['status'], fields: Partial<Mutant> = {}): Mutant => ({
  fileName: 'a.ts',
  mutatorName: 'any',
  replacement: 'x',
  status,
  location: { start: { line: 1, column: 7 }, end: { line: 1, column: 8 } },
  ...fields,
})

function print(t: Test, mutants: readonly Mutant[], least = 90): [isEnough: boolean, ...lines: string[]] {
  const root = makeRoot(t, { 'a.ts': CODE, 'b.ts': CODE })
  const lines: string[] = []
  const isEnough = printResult(mutants, { root, least, print: line => void lines.push(line) })
  return [isEnough, ...lines]
}

t.test('each file has its share and each missed change its row', async t => {
  const block = { start: { line: 2, column: 8 }, end: { line: 4, column: 2 } }
  const mutants = [
    toMutant('Killed'),
    toMutant('Survived'),
    toMutant('NoCoverage', { location: block, replacement: '{\n}' }),
    toMutant('Timeout', { fileName: 'b.ts' }),
  ]
  t.strictSame(print(t, mutants), [
    false,
    'a.ts: 1 of 3 found, 33.3 %',
    '  1:7 a → x',
    '  2:8 { … → { } (no test comes here)',
    'b.ts: 1 of 1 found, 100.0 %',
    'all: 2 of 4 found, 50.0 %',
  ])
})

t.test('a change that never ran counts for nothing', async t => {
  const mutants = (['RuntimeError', 'CompileError', 'Ignored', 'Pending'] as const).map(status =>
    toMutant(status),
  )
  const lines = ['a.ts: 0 of 0 found, 100.0 %', 'all: 0 of 0 found, 100.0 %']
  t.strictSame(print(t, mutants), [true, ...lines])
  t.strictSame(print(t, []), [true, 'all: 0 of 0 found, 100.0 %'])
})

t.test('the verdict is that of all files together, the least share included', async t => {
  const mutants = [...Array.from({ length: 9 }, () => toMutant('Killed')), toMutant('Survived')]
  t.equal(print(t, mutants, 90)[0], true)
  t.equal(print(t, mutants, 91)[0], false)
  t.equal(print(t, [...mutants, toMutant('Killed', { fileName: 'b.ts' })], 91)[0], false, '10 of 11')
  t.equal(print(t, [...mutants, ...mutants.slice(0, 2)], 91)[0], true, '11 of 12')
})
