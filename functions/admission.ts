import type { Controllers } from '../shared/controllers/contract.ts'
import {
  type ReviewRequest,
  type ReviewVerdict,
  readReview,
  toRecord,
  toReviewAnswer,
} from '../shared/kubernetes/review.ts'
import type { KubeNode } from '../shared/kubernetes/types.ts'
import { toWebhookDeadline, withDeadline } from './deadline.ts'
import {
  createFunctionHost,
  type FunctionHost,
  toWebhookHandler,
  type WebhookHandler,
} from './function-host.ts'
import { toCcmError, toJsonResponse, type Webhook } from './http.ts'
import { createWebhook, type WebhookParts } from './webhook.ts'

/** What the mutating webhook needs; `controllers` is asked for with the first review that needs them. */
export interface AdmissionParts extends WebhookParts {
  readonly controllers: () => Promise<Pick<Controllers, 'admitNode'>>
}

/**
 * The mutating webhook: a review in, a JSON patch out. An authenticated review is always allowed: what we cannot do in
 * time, do not serve or fail at is let through untouched, and audit and resync finish the work.
 */
export function createAdmission(parts: AdmissionParts): Webhook {
  return createWebhook(parts, 'admission', async (text, request) => {
    const review = readReview(text)
    const deadline = toWebhookDeadline(request, parts.clock.now())
    return toJsonResponse(200, toReviewAnswer(review.uid, await judge(parts, review, deadline)))
  })
}

async function judge(parts: AdmissionParts, review: ReviewRequest, deadline: number): Promise<ReviewVerdict> {
  const { log, clock } = parts
  const node = toCreatedNode(review)
  const fields = { node: review.name || node?.metadata.name, dryRun: review.dryRun }
  if (!node) {
    const { resource, subResource, operation } = review
    log.warn({ resource, subResource, operation }, 'review let through: not a kind we serve')
    return {}
  }
  const start = clock.now()
  try {
    const admission = await withDeadline(clock, deadline, async signal =>
      (await parts.controllers()).admitNode(node, { deadline, signal }),
    )
    const { why, patch, warnings } = admission
    const operations = patch?.length ?? 0
    log.info({ ...fields, why, operations, durationMs: clock.now() - start }, 'node reviewed')
    return { patch, warnings }
  } catch (thrown) {
    const error = toCcmError(thrown)
    log.error(
      { ...fields, code: error.code, error, durationMs: clock.now() - start },
      'node let through untouched',
    )
    return {}
  }
}

/** The Node that a review is about; undefined for every other review, which is none of our business. */
function toCreatedNode(review: ReviewRequest): KubeNode | undefined {
  const { group, resource, subResource, operation, object } = review
  if (group !== '' || resource !== 'nodes' || subResource !== '' || operation !== 'CREATE') return undefined
  const node = toRecord(object)
  return typeof node['metadata'] === 'object' && node['metadata'] !== null
    ? (node as unknown as KubeNode)
    : undefined
}

/** The webhook as a function behind an HTTP API. */
export const createAdmissionHandler = (host: FunctionHost): WebhookHandler =>
  toWebhookHandler(host, async () =>
    createAdmission({
      ...(await host.webhookParts(['webhookToken'])),
      controllers: async () => (await host.app()).controllers,
    }),
  )

export const handler = createAdmissionHandler(createFunctionHost())
