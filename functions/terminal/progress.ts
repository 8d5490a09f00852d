import type { Clock } from '../../shared/clock.ts'
import { toPrintable } from '../../shared/printable.ts'
import { mayMove, type Screen, toErrLook } from './look.ts'

/** What a command that takes long tells of itself meanwhile. */
export interface Progress {
  /** What it is at now, in a few words; the last one counts. */
  say(what: string): void
}

interface ProgressIo extends Screen {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly clock: Clock
}

/** Whoever has the answer within it does not need to be told that it takes a while. */
const QUIET_MS = 1000
const FRAME_MS = 125
const FRAMES = ['-', '\\', '|', '/'] as const
const CLEAR = '\r\u001b[2K'
const DEFAULT_COLUMNS = 80

/**
 * Runs a command with one line on standard error that says what it is at: on a terminal only, after a second, and gone
 * when the command ends or writes something. Anywhere else nothing is written.
 */
export async function withProgress<Io extends ProgressIo, T>(
  io: Io,
  what: string,
  work: (io: Io & { readonly progress: Progress }) => Promise<T>,
): Promise<T> {
  let said = what
  const progress = { say: (next: string): void => void (said = next) }
  if (!io.terminal || !mayMove(io.env)) return work({ ...io, progress })
  const line = createLine(io, () => said)
  try {
    return await work({ ...io, progress, out: line.before(io.out), err: line.before(io.err) })
  } finally {
    line.end()
  }
}

interface Line {
  /** Whatever else is written stands where the line was; the next frame is below it. */
  readonly before: (write: (text: string) => void) => (text: string) => void
  readonly end: () => void
}

function createLine(io: ProgressIo, read: () => string): Line {
  const { clock, err } = io
  const { paint } = toErrLook(io)
  const stop = new AbortController()
  const startedAt = clock.now()
  let isShown = false
  function clear(): void {
    if (isShown) err(CLEAR)
    isShown = false
  }
  async function run(): Promise<void> {
    await clock.sleep(QUIET_MS, stop.signal)
    for (let frame = 0; ; frame += 1) {
      const seconds = Math.floor((clock.now() - startedAt) / 1000)
      const text = toLineText(read(), seconds, io.columns ?? DEFAULT_COLUMNS)
      err(`${CLEAR}${paint('cyan', FRAMES[frame % FRAMES.length] ?? '')} ${text}`)
      isShown = true
      await clock.sleep(FRAME_MS, stop.signal)
    }
  }
  run().catch(() => {})
  return {
    before: write => text => {
      clear()
      write(text)
    },
    end: () => {
      stop.abort()
      clear()
    },
  }
}

/** One line and no more: a terminal cannot take back what went over its edge. */
function toLineText(what: string, seconds: number, columns: number): string {
  const end = ` (${seconds} s)`
  const room = columns - end.length - 3
  const text = toPrintable(what)
  return (text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`) + end
}
