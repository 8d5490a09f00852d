import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Test } from 'tap'
import { readBlocks, toScript } from './_page.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** What a page's commands printed, and whether all of them went well. */
export interface PageRun {
  readonly code: number | null
  /** Standard output and error as they came, with a line `::line N` before each block of the page. */
  readonly output: string
}

/** How a page is run. */
export interface PageOptions {
  readonly values: Readonly<Record<string, string>>
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  /** Folders before those of the system: where kubectl or helm lie. */
  readonly path?: readonly string[]
}

/** A checkout as `git clone` and `npm ci` leave it, with what is not committed yet; removed at the end of the test. */
export async function cloneProject(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clone-'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  execFileSync('git', ['clone', '--quiet', ROOT, folder])
  const changed = execFileSync('git', ['ls-files', '--modified', '--others', '--exclude-standard'], {
    cwd: ROOT,
  })
  for (const path of changed.toString().split('\n').filter(Boolean)) {
    await cp(join(ROOT, path), join(folder, path)).catch(() => rm(join(folder, path), { force: true }))
  }
  // Hard links: a second `npm ci` would install the same files.
  execFileSync('cp', ['-al', join(ROOT, 'node_modules'), join(folder, 'node_modules')])
  return folder
}

/** Runs the commands of a guide in a checkout, as a reader who copies them would. */
export async function runPage(folder: string, page: string, options: PageOptions): Promise<PageRun> {
  const script = toScript(readBlocks(await readFile(join(folder, page), 'utf8')), options.values)
  const { path = [], env = {} } = options
  const PATH = [...path, '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin', dirname(findNpm())].join(
    ':',
  )
  // Without what the runner of this test adds to the environment of every Node.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', 'bash', '-c', script], {
    cwd: folder,
    env: { PATH, HOME: process.env['HOME'] ?? folder, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, output }
}

/** What git sees in a checkout that is not committed, a line a path: a page that leaves more leaves secrets to be committed. */
export const readStatus = (folder: string): string =>
  execFileSync('git', ['status', '--porcelain'], { cwd: folder }).toString()

/** Somebody's own Node, not the one that the project brings. */
const findNpm = (): string => {
  const folders = (process.env['PATH'] ?? '').split(':').filter(folder => !folder.includes('node_modules'))
  return execFileSync('bash', ['-c', 'command -v npm'], { env: { PATH: folders.join(':') } })
    .toString()
    .trim()
}
