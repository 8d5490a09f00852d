import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A program that ends with this process, however this process ends. */
export interface GuardedProcess {
  readonly pid: number
  /** Resolves when the program has ended, with its exit code; 128 and the signal's number when a signal ended it. */
  readonly exited: Promise<number>
  hasExited(): boolean
  /** Sends the signal and waits for the end; SIGKILL follows after 5 s. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/**
 * A shell that starts the program, prints its pid, and kills it when its own standard input closes. The other end of
 * that pipe is ours: the kernel closes it even when this process is killed and no exit handler runs. The shell itself
 * is deaf to the signals that end a whole group: an API server that gets one together with its etcd never ends by itself.
 */
const GUARD = `
exec 4<&0
program=$1 log=$2
shift 2
"$program" "$@" </dev/null >>"$log" 2>&1 4<&- &
pid=$!
trap '' HUP INT TERM
echo $pid
(read -r line <&4; kill -9 $pid) >/dev/null 2>&1 &
wait $pid
`
const PATIENCE_MS = 5_000
/** The end of a log that is shown when a program did not start. */
const LOG_TAIL = 4_000

export interface GuardedOptions {
  /** Receives both outputs, appended. */
  readonly logFile: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Nothing of our own environment reaches the program. */
  readonly bare?: boolean
}

export async function startGuarded(
  program: string,
  args: readonly string[],
  options: GuardedOptions,
): Promise<GuardedProcess> {
  closeSync(openSync(options.logFile, 'a'))
  const guard = spawn('/bin/sh', ['-c', GUARD, 'guard', program, options.logFile, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...(options.bare ? {} : process.env), ...options.env },
  })
  let ended = false
  const exited = new Promise<number>(resolve => {
    guard.once('exit', code => {
      ended = true
      guard.stdin.destroy()
      resolve(code ?? -1)
    })
  })
  const pid = await new Promise<number>((resolve, reject) => {
    guard.once('error', reject)
    guard.stdout.once('data', data => resolve(Number(String(data).trim())))
    void exited.then(() => reject(new Error(`${program} did not start`)))
  })
  guard.stdout.destroy()

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (ended) return
    kill(pid, signal)
    const timer = setTimeout(() => kill(pid, 'SIGKILL'), PATIENCE_MS)
    await exited
    clearTimeout(timer)
  }

  return { pid, exited, hasExited: () => ended, stop }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** The last part of a program's log, for the message of a start that failed. */
export async function readLogTail(logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '')
  return log.slice(-LOG_TAIL)
}
