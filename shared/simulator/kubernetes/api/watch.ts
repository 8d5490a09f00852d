import type { Clock } from '../../../clock.ts'
import type { KubeObject } from '../objects.ts'
import { apiVersionOf } from '../resources.ts'
import { ApiError, gone } from '../status.ts'
import type { Change, ChangeType, ObjectStore } from '../store.ts'
import { listOptionsInvalid, testOf } from './read.ts'
import { type Answer, type ApiRequest, isTrue } from './request.ts'

export type WatchEventType = ChangeType | 'BOOKMARK' | 'ERROR'

/** Turns an event's object into what the client asked for (a Table with one row, or itself). */
export type EventEncoder = (type: WatchEventType, object: unknown) => unknown

/** The real server ends a watch after 30 to 60 minutes when the client names no time. */
const DEFAULT_TIMEOUT_SECONDS = 1800
const BOOKMARK_INTERVAL_MS = 60_000

/**
 * A watch: the state first when no version (or 0) is given or initial events are asked for, then every
 * change in order.
 *
 * @throws ApiError 422 and 500 before it starts; a version too old is an ERROR event, as in the real server
 */
export function watch(store: ObjectStore, clock: Clock, request: ApiRequest, encode: EventEncoder): Answer {
  const options = readOptions(request)
  const test = testOf(request)
  const inScope = (change: Change): boolean =>
    change.resource === request.resource &&
    (request.namespace === '' || change.object.metadata.namespace === request.namespace)

  async function stream(write: (chunk: string) => void, signal: AbortSignal): Promise<void> {
    const send = (type: WatchEventType, object: unknown): void =>
      write(`${JSON.stringify({ type, object: encode(type, object) })}\n`)
    const deliver = (change: Change): void => {
      const event = inScope(change) ? visibleEvent(change, test) : undefined
      if (event !== undefined) send(event.type, event.object)
    }
    if (options.since !== undefined && options.since < store.oldestVersion()) {
      const error = gone(`too old resource version: ${options.since} (${store.oldestVersion()})`)
      send('ERROR', error.toStatus())
      return
    }
    if (options.since === undefined) sendState(send)
    else for (const change of store.changesSince(options.since)) deliver(change)
    const stop = store.onChange(deliver)
    try {
      await untilOver(send, signal)
    } finally {
      stop()
    }
  }

  function sendState(send: (type: WatchEventType, object: unknown) => void): void {
    const namespace = request.namespace === '' ? undefined : request.namespace
    for (const object of store.list(request.resource, namespace)) if (test(object)) send('ADDED', object)
    if (options.bookmarks && options.marksInitialEnd)
      send('BOOKMARK', bookmark(request, store.version(), { 'k8s.io/initial-events-end': 'true' }))
  }

  async function untilOver(
    send: (type: WatchEventType, object: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const end = clock.now() + options.timeoutMs
    while (!signal.aborted && clock.now() < end) {
      await clock.sleep(Math.min(BOOKMARK_INTERVAL_MS, end - clock.now()), signal).catch(() => {})
      if (options.bookmarks && !signal.aborted) send('BOOKMARK', bookmark(request, store.version()))
    }
  }

  return { status: 200, stream }
}

interface WatchOptions {
  /** Version after which changes are wanted; undefined: the state first. */
  readonly since: number | undefined
  readonly bookmarks: boolean
  readonly marksInitialEnd: boolean
  readonly timeoutMs: number
}

function readOptions({ http: { query } }: ApiRequest): WatchOptions {
  const version = query.get('resourceVersion') ?? ''
  const initial = query.get('sendInitialEvents')
  if (initial !== null && query.get('resourceVersionMatch') !== 'NotOlderThan')
    throw listOptionsInvalid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (version !== '' && !/^\d+$/.test(version))
    throw new ApiError(
      500,
      '',
      `resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    )
  const stateFirst = initial === null ? version === '' || version === '0' : isTrue(initial)
  const seconds = Number(query.get('timeoutSeconds') ?? '') || DEFAULT_TIMEOUT_SECONDS
  return {
    since: stateFirst || version === '' ? undefined : Number(version),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    marksInitialEnd: stateFirst && (isTrue(initial) || version === ''),
    timeoutMs: seconds * 1000,
  }
}

/** An object that begins to match a selector appears; one that ceases to match disappears as it was last seen. */
function visibleEvent(
  { type, object, previous }: Change,
  test: (object: KubeObject) => boolean,
): { type: ChangeType; object: KubeObject } | undefined {
  const before = previous !== undefined && test(previous)
  const after = type !== 'DELETED' && test(object)
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object }
  if (!before) return undefined
  const { resourceVersion } = object.metadata
  const version = resourceVersion === undefined ? {} : { resourceVersion }
  return { type: 'DELETED', object: { ...previous, metadata: { ...previous.metadata, ...version } } }
}

function bookmark({ resource }: ApiRequest, version: number, annotations?: Record<string, string>): unknown {
  return {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(version), ...(annotations === undefined ? {} : { annotations }) },
  }
}
