import type { Progress } from './progress.ts'

/** What a pass writes into its log, for a person who reads its report in a moment. */
export interface PassLog {
  /** In the place of standard error; receives a line of JSON. */
  readonly write: (line: string) => void
  /** What was left as it is, and why: a pass tells it by an event, and nowhere in its report. */
  readonly left: readonly string[]
}

/** Each change moves the line of progress on; failures stand in the report. */
export function createPassLog(progress: Progress): PassLog {
  const left: string[] = []
  let changes = 0
  return {
    left,
    write: line => {
      const { level, node, service, action, code, why } = JSON.parse(line) as Readonly<
        Record<string, unknown>
      >
      const object = node ?? service
      if (typeof object !== 'string') return
      if (level === 'info' && typeof action === 'string') {
        changes += 1
        progress.say(`${changes.toLocaleString('en-US')} changed so far: ${action} ${object}`)
      } else if (level === 'warn' && typeof code === 'string' && typeof why === 'string') {
        left.push(`${object}: ${code}: ${why}`)
      }
    },
  }
}
