import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readLogTail, startGuarded } from '../guarded-process.ts'
import type { Environment } from '../world.ts'
import { type Host, type HostInputs, readBinary, toServeEnvironment } from './host.ts'

const PATIENCE_MS = 30_000
const POLL_MS = 20

/** `serve` as one file in a process of its own, which finds no other program: its PATH is empty. */
export async function startBinary(inputs: HostInputs): Promise<Host> {
  const logFile = join(inputs.folder, 'binary.log')
  const env = toBareEnvironment(await toServeEnvironment(inputs))
  const program = await startGuarded(readBinary(), ['serve'], { logFile, bare: true, env })
  inputs.t.teardown(() => program.stop())
  const log = (): string => readFileSync(logFile, 'utf8')
  const giveUpAt = Date.now() + PATIENCE_MS
  let port: string | undefined
  while (port === undefined) {
    port = /"port":(\d+)[^\n]*"msg":"serving"/.exec(log())?.[1]
    if (port !== undefined) break
    if (program.hasExited() || Date.now() > giveUpAt)
      throw new Error(`the program does not serve:\n${await readLogTail(logFile)}`)
    await sleep(POLL_MS)
  }
  return { url: `https://127.0.0.1:${port}`, log, pending: () => undefined, processes: 1 }
}

/** These variables, no others, and nowhere to find a program. */
export const toBareEnvironment = (environment: Environment): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  ),
  PATH: '',
})
