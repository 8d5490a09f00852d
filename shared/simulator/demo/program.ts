import type { Clock } from '../../clock.ts'
import { type RunProgram, StoryError } from './contract.ts'

/** One pass of the controller over everything, as it logs it. */
export interface Pass {
  /** 1 for the first one. */
  readonly number: number
  readonly state: string
  /** Number of changes by action. */
  readonly changes: Readonly<Record<string, number>>
  /** Requests to the BMC API by operation. */
  readonly requests: Readonly<Record<string, number>>
  readonly durationMs: number
}

/** `free × 2, noteUnused`; empty when there was nothing to do. */
export const describeChanges = (changes: Pass['changes']): string =>
  Object.entries(changes)
    .map(([action, count]) => (count === 1 ? action : `${action} × ${count}`))
    .join(', ')

/** `serve`, running. */
export interface Serving {
  /** Waits for a pass, of those that are over too, that did this or anything at all. @throws StoryError */
  untilPass(action?: string): Promise<void>
  /** Ends it in peace. @returns its exit code */
  stop(): Promise<number>
}

export interface ServeOptions {
  readonly run: RunProgram
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onPass: (pass: Pass) => void
}

/** Five passes: nothing in the story takes longer, however busy the machine is. */
const PATIENCE_MS = 30_000
const POLL_MS = 50
/** Enough to see why it failed. */
const LINES_KEPT = 8

/** Starts `serve`; its log is read, not shown. */
export function startServe(options: ServeOptions): Serving {
  const { clock, signal, onPass } = options
  const stop = new AbortController()
  const kept: string[] = []
  const passes: Pass[] = []
  let text = ''
  let failure: string | undefined

  function take(more: string): void {
    const lines = (text + more).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      kept.splice(0, kept.length - LINES_KEPT + 1, line)
      const pass = toPass(line, passes.length + 1)
      if (pass?.state !== 'complete') continue
      passes.push(pass)
      onPass(pass)
    }
  }

  const given = { env: options.env, stop: stop.signal, out: take, err: take }
  const ended = options.run(['serve', ...options.args], given).then(code => {
    if (!stop.signal.aborted) failure = `serve ended with exit code ${code}:\n${kept.join('\n')}`
    return code
  })

  async function untilPass(action?: string): Promise<void> {
    const giveUpAt = clock.now() + PATIENCE_MS
    while (!passes.some(({ changes }) => action === undefined || action in changes)) {
      if (failure !== undefined) throw new StoryError(failure)
      if (clock.now() > giveUpAt)
        throw new StoryError(`a pass of the controller is complete (${action ?? 'any'})`)
      await clock.sleep(POLL_MS, signal)
    }
  }

  return {
    untilPass,
    stop: () => {
      stop.abort('the demo ends')
      return ended
    },
  }
}

/** The report of a pass that a log line holds. */
function toPass(line: string, number: number): Pass | undefined {
  if (!line.startsWith('{') || !line.includes('"resync ended')) return undefined
  const fields = JSON.parse(line) as Omit<Pass, 'number'>
  return { ...fields, number }
}
