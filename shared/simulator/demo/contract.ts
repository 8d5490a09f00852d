/** What a run of the program is given instead of the process's own. */
export interface ProgramRun {
  readonly env: Readonly<Record<string, string>>
  /** Text with its newlines. */
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly stop: AbortSignal
}

/** The program itself, as on the command line: `['serve', '--listen', …]`. Resolves with its exit code. */
export type RunProgram = (argv: readonly string[], run: ProgramRun) => Promise<number>

/** What the demo may touch outside itself; the host hands it in, because simulators import no handlers. */
export interface DemoIo {
  /** A line without its newline. */
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Comes with Ctrl-C. */
  readonly signal: AbortSignal
  /** Whether the lines go to a terminal that wants colours. */
  readonly colours: boolean
  readonly run: RunProgram
}

/** The story did not come out as told; the message says what was expected. */
export class StoryError extends Error {
  override readonly name = 'StoryError'
}
