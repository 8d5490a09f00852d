import { readAuditEventsInTurns } from '../shared/kubernetes/audit.ts'
import { nameTrace } from '../shared/trace.ts'
import { toWebhookDeadline, withDeadline } from './deadline.ts'
import {
  createFunctionHost,
  type FunctionHost,
  toWebhookHandler,
  type WebhookHandler,
} from './function-host.ts'
import { toJsonResponse, type Webhook } from './http.ts'
import type { Invoker } from './invoker.ts'
import { createLambdaSend } from './lambda-send.ts'
import { createWebhook, type WebhookParts } from './webhook.ts'

export interface AuditParts extends WebhookParts {
  readonly invoker: Invoker
  /** User names whose writes do not ring; our service account by default. */
  readonly ownUsers?: readonly string[] | undefined
  /** Waited for before a batch is parsed and between its events, so that reviews and health come in between. */
  readonly breathe?: (() => Promise<void>) | undefined
}

/**
 * The audit webhook: a batch in, distinct keys handed to reconcile. It answers when the keys were taken over, and with
 * an error when they were not, so that the API server delivers the batch again.
 */
export function createAudit(parts: AuditParts): Webhook {
  const { log, clock, invoker, ownUsers, breathe = async () => {} } = parts
  return createWebhook(parts, 'audit', async (text, request) => {
    const start = clock.now()
    await breathe()
    const { keys, events, skipped, malformed, auditID } = await readAuditEventsInTurns(
      text,
      ownUsers ? { ownUsers } : {},
      breathe,
    )
    nameTrace(auditID)
    if (keys.length > 0) {
      await withDeadline(clock, toWebhookDeadline(request, start), () => invoker.invoke(keys))
    }
    const counts = { events, keys: keys.length, skipped, malformed }
    const fields = { ...counts, durationMs: clock.now() - start }
    if (malformed > 0) log.warn(fields, 'audit batch taken, some events not understood')
    else if (keys.length > 0) log.info(fields, 'audit batch taken')
    else log.debug(fields, 'audit batch needs no work')
    return toJsonResponse(200, counts)
  })
}

/** The webhook as a function behind an HTTP API. */
export const createAuditHandler = (host: FunctionHost): WebhookHandler =>
  toWebhookHandler(host, 'audit', async () =>
    createAudit({
      ...(await host.webhookParts(['webhookToken', 'reconcileFunction'])),
      invoker: await host.invoker(),
    }),
  )

export const handler = createAuditHandler(createFunctionHost({ createSend: createLambdaSend }))
