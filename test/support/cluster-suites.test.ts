import t from 'tap'
import { findClusterSuites } from './cluster-suites.ts'

const TEXTS: Readonly<Record<string, string>> = {
  'test/direct.test.ts': "import { startTestCluster } from './support/cluster.ts'",
  'test/indirect.test.ts': "import './support/world.ts'",
  'test/lazy.test.ts': "const world = await import('./support/world.ts')",
  'test/types.test.ts': "import type { TestCluster } from './support/cluster.ts'",
  'test/pure.test.ts': "import t from 'tap'\nimport './gone.ts'",
  'test/support/world.ts': "import './cluster.ts'",
  'test/support/cluster.ts': "import './world.ts'",
}

async function read(path: string): Promise<string> {
  const text = TEXTS[path]
  if (text === undefined) throw new Error(`no ${path}`)
  return text
}

t.test('suites that start a cluster', async t => {
  const files = Object.keys(TEXTS).filter(path => path.endsWith('.test.ts'))
  t.strictSame(await findClusterSuites(files, read), [
    'test/direct.test.ts',
    'test/indirect.test.ts',
    'test/lazy.test.ts',
  ])
})
