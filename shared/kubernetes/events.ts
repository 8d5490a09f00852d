import { createHash } from 'node:crypto'
import { hasCode } from '../errors.ts'
import type { Kube } from './client.ts'
import { toOwnLabels } from './labels.ts'
import { toSegment } from './path.ts'

/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  /** Empty for cluster-scoped objects, whose events lie in `default`. */
  readonly namespace?: string
  readonly uid?: string | undefined
}

export interface EventText {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  /** Stable text: a time or a counter in it would make every event a new one. */
  readonly message: string
  readonly component: string
}

/** Limit of Event.message (`NoteLengthLimit` of k8s.io/kubernetes). */
const MAX_MESSAGE = 1024
/** What a name of an object (253 letters at most) leaves for the subject's before `.` and the hash. */
const MAX_PREFIX = 253 - 17

/**
 * Writes an event unless the same one about the same object is still there. Its name is made from subject and
 * text, so any number of handlers write it once, and it comes back only after the API server has let it expire.
 *
 * @returns whether it was written
 */
export async function recordEvent(
  kube: Kube,
  subject: EventSubject,
  text: EventText,
  now: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const path = `/api/v1/namespaces/${toSegment(subject.namespace ?? 'default')}/events`
  const event = toEvent(subject, text, now)
  if (await exists(kube, `${path}/${encodeURIComponent(event.metadata.name)}`, signal)) return false
  try {
    await kube.request({ method: 'POST', path, body: event, signal })
    return true
  } catch (error) {
    if (hasCode(error, 'KUBE_ALREADY_EXISTS')) return false
    throw error
  }
}

async function exists(kube: Kube, path: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await kube.request({ path, signal })
    return true
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return false
    throw error
  }
}

function toEvent(subject: EventSubject, text: EventText, now: number): { metadata: { name: string } } {
  const namespace = subject.namespace ?? 'default'
  const message = text.message.slice(0, MAX_MESSAGE)
  const identity = [
    subject.kind,
    subject.name,
    subject.uid ?? '',
    text.component,
    text.type,
    text.reason,
    message,
  ]
  const hash = createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 16)
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${toPrefix(subject.name)}.${hash}`, namespace, labels: toOwnLabels('event') },
    involvedObject: {
      apiVersion: subject.apiVersion,
      kind: subject.kind,
      name: subject.name,
      ...(subject.namespace === undefined ? {} : { namespace: subject.namespace }),
      ...(subject.uid === undefined ? {} : { uid: subject.uid }),
    },
    type: text.type,
    reason: text.reason,
    message,
    source: { component: text.component },
    reportingComponent: text.component,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  } as { metadata: { name: string } }
}

/** A name ends with a letter or digit also where it is cut; the hash tells apart what is cut to the same. */
const toPrefix = (name: string): string => name.slice(0, MAX_PREFIX).replace(/[.-]+$/, '')
