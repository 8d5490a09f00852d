/** One request that reached the simulator. */
export interface RequestEntry {
  /** Milliseconds of the simulator's clock on arrival. */
  readonly at: number
  /** Method and path pattern: `GET /bmc/v1/servers/{serverId}`; for an unknown path the path itself. */
  readonly operation: string
  readonly method: string
  /** As requested, with the query. */
  readonly path: string
  /** 0 while there is no answer, and for good when the connection was reset or left hanging. */
  readonly status: number
  /** Parsed body, if there was one; never that of the token endpoint, which holds the secret. */
  readonly body?: unknown
}

/** Requests in the order of their arrival. */
export interface RequestLog extends Iterable<RequestEntry> {
  readonly entries: readonly RequestEntry[]
  /** How many requests there were: all, of one operation (its exact name), or of those that match. */
  count(operation?: string | RegExp): number
  /** Number of requests by operation. */
  operations(): Readonly<Record<string, number>>
  clear(): void
}

/** What the server writes into the log. */
export interface RequestLogWriter {
  readonly log: RequestLog
  add(entry: RequestEntry): OpenEntry
}

/** An entry that may still be completed. */
export type OpenEntry = { -readonly [K in keyof RequestEntry]: RequestEntry[K] }

export function createRequestLog(): RequestLogWriter {
  let entries: OpenEntry[] = []
  const log: RequestLog = {
    get entries() {
      return entries
    },
    count: operation => entries.filter(entry => isNamed(entry.operation, operation)).length,
    operations: () => {
      const counts: Record<string, number> = {}
      for (const { operation } of entries) counts[operation] = (counts[operation] ?? 0) + 1
      return counts
    },
    clear: () => {
      entries = []
    },
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  }
  function add(entry: RequestEntry): OpenEntry {
    const open = { ...entry }
    entries.push(open)
    return open
  }
  return { log, add }
}

/** Whether an operation is the one named, matches the expression, or nothing particular is asked for. */
export function isNamed(operation: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true
  return typeof wanted === 'string' ? wanted === operation : wanted.test(operation)
}
