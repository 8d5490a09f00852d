import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { needsPrograms } from '../support/programs.ts'
import { cloneProject } from './_clone.ts'
import { type Block, readBlocks } from './_page.ts'

const ROOT = join(import.meta.dirname, '../..')
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

t.test('the worked example works', needsPrograms('git'), async t => {
  const folder = await cloneProject(t)
  const page = await readFile(join(ROOT, 'docs/guides/add-functionality.md'), 'utf8')
  const blocks = readBlocks(page).filter(({ language }) => language === 'ts' || language === 'diff')
  for (const block of blocks) await apply(folder, block)

  // The runner of this test adds something to every Node, which programs without an ending to their name cannot have.
  const bare = ['-u', 'NODE_OPTIONS']
  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('env', [...bare, program, ...args], {
      cwd: folder,
      encoding: 'utf8',
    })
    t.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`)
  }
  run(join(ROOT, 'node_modules/.bin/tsc'), '--noEmit')
  run(join(ROOT, 'node_modules/.bin/oxlint'), '--deny-warnings', ...LINTED)
  run(process.execPath, 'test/phoenixnap/routes.test.ts')
})
