import { toPrintable } from '../printable.ts'

/** A line of the log that says what was decided, and why. */
export interface Decision {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly level: 'info' | 'warn' | 'error'
  readonly what: string
  /** As `Node node-1`; empty where the line names none. */
  readonly subject: string
  readonly why: string
  readonly code: string
}

export interface Decisions {
  /** Takes a finished line of the log, from which secrets have been cut out. */
  note(line: string): void
  /** The newest first. */
  list(): readonly Decision[]
}

/** Some hours of a quiet cluster, and never more than half a megabyte. */
const DEFAULT_SIZE = 500
const MAX_TEXT = 400

/** Remembers the newest decisions of this process, a limited number of them. */
export function createDecisions(size = DEFAULT_SIZE): Decisions {
  const ring: (Decision | undefined)[] = []
  let next = 0
  return {
    note(line) {
      const decision = toDecision(line)
      if (!decision) return
      ring[next % size] = decision
      next += 1
    },
    list: () =>
      Array.from({ length: Math.min(next, size) }, (_, back) => ring[(next - 1 - back) % size]).filter(
        decision => decision !== undefined,
      ),
  }
}

/** @returns undefined for a line that tells no decision: the host's own, or one for whoever looks for a fault */
export function toDecision(line: string): Decision | undefined {
  const fields = parse(line)
  const level = LEVELS.find(name => name === fields?.['level'])
  if (!fields || !level) return undefined
  const { time, msg, error } = fields
  const failure = isRecord(error) ? error : {}
  const why = toText(fields['why'] ?? failure['message'])
  const code = toText(fields['code'] ?? failure['code'])
  if (why === '' && code === '') return undefined
  const action = toText(fields['action'])
  const at = Date.parse(toText(time))
  return {
    at: Number.isNaN(at) ? 0 : at,
    level,
    // An action of an error is advice, that of a decision is a word.
    what: /^\w+$/.test(action) ? `${toText(msg)}: ${action}` : toText(msg),
    subject: toSubject(fields),
    why,
    code,
  }
}

const LEVELS = ['info', 'warn', 'error'] as const
const SUBJECTS = [
  ['node', 'Node'],
  ['service', 'Service'],
  ['blockId', 'block'],
] as const

function toSubject(fields: Readonly<Record<string, unknown>>): string {
  const [key, kind] = SUBJECTS.find(([name]) => typeof fields[name] === 'string') ?? []
  return key === undefined ? '' : `${kind} ${toText(fields[key])}`
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function toText(value: unknown): string {
  if (typeof value !== 'string') return ''
  const text = toPrintable(value)
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`
}
