import type { Log } from '../../../log.ts'
import { sameJson } from '../json.ts'
import { toObject } from '../lifecycle.ts'
import type { KubeObject } from '../objects.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { subjectOf } from '../resources.ts'
import { ApiError, forbidden, internalError } from '../status.ts'
import { type AdmissionRequest, type Plugin, withObject } from './admission.ts'
import { parseReviewResponse, type ReviewResponse, reviewRequest } from './review.ts'
import { type CallContext, callWebhook } from './webhook-call.ts'
import { isSelected, matchConditions, type Webhook, webhooksOf } from './webhook-match.ts'

/** The mutating phase of admission. */
export interface AdmissionChain {
  /** @throws ApiError when a plugin or webhook refuses, or a webhook fails that must not */
  admit(request: AdmissionRequest): Promise<KubeObject | undefined>
}

export interface ChainOptions extends CallContext {
  readonly plugins: readonly Plugin[]
  readonly configurations: () => readonly KubeObject[]
  readonly findNamespace: (name: string) => KubeObject | undefined
  readonly log: Log
}

/** What decides whether a webhook is asked a second time. */
interface Round {
  /** Asked already, with reinvocationPolicy IfNeeded. */
  readonly reinvocable: Set<string>
  /** To be asked again, because the object changed after they answered. */
  readonly again: Set<string>
  /**
   * A patch has been applied. The first one counts as a change even when it leaves the object as it was: the
   * times in managedFields lose their fractions on the way.
   */
  patched: boolean
}

/** Plugins in their order, then webhooks; both once more when a webhook has changed the object. */
export function createAdmissionChain(options: ChainOptions): AdmissionChain {
  async function admit(request: AdmissionRequest): Promise<KubeObject | undefined> {
    const round: Round = { reinvocable: new Set(), again: new Set(), patched: false }
    const first = await callAll(runPlugins(request), round, false)
    if (!round.patched) return first
    const second = runPlugins(withObject(request, first))
    if (!sameJson(second.object, first)) requireAgain(round)
    return callAll(second, round, true)
  }

  const runPlugins = (request: AdmissionRequest): AdmissionRequest =>
    options.plugins.reduce((current, plugin) => withObject(current, plugin(current)), request)

  async function callAll(
    request: AdmissionRequest,
    round: Round,
    secondTime: boolean,
  ): Promise<KubeObject | undefined> {
    let current = request
    for (const webhook of webhooksOf(options.configurations())) {
      if (secondTime && !round.again.has(webhook.id)) continue
      if (!isSelected(webhook, current, options.findNamespace)) continue
      const outcome = await callOne(webhook, current)
      if (outcome === 'not called') continue
      if (outcome !== undefined && (!round.patched || !sameJson(outcome, current.object))) {
        current = withObject(current, outcome)
        round.patched = true
        requireAgain(round)
      }
      if (webhook.fields.reinvocationPolicy === 'IfNeeded') round.reinvocable.add(webhook.id)
    }
    return current.object
  }

  /** The patched object, even when the patch left it as it was; undefined without a patch. */
  async function callOne(
    webhook: Webhook,
    request: AdmissionRequest,
  ): Promise<KubeObject | undefined | 'not called'> {
    const review = reviewRequest(request)
    const match = matchConditions(webhook, review)
    if (match === 'no match') return 'not called'
    if (match !== 'match') return conditionFailed(webhook, request, match.error)
    const response = await ask(webhook, review)
    if (response === undefined) return undefined
    request.warnings.push(...response.warnings)
    if (!response.allowed) throw denial(webhook, response)
    const { patch = [] } = response
    return patch.length === 0 ? undefined : patched(webhook, request, patch)
  }

  async function ask(webhook: Webhook, review: Record<string, unknown>): Promise<ReviewResponse | undefined> {
    try {
      return parseReviewResponse(await callWebhook(webhook, review, options), String(review.uid))
    } catch (error) {
      return callFailed(webhook, error)
    }
  }

  /** failurePolicy: undefined goes on as if the webhook did not exist. */
  function callFailed(webhook: Webhook, error: unknown): undefined {
    const message = error instanceof Error ? error.message : String(error)
    options.log.warn({ webhook: webhook.name, error: message }, 'webhook failed')
    if (webhook.fields.failurePolicy === 'Ignore') return undefined
    throw internalError(`failed calling webhook ${JSON.stringify(webhook.name)}: ${message}`)
  }

  return { admit }
}

/** A condition that cannot be evaluated: the webhook is left out, or the request refused. */
function conditionFailed(webhook: Webhook, request: AdmissionRequest, why: string): KubeObject | undefined {
  if (webhook.fields.failurePolicy === 'Ignore') return request.object
  throw forbidden(subjectOf(request.resource), request.name, why)
}

/** The object has changed: who was asked before may be asked again. */
function requireAgain(round: Round): void {
  for (const id of round.reinvocable) round.again.add(id)
  round.reinvocable.clear()
}

function denial(webhook: Webhook, { message, reason, code }: ReviewResponse): ApiError {
  const start = `admission webhook ${JSON.stringify(webhook.name)} denied the request`
  const why = message === '' ? (reason === '' ? ' without explanation' : `: ${reason}`) : `: ${message}`
  return new ApiError(code === 0 ? 400 : code, reason, start + why)
}

/** A patch that does not apply fails the request whatever failurePolicy says. */
function patched(webhook: Webhook, request: AdmissionRequest, patch: readonly unknown[]): KubeObject {
  if (request.object === undefined)
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    )
  try {
    const result = applyJsonPatch(request.object, patch)
    if (typeof result !== 'object' || result === null || Array.isArray(result))
      throw new Error('no object is left')
    return toObject(request.resource, { ...result }).object
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw internalError(message.replace(/^.* cannot be handled as a \w+: /, ''))
  }
}
