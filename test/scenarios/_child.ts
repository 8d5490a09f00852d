import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Environment } from '../support/world.ts'

const MAIN = fileURLToPath(new URL('../../functions/main.ts', import.meta.url))

/** The program in a process of its own, while it runs. */
export interface Child {
  readonly pid: number | undefined
  /** Both outputs so far. */
  said(): string
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
  /** How it ended: a code, or a signal. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

/** Starts a command with nothing of our environment; it is killed with the test at the latest. */
export function startChild(t: Test, args: readonly string[], env: Environment): Child {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { pid: child.pid, said: () => said, kill: signal => void child.kill(signal), ended }
}
