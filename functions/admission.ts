import type { Controllers, ReconcileKey, WorkCall } from '../shared/controllers/contract.ts'
import { CcmError } from '../shared/errors.ts'
import {
  type ReviewRequest,
  type ReviewVerdict,
  readReview,
  toReviewAnswer,
} from '../shared/kubernetes/review.ts'
import { nameTrace } from '../shared/trace.ts'
import { measureReview } from './admission-measure.ts'
import { composeApp } from './compose-app.ts'
import { toWebhookDeadline, withDeadline } from './deadline.ts'
import {
  createFunctionHost,
  type FunctionHost,
  once,
  toWebhookHandler,
  type WebhookHandler,
} from './function-host.ts'
import { toCcmError, toJsonResponse, type Webhook, type WebhookResponse } from './http.ts'
import type { Invoker } from './invoker.ts'
import { readKey } from './keys.ts'
import { createLambdaSend } from './lambda-send.ts'
import type { Overload } from './overload.ts'
import { LARGE_BODY_BYTES } from './overload-plan.ts'
import { readReviewHead } from './review-head.ts'
import { type ReviewSubject, toSubject } from './review-subject.ts'
import { createWebhook, type WebhookParts } from './webhook.ts'

/** What the mutating webhook needs; the parts behind functions are asked for with the first review that needs them. */
export interface AdmissionParts extends WebhookParts {
  readonly controllers: () => Promise<Pick<Controllers, 'admitNode' | 'admitService'>>
  /** Takes over the keys that a Service's review rings. */
  readonly invoker: () => Promise<Invoker>
  /** Without it every review is worked on at once. */
  readonly overload?: Pick<Overload, 'review' | 'breathe'> | undefined
}

/** A node's review and a Service's; the second may ring. */
interface Admission extends ReviewVerdict {
  readonly why: string
  readonly ring?: readonly ReconcileKey[]
  readonly code?: string | undefined
}

const MESSAGES = {
  node: { reviewed: 'node reviewed', untouched: 'node let through untouched' },
  service: { reviewed: 'service reviewed', untouched: 'service let through untouched' },
} as const

/**
 * What handing keys over may cost the user who waits: some 10 ms once the process knows its way, half a second with the
 * first connection of a process. A ring that takes longer is left to audit and resync.
 */
const RING_MS = 2000

/**
 * The mutating webhook: a review in, a JSON patch out. An authenticated review is always allowed: what we cannot do in
 * time, do not serve or fail at is let through untouched, and audit and resync finish the work.
 */
export function createAdmission(parts: AdmissionParts): Webhook {
  return createWebhook(parts, 'admission', async (text, request) => {
    if (request.isCut) return letThrough(text)
    if (text.length > LARGE_BODY_BYTES) await parts.overload?.breathe()
    const review = readReview(text)
    nameTrace(review.uid)
    const deadline = toWebhookDeadline(request, parts.clock.now())
    return toJsonResponse(200, toReviewAnswer(review.uid, await judge(parts, review, deadline)))
  })
}

/** The answer to a review of which only the beginning was read. */
function letThrough(head: string): WebhookResponse {
  const { uid } = readReviewHead(head)
  // Never with a time at which to come again: a user waits.
  if (uid === undefined)
    throw new CcmError('WEBHOOK_OVERLOADED', 'no more reviews of this size are taken on at the moment')
  return toJsonResponse(200, toReviewAnswer(uid))
}

/** What cannot be worked on in time is let through untouched as well, and at once: somebody waits for the answer. */
async function judge(parts: AdmissionParts, review: ReviewRequest, deadline: number): Promise<ReviewVerdict> {
  const { log } = parts
  const subject = toSubject(review)
  if (!subject) {
    const { resource, subResource, operation } = review
    log.warn({ resource, subResource, operation }, 'review let through: not a kind we serve')
    return {}
  }
  const leave = parts.overload && (await parts.overload.review(subject.kind, deadline))
  if (parts.overload && !leave) return {}
  try {
    return await judgeSubject(parts, review, subject, deadline)
  } finally {
    leave?.()
  }
}

async function judgeSubject(
  parts: AdmissionParts,
  review: ReviewRequest,
  subject: ReviewSubject,
  deadline: number,
): Promise<ReviewVerdict> {
  const { log, clock } = parts
  const fields = { ...subject.fields, dryRun: review.dryRun }
  const messages = MESSAGES[subject.kind]
  const start = clock.now()
  try {
    const admission = await withDeadline(clock, deadline, signal =>
      admit(parts, subject, { deadline, signal }),
    )
    const { why, patch, warnings, ring = [], code } = admission
    const end = patch ? 'patched' : 'unchanged'
    measureReview(parts, subject, code === undefined || patch ? end : { code }, start)
    const operations = patch?.length ?? 0
    log.info({ ...fields, why, operations, durationMs: clock.now() - start }, messages.reviewed)
    // Of what the API server is about to refuse for its name, nothing is to be reconciled.
    const keys = ring.flatMap(key => readKey(key) ?? [])
    if (keys.length > 0 && !review.dryRun) await handOver(parts, keys, deadline, fields)
    // A patch on DELETE would make the API server refuse the deletion.
    return review.operation === 'DELETE' ? { warnings } : { patch, warnings }
  } catch (thrown) {
    const error = toCcmError(thrown)
    log.error({ ...fields, code: error.code, error, durationMs: clock.now() - start }, messages.untouched)
    measureReview(parts, subject, { code: error.code }, start)
    return {}
  }
}

async function admit(parts: AdmissionParts, subject: ReviewSubject, call: WorkCall): Promise<Admission> {
  const controllers = await parts.controllers()
  return subject.kind === 'node'
    ? controllers.admitNode(subject.node, call)
    : controllers.admitService(subject.review, call)
}

/** Rings, within the review's time; never throws. */
async function handOver(
  { invoker, log, clock }: AdmissionParts,
  keys: readonly ReconcileKey[],
  deadline: number,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const start = clock.now()
  try {
    await withDeadline(clock, Math.min(deadline, start + RING_MS), async () => (await invoker()).invoke(keys))
  } catch (thrown) {
    const error = toCcmError(thrown)
    log.warn(
      { ...fields, keys: keys.length, code: error.code, error, durationMs: clock.now() - start },
      'review could not ring, left to audit and resync',
    )
  }
}

/** The webhook as a function behind an HTTP API. */
export const createAdmissionHandler = (host: FunctionHost): WebhookHandler =>
  toWebhookHandler(host, 'admission', async () =>
    createAdmission({
      ...(await host.webhookParts(['webhookToken'])),
      controllers: async () => (await host.app()).controllers,
      invoker: once(() => host.invoker()),
    }),
  )

export const handler = createAdmissionHandler(
  createFunctionHost({ createApp: composeApp, createSend: createLambdaSend }),
)
