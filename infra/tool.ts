import { spawn } from 'node:child_process'
import { BuildProblem } from './problem.ts'

/** What a program left: its exit code and what it wrote. `code` is undefined where it could not be started. */
export interface Ran {
  readonly code: number | undefined
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Milliseconds after which it is killed. */
  readonly timeoutMs?: number | undefined
  /** True: what it writes goes to standard error as it comes, for a person who waits. */
  readonly shown?: boolean | undefined
}

export type RunTool = (command: string, args: readonly string[], options?: RunOptions) => Promise<Ran>

/** Runs a program without a shell and without standard input; never throws. */
export const runTool: RunTool = (command, args, { cwd, env, timeoutMs, shown = false } = {}) =>
  new Promise(resolve => {
    let [out, err] = ['', '']
    const child = spawn(command, args, {
      stdio: shown ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => void (out += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => void (err += text))
    child.on('error', error => resolve({ code: undefined, out, err: error.message }))
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 1, out, err: signal ? `${err}ended by ${signal}` : err }),
    )
  })

/** Runs a program that must succeed. @returns what it wrote @throws BuildProblem BUILD_TOOL_FAILED */
export async function mustRun(
  run: RunTool,
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, out, err } = await run(command, args, options)
  if (code === 0) return out
  const said = (err || out).trim()
  throw new BuildProblem(
    'BUILD_TOOL_FAILED',
    `${[command, ...args].join(' ')}: ${code === undefined ? 'could not be started' : `ended with ${code}`}${said ? `\n${said}` : ''}`,
  )
}
