import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { type Block, readBlocks } from './_page.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What the example is added to. */
const COPIED = [
  'functions',
  'infra',
  'shared',
  'test/support',
  'tsconfig.json',
  'package.json',
  '.oxlintrc.json',
]
/** Where it is added. */
const LINTED = ['shared/cloud-provider', 'shared/phoenixnap', 'test/phoenixnap']

/** A block of the page in a copy of the project: a new file, or lines for others in a file that is there. */
async function apply(folder: string, { language, roles: [path = ''], text }: Block): Promise<void> {
  const file = join(folder, path)
  if (language === 'ts') {
    await mkdir(dirname(file), { recursive: true })
    return writeFile(file, `${text}\n`)
  }
  let changed = await readFile(file, 'utf8')
  for (const [, before = '', after = ''] of text.matchAll(/((?:^-.*\n?)+)((?:^\+.*\n?)+)/gm)) {
    const [old, now] = [before, after].map(lines => lines.trimEnd().replace(/^[-+]/gm, ''))
    if (changed.split(`\n${old}\n`).length !== 2) throw new Error(`${path} has no line of its own: ${old}`)
    changed = changed.replace(`\n${old}\n`, () => `\n${now}\n`)
  }
  return writeFile(file, changed)
}

t.test('the worked example works', async t => {
  // Not within the checkout: there the linter leaves out what git ignores.
  const folder = await mkdtemp(join(tmpdir(), 'guide-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const page = await readFile(join(ROOT, 'docs/guides/add-functionality.md'), 'utf8')
  const blocks = readBlocks(page).filter(({ language }) => language === 'ts' || language === 'diff')
  for (const block of blocks) await apply(folder, block)

  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' })
    t.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`)
  }
  run(join(ROOT, 'node_modules/.bin/tsc'), '--noEmit')
  run(join(ROOT, 'node_modules/.bin/oxlint'), '--deny-warnings', ...LINTED)
  run(process.execPath, 'test/phoenixnap/routes.test.ts')
})
