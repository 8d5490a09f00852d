import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'

const ROOT = join(import.meta.dirname, '../../..')
/** Longest that a very busy machine takes; the story itself is over within some 30 s. */
export const LIMIT_MS = 120_000

/** A demo in a process of its own. */
export interface Started {
  /** Standard output so far. */
  text(): string
  /** Resolves when the output holds `wanted`; rejects when it ends without. */
  until(wanted: string): Promise<void>
  /** As Ctrl-C does. */
  interrupt(): void
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** Starts the program as `npm start` does. @param folder where its temporary files go */
export function startDemo(t: Test, args: readonly string[], folder: string): Started {
  const child = spawn(process.execPath, ['functions/main.ts', 'demo', ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
  })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  const waiting = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
    for (const check of waiting) check()
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    text: () => text,
    until: wanted =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (text.includes(wanted)) resolve()
        }
        waiting.add(check)
        check()
        void ended.then(() => reject(new Error(`ended without '${wanted}':\n${text}`)))
      }),
    interrupt: () => void child.kill('SIGINT'),
    ended,
  }
}
