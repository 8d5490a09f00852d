import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { HOSTS, readBinary, readHost } from './host.ts'
import { readHostRun } from './run.ts'
import { leftOut, SUITES, suitesOf } from './suites.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** What leads to the whole program: itself, the scenes around it, and the command line. */
const STARTS = /\b(?:startServed|createJoinScene|serveWithoutPasses|runProgram)\(|by: 'webhook'/
/** These are about what is built, on every host. */
const OWN = /^test\/(?:packaged|support)\//

t.test('every file that starts the whole program is in the table', async t => {
  const files = await Array.fromAsync(glob('test/**/*.test.ts', { cwd: ROOT }))
  const texts = await Promise.all(files.map(async file => [file, await readFile(join(ROOT, file), 'utf8')]))
  const starting = texts.flatMap(([file = '', text = '']) => (STARTS.test(text) ? [file] : []))
  t.strictSame(SUITES.map(({ file }) => file).sort(), starting.filter(file => !OWN.test(file)).sort())
})

t.test('a suite runs on a host, or a reason is told', async t => {
  for (const host of ['binary', 'functions'] as const)
    t.equal(suitesOf(host).length + leftOut(host).length, SUITES.length, host)
  t.strictSame(leftOut('binary'), [], 'the binary is to do whatever the sources do')
})

t.test('hosts are named', async t => {
  t.equal(readHost({}), 'sources')
  for (const name of HOSTS) t.equal(readHost({ CCM_TEST_HOST: name }), name)
  t.throws(() => readHost({ CCM_TEST_HOST: 'cloud' }), /sources, binary, functions/)
  t.throws(() => readBinary({}), /CCM_TEST_BINARY/)
})

t.test('a run names its host', async t => {
  t.strictSame(readHostRun(['--host', 'binary', 'one.test.ts']), { host: 'binary', files: ['one.test.ts'] })
  for (const args of [[], ['--host', 'sources'], ['--host', 'cloud']]) t.equal(readHostRun(args), undefined)
})
