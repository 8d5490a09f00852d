/** Counts the requests that were sent, per operation: every attempt counts, as the API's limits see it. */
export interface Counter {
  /** Operation, as `GET /bmc/v1/servers/{serverId}` or `POST token`, to the number of requests; live. */
  readonly counts: ReadonlyMap<string, number>
  add(operation: string): void
}

export function createCounter(): Counter {
  const counts = new Map<string, number>()
  return { counts, add: operation => void counts.set(operation, (counts.get(operation) ?? 0) + 1) }
}
