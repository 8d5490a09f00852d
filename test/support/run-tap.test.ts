import { execFile } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { readRun, toTapCommand } from './run-tap.ts'

const ENVIRONMENT = { HOME: '/home/me', KUBEBUILDER_ASSETS: '/assets' }

t.test('npm test never sees a real API server', async t => {
  const { args, env } = toTapCommand(readRun([]), ['a.test.ts'], ENVIRONMENT)
  t.same(env, { HOME: '/home/me' })
  t.match(args, ['run', '--reporter=tap', /--jobs=\d/, '--timeout=240', '--disable-coverage', 'a.test.ts'])
})

t.test('npm run test:kubernetes does', async t => {
  const { args, env } = toTapCommand(readRun(['--kubernetes']), [], ENVIRONMENT)
  t.same(env, ENVIRONMENT)
  t.ok(args.includes('--timeout=240'))
})

t.test('--coverage', async t => {
  const { args } = toTapCommand(readRun(['--coverage', 'one.test.ts']), [], ENVIRONMENT)
  t.notOk(args.includes('--disable-coverage'))
})

t.test('files', async t => {
  t.same(readRun(['--kubernetes', 'one.test.ts']).files, ['one.test.ts'])
})

t.test('--kubernetes without assets says how to get them', async t => {
  const { KUBEBUILDER_ASSETS: _, ...env } = process.env
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>(resolve => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'run-tap.ts'), '--kubernetes'],
      { env },
      (error, _stdout, stderr) => resolve({ code: error?.code, stderr }),
    )
  })
  t.equal(code, 1)
  t.match(stderr, 'setup-envtest use 1.36 -p path')
})
