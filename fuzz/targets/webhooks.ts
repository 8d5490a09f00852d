import * as fc from 'fast-check'
import { applyPatch, type Operation } from 'rfc6902'
import { createAdmission } from '../../functions/admission.ts'
import { createAudit } from '../../functions/audit.ts'
import { createAuthenticate } from '../../functions/auth.ts'
import {
  type ApiGatewayEvent,
  callWebhook,
  fromApiGateway,
  type WebhookResponse,
} from '../../functions/http.ts'
import { readPayload, toPayloads } from '../../functions/invoker.ts'
import { toKeyFields, toKeyId } from '../../functions/keys.ts'
import type { ReconcileKey } from '../../shared/controllers/contract.ts'
import { ERRORS } from '../../shared/errors.ts'
import { createLog } from '../../shared/log.ts'
import { createBackstage } from '../backstage.ts'
import { createStillClock } from '../clock.ts'
import { oddText, type Tree, toText, toValue } from '../hostile.ts'
import { damaged, mutated } from '../mutate.ts'
import { define, type Runnable } from '../run.ts'
import * as shapes from '../shapes/webhooks.ts'
import { checkInherited, checkPrototypes, checkText, ensure, watch } from '../watch.ts'

const TOKEN = 'token-of-the-fuzzing'
const ANNOUNCERS = ['kube-vip', 'metallb', 'cilium', 'purelb', 'direct'] as const
/** A line of log is for people; nobody may fill a disk with one request. */
const MAX_LINE = 16_384
/** Of its own a key has no more: a name of 253 characters, and twice 63 for a Service. */
const MAX_KEY = 600

interface Scene {
  readonly parts: Parameters<typeof createAudit>[0]
  readonly lines: string[]
  readonly rung: ReconcileKey[]
}

async function createScene(): Promise<Scene> {
  const lines: string[] = []
  const rung: ReconcileKey[] = []
  const log = await createLog({ level: 'debug', write: line => void lines.push(line) })
  const invoker = { invoke: async (keys: readonly ReconcileKey[]) => void rung.push(...keys) }
  const authenticate = createAuthenticate({ tokens: () => [TOKEN] })
  const parts = { authenticate, log, clock: createStillClock(), maxBodyBytes: 6_291_456, invoker }
  return { parts, lines, rung }
}

const HEAD = {
  method: 'POST',
  query: { timeout: '10s' },
  headers: { authorization: `Bearer ${TOKEN}` },
} as const

/** What every answer has to be, whatever was asked. @returns its outcome */
function judge(response: WebhookResponse, { lines, rung }: Scene, isTyped = false): string {
  ensure(response.status < 500, `answered ${response.status}: ${response.body.slice(0, 300)}`)
  const body: unknown = JSON.parse(response.body)
  checkInherited(body)
  checkPrototypes()
  for (const line of lines) judgeLine(line, isTyped)
  for (const key of rung) ensure(JSON.stringify(key).length <= MAX_KEY, 'a key is longer than any name')
  if (response.status < 400) return 'ok'
  const { code, message } = (body as { error: { code: string; message: string } }).error
  ensure(code in ERRORS && code !== 'CCM_INTERNAL', `refused with ${code}`)
  checkText('the refusal', message, 1000)
  return code
}

/** @param isTyped the API server lets no object with fields of other types through to us; the review of one is let through */
function judgeLine(line: string, isTyped: boolean): void {
  checkText('a line of log', line.trimEnd(), MAX_LINE)
  const { code, why = '' } = JSON.parse(line) as { code?: string; why?: string }
  ensure(code !== 'CCM_INTERNAL', `an unforeseen failure: ${line.slice(0, 600)}`)
  ensure(!isTyped || !/^(\w*Error):/.test(why), `an unforeseen failure: ${why}`)
}

interface Review {
  readonly announcer: (typeof ANNOUNCERS)[number]
  readonly body: string
  readonly isTyped?: boolean
}

const reviews = (body: fc.Arbitrary<Tree>): fc.Arbitrary<Review> =>
  fc.record({ announcer: fc.constantFrom(...ANNOUNCERS), body: damaged(body.map(toText)) })

