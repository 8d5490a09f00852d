import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import t from 'tap'
import { findLoaded, findViolations, readImports } from './support/architecture.ts'

const ROOT = join(import.meta.dirname, '..')
/** Places that a product text must not name: they exist on a developer's machine only. */
const FOREIGN = /\/work\/|shared\/kubernetes\/unpack|registry\.npmjs|pypi\.org|proxy\.golang|crates\.io/
/** Words of others, shipped as they are. */
const LICENCE = /node-LICENSE-[\d.]+\.txt$/

async function readTexts(folders: readonly string[], ending: RegExp): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const folder of folders) {
    const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    )
    for (const entry of entries.filter(entry => entry.isFile() && ending.test(entry.name))) {
      const path = join(entry.parentPath, entry.name)
      texts.set(relative(ROOT, path), await readFile(path, 'utf8'))
    }
  }
  return texts
}

async function readDependencies(): Promise<string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  return Object.keys((manifest as { dependencies: Record<string, string> }).dependencies)
}

t.test('every import follows the layout', async t => {
  const sources = await readTexts(['functions', 'shared'], /\.ts$/)
  t.ok(sources.size > 0)
  t.strictSame(findViolations(sources, await readDependencies()), [])
})

t.test('functions load no heavy module before they need it', async t => {
  const sources = await readTexts(['functions', 'shared'], /\.ts$/)
  const heavy =
    /^(node-fetch|pino|fastify|yaml|@aws-sdk\/.*|@kubernetes\/.*|@opentelemetry\/.*|node:https?)$|^shared\/simulator\//
  for (const name of ['admission', 'audit', 'reconcile', 'resync']) {
    t.ok(sources.has(`functions/${name}.ts`))
    const loaded = [...findLoaded(sources, `functions/${name}.ts`)].filter(([module]) => heavy.test(module))
    t.strictSame(
      loaded.map(([, way]) => way.join(' → ')),
      [],
      name,
    )
  }
})

t.test('no text names a place outside the project', async t => {
  const texts = await readTexts(['functions', 'shared', 'infra', 'docs', 'bench'], /./)
  for (const name of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'serverless.yml', 'package.json']) {
    texts.set(name, await readFile(join(ROOT, name), 'utf8').catch(() => ''))
  }
  t.strictSame(
    [...texts].filter(([path, text]) => !LICENCE.test(path) && FOREIGN.test(text)).map(([path]) => path),
    [],
  )
})

const REFUSED: readonly [path: string, line: string, problem: string][] = [
  ['shared/log.ts', "import { x } from './bmc/client.ts'", 'leaf must not import bmc (shared/bmc/client.ts)'],
  ['shared/bmc/a.ts', "import type { X } from '../phoenixnap/x.ts'", 'bmc must not import phoenixnap'],
  ['shared/bmc/a.ts', "export * from '../compose.ts'", 'bmc must not import compose'],
  [
    'shared/phoenixnap/x.ts',
    "import { k } from '../kubernetes/k.ts'",
    'phoenixnap must not import kubernetes',
  ],
  ['shared/kubernetes/k.ts', "import '../cloud-provider/c.ts'", 'kubernetes must not import cloud-provider'],
  [
    'shared/controllers/n.ts',
    "const { x } = await import('../phoenixnap/x.ts')",
    'controllers must not import phoenixnap',
  ],
  ['shared/controllers/n.ts', "let x: typeof import('../bmc/client.ts')", 'controllers must not import bmc'],
  [
    'shared/register/r.ts',
    "import {\n  x,\n} from '../controllers/n.ts'",
    'register must not import controllers',
  ],
  ['functions/audit.ts', "import { x } from '../shared/bmc/client.ts'", 'functions must not import bmc'],
  ['functions/audit.ts', "await import('../shared/simulator/s.ts')", 'functions must not import simulator'],
  ['functions/main.ts', "import { s } from '../shared/simulator/s.ts'", 'before it is asked for'],
  ['shared/simulator/s.ts', "import { x } from '../bmc/client.ts'", 'simulator must not import bmc'],
  ['shared/strange/a.ts', "import { x } from '../log.ts'", 'strange has no row in the layout'],
  ['shared/log.ts', "import { x } from './gone.ts'", 'imports shared/gone.ts, which is no product source'],
  ['shared/log.ts', "import { x } from '../test/x.ts'", 'imports test/x.ts, which is no product source'],
  ['shared/log.ts', "import x from '../../x.ts'", 'outside the project'],
  ['shared/log.ts', 'await import(name)', 'imports a computed name'],
  ['shared/log.ts', "import t from 'tap'", 'tap is no dependency'],
  ['shared/log.ts', "import { x } from '@aws-sdk/other/deep'", '@aws-sdk/other is no dependency'],
  ['shared/log.ts', 'export default 1', 'has a default export'],
  ['shared/log.ts', 'const a = 1\nexport { a as default }', 'has a default export'],
  ['shared/log.ts', '\n'.repeat(301), '301 lines, 300 at the most'],
]
const TARGETS = [
  'shared/log.ts',
  'shared/compose.ts',
  'shared/bmc/client.ts',
  'shared/phoenixnap/x.ts',
  'shared/kubernetes/k.ts',
  'shared/cloud-provider/c.ts',
  'shared/controllers/n.ts',
  'shared/simulator/s.ts',
]

t.test('a breach is found', async t => {
  for (const [path, line, problem] of REFUSED) {
    const sources = new Map([...TARGETS.map(target => [target, ''] as const), [path, line] as const])
    const found = findViolations(sources, ['pino'])
    t.equal(found.length, 1, `${path}: ${line.slice(0, 60)}`)
    t.match(found[0] ?? '', problem)
    t.ok(found[0]?.startsWith(`${path}: `), 'names the file')
  }
})

t.test('what the layout allows is let through', async t => {
  const sources = new Map([
    ...TARGETS.map(target => [target, ''] as const),
    ['functions/main.ts', "const { s } = await import('../shared/simulator/s.ts')"] as const,
    ['shared/compose.ts', "import { x } from './bmc/client.ts'\nimport './phoenixnap/x.ts'"] as const,
    ['shared/bmc/client.ts', "import type t from 'tap'\nimport { pino } from 'pino'"] as const,
  ])
  t.strictSame(findViolations(sources, ['pino']), [])
})

t.test('a module that is loaded later does not count as loaded', async t => {
  const sources = new Map([
    ['functions/a.ts', "import { b } from './b.ts'\nimport type { c } from './c.ts'"],
    ['functions/b.ts', "await import('pino')\nimport 'node-fetch'"],
  ])
  t.strictSame(
    [...findLoaded(sources, 'functions/a.ts').keys()],
    ['functions/a.ts', 'functions/b.ts', 'node-fetch'],
  )
  t.equal(readImports('a.ts', "const text = 'from here'").length, 0)
})
