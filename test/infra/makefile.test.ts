import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runTool } from '../../infra/tool.ts'
import { needsPrograms } from '../support/programs.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Without what an outer make hands down. */
const { MAKEFLAGS: _flags, MAKELEVEL: _level, MAKEOVERRIDES: _overrides, ...env } = process.env

const make = (...args: readonly string[]) =>
  runTool('make', ['--no-print-directory', ...args], { cwd: ROOT, env })

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(match => match[1] ?? '')

t.test(
  'make alone lists every target with a sentence, and every variable with its default',
  needsPrograms('make'),
  async t => {
    const text = await readFile(join(ROOT, 'Makefile'), 'utf8')
    const { code, out, err } = await make()
    t.equal(code, 0, err)
    t.equal((await make('help')).out, out)
    const targets = matches(text, /^([a-z][a-z-]*):/gm)
    t.ok(targets.length > 5)
    t.strictSame(matches(out, /^make ([a-z-]+) +[A-Z].*\.$/gm), targets)
    t.strictSame(matches(text, /^\.PHONY: (.+)$/gm), targets, 'none is the name of a file')
    const variables = [...text.matchAll(/^([A-Z_]+) \?= ?(.*)$/gm)]
    t.ok(variables.length > 5)
    for (const [, name = '', value = ''] of variables) t.match(out, ` ${name}=${value}`, name)
  },
)

t.test('the targets of the Go program are there', needsPrograms('make'), async t => {
  const { out } = await make('help')
  for (const target of ['build', 'build-all', 'test', 'image', 'image-all', 'ci', 'cd', 'release', 'clean'])
    t.match(out, `\nmake ${target} `)
})

t.test('variables reach the script', needsPrograms('make'), async t => {
  const { out } = await make('--dry-run', 'build', 'OS=Darwin', 'ARCH=aarch64', 'ENGINE=podman')
  t.match(
    out,
    /infra\/binary\/main\.ts --os 'Darwin' --arch 'aarch64' --in-container 'false' --engine 'podman'/,
  )
  t.match((await make('--dry-run', 'test', 'FILES=a b')).out, 'npm test -- a b')
})

t.test(
  'what is wrong is told, with what is known, before anything is built',
  needsPrograms('make'),
  async t => {
    const unknown = await make('build', 'OS=plan9', 'ARCH=mips')
    t.equal(unknown.code, 2)
    t.match(
      unknown.err,
      'BUILD_USAGE: OS=plan9 is unknown (known: linux, darwin, macos); ARCH=mips is unknown',
    )
    const container = await make('build', 'DOCKERBUILD=maybe')
    t.equal(container.code, 2)
    t.match(container.err, 'DOCKERBUILD=maybe: true or false is expected')
  },
)
