import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { toBareEnvironment } from '../support/hosts/binary.ts'
import { readBinary, readHost } from '../support/hosts/host.ts'
import type { Environment } from '../support/world.ts'

const MAIN = fileURLToPath(new URL('../../functions/main.ts', import.meta.url))
const CREDENTIALS = { PNAP_CLIENT_ID: 'sim-client', PNAP_CLIENT_SECRET: 'sim-secret' }

/** What the program has said; `code` is null when it was ended by a signal. */
export interface ProgramResult {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/**
 * Runs the command line in a process of its own, with the simulator's credentials and nothing of our environment: the
 * single-file program where this run is about it, the sources otherwise.
 */
export function runProgram(args: readonly string[], environment: Environment): Promise<ProgramResult> {
  const [program, ...first] = readHost() === 'binary' ? [readBinary()] : [process.execPath, MAIN]
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], {
      env: toBareEnvironment({ ...CREDENTIALS, ...environment }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', code => resolve({ stdout, stderr, code }))
  })
}
