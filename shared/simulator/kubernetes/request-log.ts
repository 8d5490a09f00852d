/** One request that was answered. */
export interface LoggedRequest {
  /** Milliseconds since 1970, by the simulator's clock. */
  readonly at: number
  readonly user: string
  /** Kubernetes verb, or the HTTP method in lower case for paths that are no resource. */
  readonly verb: string
  /** Plural name; empty for paths that are no resource. */
  readonly resource: string
  /** API group; absent for the core group. */
  readonly group?: string
  readonly subresource?: string
  readonly name?: string
  readonly namespace?: string
  /** HTTP status; 0 when the connection was reset. */
  readonly status: number
  readonly path: string
  readonly userAgent: string
}

/** Fields that a request must have; an absent one matches anything. */
export type RequestFilter = Partial<
  Pick<LoggedRequest, 'user' | 'verb' | 'resource' | 'subresource' | 'name' | 'namespace' | 'status'>
>

/** Every request since the start or the last clear(), in the order of their answers. */
export interface KubeRequestLog {
  list(filter?: RequestFilter): readonly LoggedRequest[]
  count(filter?: RequestFilter): number
  /** Requests that may change something (dry runs and reviews included), of one user or of all. */
  writes(user?: string): readonly LoggedRequest[]
  clear(): void
}

const WRITE_VERBS = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

export function matchesFilter(
  filter: RequestFilter,
  request: Omit<LoggedRequest, 'status'> & { status?: number },
): boolean {
  const fields: Readonly<Record<string, unknown>> = { ...request }
  return Object.entries(filter).every(
    ([name, value]) => value === undefined || (fields[name] ?? '') === value,
  )
}

/** The log from the server's side. */
export interface RequestRecorder extends KubeRequestLog {
  add(request: LoggedRequest): void
}

export function createRequestLog(): RequestRecorder {
  let requests: LoggedRequest[] = []
  const list = (filter: RequestFilter = {}): readonly LoggedRequest[] =>
    requests.filter(request => matchesFilter(filter, request))
  return {
    add: request => void requests.push(request),
    list,
    count: filter => list(filter).length,
    writes: user => list(user === undefined ? {} : { user }).filter(({ verb }) => WRITE_VERBS.has(verb)),
    clear() {
      requests = []
    },
  }
}
