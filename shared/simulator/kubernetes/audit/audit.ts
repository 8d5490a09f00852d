import type { Clock } from '../../../clock.ts'
import type { Log } from '../../../log.ts'
import type { HttpRequest, Target } from '../api/request.ts'
import { fieldsOf, textOf } from '../json.ts'
import type { User } from '../objects.ts'
import { type Posting, post, type SendPosting } from '../post.ts'
import { isAudited, type Stage } from './policy.ts'

/** Where audit events go; times in milliseconds. */
export interface AuditSink {
  readonly url: string
  readonly token?: string | undefined
  /** PEM of the authority of an https sink. */
  readonly ca?: string | undefined
  /** 400 by default, as --audit-webhook-batch-max-size. */
  readonly maxBatchSize?: number | undefined
  /** 30 s by default, as --audit-webhook-batch-max-wait. */
  readonly maxWaitMs?: number | undefined
  /** An audit.k8s.io/v1 Policy; everything at Metadata level when absent. */
  readonly policy?: unknown
}

/** A request that was answered, as the audit sees it. */
export interface AuditedRequest {
  readonly http: HttpRequest
  readonly user: User
  readonly target: Target | undefined
  readonly status: number
  /** The Status object of a refusal is copied into the event. */
  readonly body: unknown
  readonly stage: Stage
}

/** Collects events and delivers them in batches; a batch that fails is sent again a few times, then dropped. */
export interface AuditLog {
  setSink(sink: AuditSink | undefined): void
  record(request: AuditedRequest): void
  close(): void
}

const MAX_BATCH_SIZE = 400
const MAX_WAIT_MS = 30_000
const TIMEOUT_MS = 30_000
/** client-go's retry of webhooks: five tries, each pause half as long again as the one before. */
const TRIES = 5
const FIRST_PAUSE_MS = 1000
const PAUSE_FACTOR = 1.5

export function createAuditLog(clock: Clock, log: Log, send?: SendPosting): AuditLog {
  const closing = new AbortController()
  let sink: AuditSink | undefined
  let waiting: unknown[] = []
  /** Ends the wait for more events of the batch that is being filled. */
  let timer: AbortController | undefined

  function record(request: AuditedRequest): void {
    if (sink === undefined || closing.signal.aborted) return
    const { user, target, http, stage } = request
    const verb = target?.verb ?? http.method.toLowerCase()
    if (!isAudited(sink.policy, { user, verb, path: http.path, target }, stage)) return
    waiting.push(toEvent(request, verb, clock.now()))
    if (waiting.length >= (sink.maxBatchSize ?? MAX_BATCH_SIZE)) flush()
    else if (timer === undefined) startTimer(sink.maxWaitMs ?? MAX_WAIT_MS)
  }

  function startTimer(ms: number): void {
    timer = new AbortController()
    clock.sleep(ms, AbortSignal.any([timer.signal, closing.signal])).then(flush, () => {})
  }

  function flush(): void {
    timer?.abort()
    timer = undefined
    const items = waiting
    waiting = []
    if (sink !== undefined && items.length > 0) void deliver(sink, items)
  }

  async function deliver(target: AuditSink, items: readonly unknown[]): Promise<void> {
    const posting: Posting = {
      url: new URL(target.url),
      body: JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items }),
      token: target.token,
      ca: target.ca,
      userAgent: 'kube-apiserver/v1.36.1 (linux/amd64) kubernetes',
      timeoutMs: TIMEOUT_MS,
      closing: closing.signal,
    }
    for (let attempt = 0, pause = FIRST_PAUSE_MS; attempt < TRIES; attempt += 1, pause *= PAUSE_FACTOR) {
      if (await isDelivered(posting)) return
      const wasClosed = await clock.sleep(pause, closing.signal).then(
        () => false,
        () => true,
      )
      if (wasClosed) return
    }
    log.warn({ events: items.length }, 'audit batch dropped')
  }

  async function isDelivered(posting: Posting): Promise<boolean> {
    try {
      const { status } = await post(posting, clock, send)
      return status >= 200 && status < 300
    } catch (error) {
      log.debug({ error }, 'audit sink unreachable')
      return false
    }
  }

  return {
    record,
    setSink(next) {
      flush()
      sink = next
    },
    close: () => closing.abort(),
  }
}

const STAGE_DIGITS = 3

/** metav1.MicroTime. */
const microTime = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, -1)}${'0'.repeat(STAGE_DIGITS)}Z`

function toEvent(request: AuditedRequest, verb: string, now: number): unknown {
  const { http, user, target, status, stage } = request
  const query = http.query.toString()
  return {
    level: 'Metadata',
    auditID: http.auditId,
    stage,
    requestURI: query === '' ? http.path : `${http.path}?${query}`,
    verb,
    user: { username: user.username, ...(user.uid === '' ? {} : { uid: user.uid }), groups: user.groups },
    sourceIPs: [http.sourceAddress],
    userAgent: http.userAgent,
    ...(target === undefined ? {} : { objectRef: objectRef(target, http) }),
    responseStatus: responseStatus(status, request.body),
    requestReceivedTimestamp: microTime(http.at),
    stageTimestamp: microTime(now),
    annotations: {
      'authorization.k8s.io/decision': status === 403 ? 'forbid' : 'allow',
      'authorization.k8s.io/reason': '',
    },
  }
}

/** What a new or replaced object says of itself completes what the URL says. */
function objectRef(target: Target, http: HttpRequest): unknown {
  const sends = target.verb === 'create' || target.verb === 'update'
  const { name, uid, resourceVersion } = sends ? fieldsOf(sentMetadata(http)) : {}
  const fields = {
    resource: target.plural,
    namespace: target.namespace,
    name: target.name || textOf(name),
    uid: textOf(uid),
    apiGroup: target.group,
    apiVersion: target.version,
    resourceVersion: textOf(resourceVersion),
    subresource: target.subresource,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}

function sentMetadata(http: HttpRequest): unknown {
  try {
    return fieldsOf(JSON.parse(http.body.toString())).metadata
  } catch {
    return {}
  }
}

function responseStatus(code: number, body: unknown): unknown {
  const { kind, status, message, reason, details } = fieldsOf(body)
  if (kind !== 'Status' || status !== 'Failure') return { metadata: {}, code }
  return { metadata: {}, status, message, reason, details, code }
}