async function attemptReview({ announcer, body, isTyped }: Review): Promise<string> {
  const scene = await createScene()
  const controllers = createBackstage(announcer, scene.parts.log)
  const { invoker, ...parts } = scene.parts
  const webhook = createAdmission({
    ...parts,
    controllers: async () => controllers,
    invoker: async () => invoker,
  })
  const response = await callWebhook(webhook, { ...HEAD, path: '/admission', body })
  const outcome = judge(response, scene, isTyped)
  return outcome === 'ok' ? judgeAnswer(response, body, isTyped) : outcome
}

/** An answer that the API server takes: the patch of an object that it may send applies, and warnings travel in headers. */
function judgeAnswer(response: WebhookResponse, body: string, isTyped = false): string {
  interface Answer {
    readonly response: {
      readonly allowed: boolean
      readonly patch?: string
      readonly warnings?: readonly string[]
    }
  }
  const { allowed, patch, warnings = [] } = (JSON.parse(response.body) as Answer).response
  ensure(allowed, 'a review was denied')
  for (const warning of warnings) checkText('a warning', warning, 256)
  if (patch === undefined) return warnings.length > 0 ? 'warned' : 'untouched'
  if (!isTyped) return 'patched'
  const { request } = JSON.parse(body) as { request: { object: unknown } }
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as Operation[]
  const problems = applyPatch(request.object, operations).filter(problem => problem !== null)
  ensure(problems.length === 0, `the patch does not apply: ${String(problems[0])}`)
  return 'patched'
}

async function attemptBatch(body: string): Promise<string> {
  const scene = await createScene()
  const response = await callWebhook(createAudit(scene.parts), { ...HEAD, path: '/audit', body })
  const outcome = judge(response, scene)
  for (const payload of toPayloads(scene.rung)) ensure(payload.length <= 131_072, 'a payload is too long')
  return outcome === 'ok' && scene.rung.length > 0 ? 'rung' : outcome
}

interface Called {
  readonly event: Tree
  readonly body: string
}

async function attemptEvent({ event, body }: Called): Promise<string> {
  const scene = await createScene()
  const parsed = { ...(toValue(event) as ApiGatewayEvent), body }
  const request = fromApiGateway(parsed, { getRemainingTimeInMillis: () => 10_000 })
  return judge(await callWebhook(createAudit(scene.parts), request), scene)
}

function attemptPayload(input: Tree): Promise<string> {
  const read = (): string => {
    const { keys } = readPayload(toValue(input))
    for (const key of keys) ensure(JSON.stringify(key).length <= MAX_KEY, 'a key is longer than any name')
    checkInherited(keys.map(key => [toKeyId(key), toKeyFields(key)]))
    ensure(
      readPayload({ keys }).keys.length === keys.length && readPayload({ keys }).malformed === 0,
      'keys do not read as they were written',
    )
    return keys.length > 0 ? 'keys' : 'none'
  }
  return watch({ work: read, codes: /^$/, label: word => word })
}

export const WEBHOOK_TARGETS: readonly Runnable[] = [
  define({ name: 'admission.node', inputs: reviews(mutated(shapes.nodeReview)), attempt: attemptReview }),
  define({
    name: 'admission.service',
    inputs: reviews(mutated(shapes.serviceReview)),
    attempt: attemptReview,
  }),
  // As an API server sends them: of the right types, with whatever a tenant writes into them.
  define({
    name: 'admission.tenant',
    inputs: fc.record({
      announcer: fc.constantFrom(...ANNOUNCERS),
      body: fc
        .oneof({ weight: 4, arbitrary: shapes.serviceReview }, { weight: 1, arbitrary: shapes.nodeReview })
        .map(toText),
      isTyped: fc.constant(true),
    }),
    attempt: attemptReview,
  }),
  define({ name: 'audit.batch', inputs: damaged(mutated(shapes.batch).map(toText)), attempt: attemptBatch }),
  define({ name: 'invoker.payload', inputs: mutated(shapes.payload), attempt: attemptPayload }),
  define({
    name: 'gateway.event',
    inputs: fc.record({
      event: shapes.gatewayEvent,
      body: fc.oneof(damaged(mutated(shapes.batch).map(toText)), oddText),
    }),
    attempt: attemptEvent,
  }),
]
