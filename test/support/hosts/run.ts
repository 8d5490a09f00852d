import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packageService } from '../lambda/package.ts'
import { type BuiltHost, leftOut, suitesOf } from './suites.ts'

/** What is asked for on the command line. */
export interface HostRun {
  readonly host: BuiltHost
  /** Test files; those of the table when empty. */
  readonly files: readonly string[]
}

const ROOT = resolve(import.meta.dirname, '../../..')
const USAGE = 'npm run test:hosts -- --host binary|functions [FILES]'
const BINARY = 'dist/bin/cloud-provider-phoenixnap-linux-amd64'

/** @returns undefined for a command line that asks for nothing */
export function readHostRun(args: string[]): HostRun | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { host: { type: 'string' } },
  })
  const host = (['binary', 'functions'] as const).find(name => name === values.host)
  return host && { host, files: positionals }
}

/** Runs the suites on something that is built: on the real API server where KUBEBUILDER_ASSETS is set. */
async function main(args: string[]): Promise<number> {
  const run = readHostRun(args)
  if (!run) {
    console.error(USAGE)
    return 2
  }
  const { host, files } = run
  if (files.length === 0) for (const one of leftOut(host)) console.log(`not on ${host}: ${one}`)
  const folder = join(ROOT, '.build/hosts')
  await mkdir(folder, { recursive: true })
  const own = await mkdtemp(join(folder, 'run-'))
  try {
    const prepared = host === 'binary' ? findBinary() : await packageForAll(own)
    if (!prepared) return 1
    const kinds = process.env['KUBEBUILDER_ASSETS'] ? ['--kubernetes'] : []
    const suites = files.length > 0 ? files : suitesOf(host)
    return await runTap([...kinds, ...suites], { ...prepared, CCM_TEST_HOST: host })
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

function findBinary(): Record<string, string> | undefined {
  const path = resolve(ROOT, process.env['CCM_TEST_BINARY'] || BINARY)
  if (existsSync(path)) return { CCM_TEST_BINARY: path }
  console.error(`${path} is not there: build it with make build`)
  return undefined
}

async function packageForAll(folder: string): Promise<Record<string, string>> {
  await packageService(folder)
  return { CCM_TEST_PACKAGE: folder }
}

function runTap(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'test/support/run-tap.ts'), ...args], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...environment },
    })
    child.on('error', reject)
    child.on('close', code => resolve(code ?? 1))
  })
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
