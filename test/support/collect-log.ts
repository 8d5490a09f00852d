import type { Log, LogFields } from '../../shared/log.ts'

/** One line of a log, as it was given. */
export interface Line {
  readonly level: string
  readonly fields: LogFields
  readonly message: string
}

/** A log that keeps its lines, for tests to look at. */
export function collectLog(lines: Line[]): Log {
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message })
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => collectLog(lines),
  }
}
