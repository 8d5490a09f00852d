import { styleText } from 'node:util'

/** What is known of where the text of a command goes. */
export interface Screen {
  readonly env: Readonly<Record<string, string | undefined>>
  /** True where a person reads standard error while it is written. */
  readonly terminal?: boolean | undefined
  /** True where a person reads standard output while it is written. */
  readonly outTerminal?: boolean | undefined
  /** Width of that terminal, in characters. */
  readonly columns?: number | undefined
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
/** Text in a style, or as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string

/** How text for one stream is made. */
export interface Look {
  readonly paint: Paint
  /** Lines are wrapped to it; undefined: a line is as long as what it says, for `grep` and files. */
  readonly columns: number | undefined
}

/** For whoever writes to nobody's screen. */
export const PLAIN: Look = { paint: (_, text) => text, columns: undefined }

const DEFAULT_COLUMNS = 80
/** Narrower is no use, and longer lines of prose are hard to read. */
const [LEAST_COLUMNS, MOST_COLUMNS] = [40, 120]

export const toOutLook = (screen: Screen): Look => toLook(screen, screen.outTerminal)
export const toErrLook = (screen: Screen): Look => toLook(screen, screen.terminal)

function toLook({ env, columns = DEFAULT_COLUMNS }: Screen, isTerminal = false): Look {
  const hasColours = wantsColours(env, isTerminal)
  return {
    paint: hasColours ? (style, text) => styleText(style, text, { validateStream: false }) : PLAIN.paint,
    columns: isTerminal ? Math.min(Math.max(columns, LEAST_COLUMNS), MOST_COLUMNS) : undefined,
  }
}

/** Width of help, which is prose wherever it goes. */
export const toHelpColumns = (screen: Screen): number => toOutLook(screen).columns ?? DEFAULT_COLUMNS

/**
 * NO_COLOR with any text that is not empty (https://no-color.org) comes first, then FORCE_COLOR as Node reads it
 * (https://nodejs.org/api/cli.html#force_color1-2-3), then whether the terminal can, and whether a person is there.
 */
export function wantsColours(env: Screen['env'], isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTerminal && mayMove(env)
}

/** Whether a line may be written again and again: not on a terminal that only prints, and not into the log of a build. */
export const mayMove = (env: Screen['env']): boolean =>
  env['TERM'] !== 'dumb' && (!env['CI'] || env['CI'] === 'false')
