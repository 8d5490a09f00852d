import { join } from 'node:path'
import { type GuardedProcess, startGuarded } from '../guarded-process.ts'
import { readConnections, readMemoryMb } from './process-facts.ts'
import { type Invocation, type RuntimeAnswer, type RuntimeApi, startRuntimeApi } from './runtime-api.ts'
import type { FunctionConfig } from './template.ts'

/** What came of an invocation; `body` is JSON: the handler's answer, or `{errorType, errorMessage}`. */
export interface Outcome {
  readonly isError: boolean
  readonly body: string
  /** What the handler had under way when it had answered: names of Node's resources, and open connections. */
  readonly leftovers: readonly string[]
  /** Most resident memory that was seen. */
  readonly memoryMb: number
}

/** One sandbox: a process that works on one event at a time and is frozen in between. */
export interface Instance {
  readonly pid: number
  /** Never rejects. `settled` resolves when the sandbox is frozen again, or has ended. */
  invoke(invocation: Invocation): { readonly outcome: Promise<Outcome>; readonly settled: Promise<void> }
  hasEnded(): boolean
  end(): Promise<void>
}

export interface InstanceOptions {
  /** Program of the functions' runtime. */
  readonly node: string
  /** Folder of the unpacked zip. */
  readonly code: string
  readonly logFile: string
  /** What the platform adds to the function's own variables. */
  readonly platform: Readonly<Record<string, string>>
}

const BOOTSTRAP = join(import.meta.dirname, 'bootstrap.ts')
/** The managed Node runtime gives these shares of its memory to the heap. */
const [OLD_SPACE, SEMI_SPACE] = [0.9, 0.05]
/** Of Lambda: a sandbox that is not ready by then begins anew. */
const INIT_MS = 10_000
const WATCH_MS = 50

/** @throws Error with what the runtime said when it could not load the handler */
export async function startInstance(config: FunctionConfig, options: InstanceOptions): Promise<Instance> {
  const api = await startRuntimeApi()
  const process_ = await startGuarded(
    options.node,
    [
      '--no-warnings',
      `--max-old-space-size=${Math.floor(config.memoryMb * OLD_SPACE)}`,
      `--max-semi-space-size=${Math.max(Math.floor(config.memoryMb * SEMI_SPACE), 1)}`,
      BOOTSTRAP,
    ],
    {
      logFile: options.logFile,
      cwd: options.code,
      bare: true,
      env: { ...config.environment, ...options.platform, ...toPlatform(config, options, api) },
    },
  )
  try {
    await Promise.race([
      api.ready(),
      process_.exited.then(code => Promise.reject(new Error(toExitError(code)))),
      after(INIT_MS, () => Promise.reject(new Error('{"errorType":"Sandbox.InitTimedout"}'))),
    ])
  } catch (error) {
    await process_.stop('SIGKILL')
    api.close()
    throw error
  }
  return createInstance(config, api, process_)
}

function createInstance(config: FunctionConfig, api: RuntimeApi, sandbox: GuardedProcess): Instance {
  const port = Number(api.address.split(':')[1])
  void sandbox.exited.then(() => api.close())

  async function work(invocation: Invocation): Promise<Outcome> {
    let [memoryMb, isOver] = [0, false]
    const look = async (): Promise<void> => {
      memoryMb = Math.max(memoryMb, await readMemoryMb(sandbox.pid))
      if (memoryMb > config.memoryMb && !isOver) {
        isOver = true
        await sandbox.stop('SIGKILL')
      }
    }
    const watch = setInterval(() => void look(), WATCH_MS)
    const limit = Promise.withResolvers<RuntimeAnswer>()
    const timer = setTimeout(() => {
      // The sandbox of an invocation that took too long is thrown away.
      void sandbox.stop('SIGKILL')
      limit.resolve(toFailure('Sandbox.Timedout', toTimeoutMessage(invocation, config)))
    }, invocation.deadline - Date.now())
    try {
      signal(sandbox, 'SIGCONT')
      const ended = sandbox.exited.then(code => ({ ...toFailure('', ''), body: toExitError(code) }))
      const { kind, body, leftovers } = await Promise.race([api.hand(invocation), limit.promise, ended])
      const connections = sandbox.hasExited() ? [] : await readConnections(sandbox.pid, port)
      return { isError: kind === 'error', body, leftovers: [...leftovers, ...connections], memoryMb }
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
    }
  }

  return {
    pid: sandbox.pid,
    invoke(invocation) {
      const outcome = work(invocation)
      const settled = outcome
        .then(() => Promise.race([api.ready(), sandbox.exited]))
        .then(() => signal(sandbox, 'SIGSTOP'))
      return { outcome, settled }
    },
    hasEnded: () => sandbox.hasExited(),
    end: () => sandbox.stop('SIGKILL'),
  }
}

function toPlatform(
  config: FunctionConfig,
  { code }: InstanceOptions,
  api: RuntimeApi,
): Record<string, string> {
  return {
    AWS_LAMBDA_RUNTIME_API: api.address,
    _HANDLER: config.handler,
    LAMBDA_TASK_ROOT: code,
    AWS_LAMBDA_FUNCTION_NAME: config.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${config.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]0',
    AWS_EXECUTION_ENV: `AWS_Lambda_${config.runtime}`,
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
  }
}

function signal(sandbox: GuardedProcess, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (!sandbox.hasExited()) process.kill(sandbox.pid, name)
}

function after<T>(ms: number, what: () => Promise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>()
  setTimeout(() => resolve(what()), ms).unref()
  return promise
}

const toFailure = (errorType: string, errorMessage: string): RuntimeAnswer => ({
  kind: 'error',
  body: JSON.stringify({ errorType, errorMessage }),
  leftovers: [],
})

const toTimeoutMessage = ({ requestId }: Invocation, { timeoutMs }: FunctionConfig): string =>
  `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`

const SIGNALS: Readonly<Record<number, string>> = { 134: 'aborted', 137: 'killed', 139: 'segmentation fault' }

function toExitError(code: number): string {
  const how = code > 128 ? `signal: ${SIGNALS[code] ?? code - 128}` : `exit status ${code}`
  return JSON.stringify({
    errorType: 'Runtime.ExitError',
    errorMessage: `Error: Runtime exited with error: ${how}`,
  })
}
