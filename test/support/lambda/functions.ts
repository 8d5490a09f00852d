import { randomUUID } from 'node:crypto'
import type { Instance, Outcome } from './instance.ts'
import type { FunctionConfig } from './template.ts'

/** One invocation that has ended. */
export interface InvocationRecord extends Outcome {
  readonly functionName: string
  readonly requestId: string
  /** Whether a sandbox was made for it. */
  readonly isCold: boolean
  readonly pid: number | undefined
  readonly payload: string
}

/** One function with its sandboxes. */
export interface LambdaFunction {
  readonly config: FunctionConfig
  /** Waits for a sandbox where all are at work and no more may be made. Never rejects. */
  invoke(payload: string, requestId?: string): Promise<InvocationRecord>
  /** Invocations under way, those that wait for a sandbox included. */
  pending(): number
  /** Processes that are there now, frozen ones included. */
  pids(): number[]
  /** Throws the idle sandboxes away, as the platform does when it likes: the next invocation is a cold one. */
  recycle(): Promise<void>
  close(): Promise<void>
}

export interface FunctionOptions {
  readonly config: FunctionConfig
  readonly start: () => Promise<Instance>
  /** Sandboxes at most; more events wait. The platform makes a thousand, this machine cannot. */
  readonly maxInstances: number
  readonly onEnd: (record: InvocationRecord) => void
}

const ACCOUNT = '000000000000'

/** The name by which a function knows itself. */
export const toArn = (functionName: string): string =>
  `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${functionName}`

export function createFunction({ config, start, maxInstances, onEnd }: FunctionOptions): LambdaFunction {
  const { functionName, timeoutMs } = config
  const idle: Instance[] = []
  const all = new Set<Instance>()
  const queue: (() => void)[] = []
  let [pending, places] = [0, maxInstances]

  async function take(): Promise<{ instance: Instance; isCold: boolean }> {
    for (let instance = idle.pop(); instance; instance = idle.pop()) {
      if (!instance.hasEnded()) return { instance, isCold: false }
      all.delete(instance)
    }
    const instance = await start()
    all.add(instance)
    return { instance, isCold: true }
  }

  /** A place is free again when the sandbox on it is frozen or gone. */
  async function enter(): Promise<void> {
    if (places > 0) places -= 1
    else await new Promise<void>(resolve => queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else places += 1
  }

  function putBack(instance: Instance): void {
    if (instance.hasEnded()) all.delete(instance)
    else idle.push(instance)
    leave()
  }

  async function run(payload: string, requestId: string): Promise<InvocationRecord> {
    const common = { functionName, requestId, payload }
    let found: Awaited<ReturnType<typeof take>>
    try {
      found = await take()
    } catch (thrown) {
      leave()
      const body = thrown instanceof Error ? thrown.message : String(thrown)
      return { ...common, isCold: true, pid: undefined, isError: true, body, leftovers: [], memoryMb: 0 }
    }
    const { instance, isCold } = found
    const deadline = Date.now() + timeoutMs
    const { outcome, settled } = instance.invoke({ requestId, payload, deadline, arn: toArn(functionName) })
    const record = { ...common, isCold, pid: instance.pid, ...(await outcome) }
    // The platform, too, takes an invocation for ended when the runtime asks for the next.
    await settled
    putBack(instance)
    return record
  }

  return {
    config,
    async invoke(payload, requestId = randomUUID()) {
      pending += 1
      await enter()
      try {
        const record = await run(payload, requestId)
        onEnd(record)
        return record
      } finally {
        pending -= 1
      }
    },
    pending: () => pending,
    pids: () => [...all].filter(instance => !instance.hasEnded()).map(({ pid }) => pid),
    async recycle() {
      await Promise.all(idle.splice(0).map(instance => instance.end()))
    },
    async close() {
      await Promise.all([...all].map(instance => instance.end()))
    },
  }
}
