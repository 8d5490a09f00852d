import { chmod, copyFile, readdir, readFile } from 'node:fs/promises'
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

/** In the place of npm: writes what it is given. */
const FAKE_NPM = '#!/bin/sh\nprintf "%s|" "$@"\n'

t.test('test files reach npm, each as one', needsPrograms('make'), async t => {
  const folder = t.testdir({ npm: FAKE_NPM })
  await chmod(join(folder, 'npm'), 0o755)
  const run = (...args: readonly string[]) =>
    runTool('make', ['test', ...args], { cwd: ROOT, env: { ...env, PATH: `${folder}:${env['PATH']}` } })
  t.match((await run('FILES=a b')).out, 'test|--|a|b|')
  t.match((await run()).out, /test\|--\|$/)
})

/** In the place of everything that is checked: says so, and ends as it is told. */
const FAKE_RUN = 'echo "checked for $RELEASE_TAG by a make of its own: ${MAKEFLAGS-yes}"; exit "$CODE"\n'
/** In the place of Node. */
const FAKE_NODE = '#!/bin/sh\necho "node $*"\n'

t.test(
  'make ci builds the image of what passed every check, and of nothing else',
  needsPrograms('make', 'bash'),
  async t => {
    const cwd = t.testdir({ '.ci': { run: FAKE_RUN }, node_modules: { '.bin': { node: FAKE_NODE } } })
    await chmod(join(cwd, 'node_modules/.bin/node'), 0o755)
    await copyFile(join(ROOT, 'Makefile'), join(cwd, 'Makefile'))
    const ci = (CODE: string) =>
      runTool('make', ['--no-print-directory', 'ci', 'RELEASE_TAG=v1.2.3'], { cwd, env: { ...env, CODE } })
    const checked = 'checked for v1.2.3 by a make of its own: yes'
    const image = ['node infra/binary/main.ts --for-image', 'node infra/image/main.ts']
    const artefacts = 'node infra/supply-chain/artefacts.ts'
    t.match(await ci('0'), { code: 0, out: `${[checked, ...image, artefacts].join('\n')}\n` })
    t.strictSame((await ci('1')).out, `${checked}\n`)
    t.not((await ci('1')).code, 0)
  },
)

/** What each target says of a text that is none of its values; nothing is built then, and no test is run. */
const REFUSALS: readonly [args: readonly string[], variable: string, says: string][] = [
  [['build'], 'OS', 'OS=%s'],
  [['build'], 'ARCH', 'ARCH=%s'],
  [['build'], 'DOCKERBUILD', 'DOCKERBUILD=%s'],
  [['build', 'DOCKERBUILD=true'], 'ENGINE', 'ENGINE=%s'],
  [['build', 'DOCKERBUILD=true', 'ENGINE=none'], 'BUILDER_IMAGE', 'ENGINE=none'],
  [['image'], 'ARCH', 'ARCH=%s'],
  [['image'], 'ARCHS', 'ARCH=%s'],
  [['image'], 'DOCKERBUILD', 'DOCKERBUILD=%s'],
  [['test'], 'FILES', 'test|--|%s'],
]

t.test(
  'what a variable holds is text for make and shell, whichever way it comes',
  needsPrograms('make'),
  async t => {
    for (const [args, variable, says] of REFUSALS) {
      const folder = t.testdir({ npm: FAKE_NPM })
      await chmod(join(folder, 'npm'), 0o755)
      const PATH = `${folder}:${env['PATH']}`
      const text = `x';touch;'>${folder}/ran;$(shell touch ${folder}/made)`
      for (const [more, given] of [
        [[`${variable}=${text}`], {}] as const,
        [[], { [variable]: text }] as const,
      ]) {
        const options = { cwd: ROOT, env: { ...env, ...given, PATH } }
        const { out, err } = await runTool('make', [...args, ...more], options)
        t.match(out + err, says.replace('%s', "x';touch"), `${args.join(' ')} ${variable}`)
        t.strictSame(await readdir(folder), ['npm'])
      }
    }
  },
)

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
