import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { NODE_PACKAGES } from '../binary/node-packages.ts'
import { hostPlatform, isSame } from '../binary/platform.ts'
import { BuildProblem, runScript } from '../problem.ts'
import { type RunTool, runTool } from '../tool.ts'
import { ACCEPTED_ADVISORIES } from './accepted-advisories.ts'
import { type AuditAnswer, judgeAdvisories, readAudit } from './advisories.ts'
import { readLock } from './lock.ts'
import { checkLock, type Findings, type Manifest } from './lock-checks.ts'

/** `npm run audit`: what package-lock.json says by itself, and what the registry knows of weak spots. */

const ROOT = resolve(import.meta.dirname, '../..')
const ANSWER_LIMIT_MS = 60_000

export interface AuditOptions {
  readonly root: string
  readonly run: RunTool
  /** `YYYY-MM-DD` */
  readonly today: string
  /** True: without the registry's answer the audit fails. */
  readonly isRequired: boolean
}

export async function audit({ root, run, today, isRequired }: AuditOptions): Promise<Findings> {
  const lock = await readLock(root)
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  const own = checkLock(lock, manifest)
  const facts = { lock, accepted: ACCEPTED_ADVISORIES, today, isRequired }
  const known = judgeAdvisories(await ask(run, root), facts)
  const node = await checkNode()
  return { problems: [...own.problems, ...node, ...known.problems], notes: [...own.notes, ...known.notes] }
}

async function ask(run: RunTool, cwd: string): Promise<AuditAnswer> {
  const options = { cwd, timeoutMs: ANSWER_LIMIT_MS }
  // Its exit code speaks of both, weak spots and no answer.
  const { out, err } = await run(
    'npm',
    ['audit', '--json', '--package-lock-only', '--fetch-retries=1'],
    options,
  )
  return readAudit(out || err)
}

/** The package `node` fetches its program itself, past the lock file. */
async function checkNode(): Promise<string[]> {
  const reviewed = NODE_PACKAGES.find(one => isSame(one, hostPlatform()))
  const digest = createHash('sha256')
    .update(await readFile(process.execPath))
    .digest('hex')
  return digest === reviewed?.digest
    ? []
    : [`${process.execPath} is not the program of infra/binary/node-packages.ts: SHA-256 ${digest}`]
}

async function main(): Promise<void> {
  const today = new Date().toISOString().slice(0, 10)
  const isRequired = process.env['AUDIT_REQUIRED'] === 'true'
  const { problems, notes } = await audit({ root: ROOT, run: runTool, today, isRequired })
  for (const note of notes) process.stdout.write(`note: ${note}\n`)
  if (problems.length > 0) throw new BuildProblem('BUILD_AUDIT_FAILED', problems.join('\n'))
  process.stdout.write('nothing speaks against what package-lock.json names\n')
}

if (import.meta.main) process.exitCode = await runScript(main)
