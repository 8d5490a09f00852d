import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { ApiAnswer } from '../../support/api.ts'
import type { HookCall, HookReply, WebhookServer } from '../../support/webhook-server.ts'
import { type Contract, runSteps, type Steps } from './contract.ts'
import { createNormaliser, type Normaliser, shortenFailure } from './normalise.ts'

/** The `request` of an AdmissionReview, as far as cases look into it. */
export interface ReviewRequest {
  readonly uid: string
  readonly operation: string
  readonly object: { readonly metadata: { readonly labels?: Record<string, string> } } | null
}

/** What one webhook answers to one review: the `response` without its uid, or something else than a review. */
export type HookAnswer = (request: ReviewRequest, count: number) => HookReply | { readonly response: object }

/** One webhook of a case: fields of its configuration, and what it answers. */
export interface Hook {
  readonly config?: object
  /** Where it is called instead of this machine's server: to fail. */
  readonly clientConfig?: object
  readonly answer: HookAnswer
}

/** A webhook configuration, and requests while it is in force. */
export interface HookCase {
  /** Value of the label `hook` by which objects of the case are chosen, and part of names. */
  readonly slug: string
  readonly hooks: readonly Hook[]
  /** Record how often each webhook was called, not with what. */
  readonly isCounting?: boolean
  readonly steps: Steps
}

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const MAPS = '/api/v1/namespaces/default/configmaps'
const ALL_RULES = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps', 'nodes', 'services'] },
]
const POLL_MS = 20

export const allow: HookAnswer = () => ({ response: { allowed: true } })

/** Allows with a JSON patch. */
export const patchWith =
  (operations: readonly object[]): HookAnswer =>
  () => ({ response: toPatchResponse(operations) })

export const toPatchResponse = (operations: readonly object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})

/** Runs the steps under the case's configuration; answers and reviews are compared with the recorded ones. */
export async function runHookCase(
  t: Test,
  contract: Contract,
  server: WebhookServer,
  name: string,
  each: HookCase,
): Promise<void> {
  const configuration = `${CONFIGURATIONS}/contract-${each.slug}`
  const paths = each.hooks.map((_, index) => `/${contract.cluster.kind}/${each.slug}/${index}`)
  for (const [index, { answer }] of each.hooks.entries()) listen(server, paths[index] ?? '', answer)
  await contract
    .api()
    .call({ method: 'POST', path: CONFIGURATIONS, body: toConfiguration(server, paths, each) })
  await untilInForce(contract, server, each.slug)
  const answers = await runSteps(t, contract, each.steps, (answer, path) =>
    untilCached(contract, answer, path),
  )
  await contract.api().call({ method: 'DELETE', path: configuration })

  const normalise = createNormaliser()
  contract.recording.check(t, name, {
    answers: answers.map(({ status, body, headers }) => ({
      status,
      ...(headers['warning'] ? { warning: headers['warning'] } : {}),
      body: normalise(shortenFailure(status, body)),
    })),
    reviews: paths.map(path => {
      const calls = server.calls(path)
      return each.isCounting ? calls.length : calls.map(call => toSummary(call, normalise))
    }),
  })
}

function toSummary({ path, headers, body }: HookCall, normalise: Normaliser): object {
  return { query: path.split('?')[1], authorization: headers.authorization ?? 'none', body: normalise(body) }
}

function listen(server: WebhookServer, path: string, answer: HookAnswer): void {
  let count = 0
  server.on(path, ({ body }) => {
    const { request } = body as { request: ReviewRequest }
    count += 1
    const reply = answer(request, count)
    if (reply === 'hang' || !('response' in reply)) return reply
    const response = { uid: request.uid, ...reply.response }
    return { json: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } }
  })
}

function toConfiguration(server: WebhookServer, paths: readonly string[], each: HookCase): object {
  const caBundle = Buffer.from(server.ca).toString('base64')
  const common = {
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Fail',
    rules: ALL_RULES,
  }
  const webhooks = each.hooks.map(({ config, clientConfig }, index) => ({
    ...common,
    name: `hook-${index}.example.com`,
    clientConfig: clientConfig ?? { url: server.url + (paths[index] ?? ''), caBundle },
    objectSelector: { matchLabels: { hook: each.slug } },
    ...config,
  }))
  const probe = {
    ...common,
    name: 'probe.example.com',
    clientConfig: { url: `${server.url}/probe-${each.slug}`, caBundle },
    objectSelector: { matchLabels: { probe: each.slug } },
  }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `contract-${each.slug}` },
    webhooks: [...webhooks, probe],
  }
}

/**
 * An API server updates what its watch cache holds, and when that turns out to be old, it starts again: one request then
 * raises a second review (seen in 48 of 1,500 patches on a busy machine). A read of that version waits for the cache.
 */
async function untilCached(contract: Contract, { status, body }: ApiAnswer, path: string): Promise<void> {
  const { name, resourceVersion } = body.metadata ?? {}
  if (status >= 300 || !name || !resourceVersion) return
  const asked = path.split('?')[0] ?? ''
  // A POST names the collection, an apply that creates the object itself.
  const object = status === 201 && !asked.endsWith(`/${name}`) ? `${asked}/${name}` : asked
  await contract.api().call({ method: 'GET', path: `${object}?resourceVersion=${resourceVersion}` })
}

/** An API server calls a new webhook some moments after it is registered: asked until its probe is called. */
async function untilInForce(contract: Contract, server: WebhookServer, slug: string): Promise<void> {
  const path = `/probe-${slug}`
  listen(server, path, allow)
  const body = { metadata: { name: `probe-${slug}`, labels: { probe: slug } } }
  const before = server.calls(path).length
  while (server.calls(path).length === before) {
    await contract.api().call({ method: 'POST', path: `${MAPS}?dryRun=All`, body })
    await sleep(POLL_MS)
  }
}
