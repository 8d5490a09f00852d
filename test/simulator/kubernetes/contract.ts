import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Api, type ApiAnswer, createApi, type PatchKind } from '../../support/api.ts'
import { type EachClusterOptions, forEachCluster, type TestCluster } from '../../support/cluster.ts'
import { createNormaliser, shortenFailure } from './normalise.ts'
import { isRecording, openRecording, type Recording } from './recording.ts'

/** One request, and how the API server answers it; the whole answer is compared with the recorded one. */
export interface Step {
  /** As `POST /api/v1/nodes?dryRun=All`. */
  readonly call: string
  readonly user?: string
  readonly body?: unknown
  readonly patch?: PatchKind
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  /** `reason` of a refusal; a refusal without one has none. */
  readonly reason?: string | undefined
}

/** GET; the path may have a query. */
export const read = (path: string): Step => ({ call: `GET ${path}`, status: 200 })
/** POST. */
export const create = (path: string, body: unknown): Step => ({ call: `POST ${path}`, body, status: 201 })
/** PUT. */
export const replace = (path: string, body: unknown): Step => ({ call: `PUT ${path}`, body, status: 200 })
export const patch = (kind: PatchKind, path: string, body: unknown): Step => ({
  call: `PATCH ${path}`,
  patch: kind,
  body,
  status: 200,
})
/** DELETE, with DeleteOptions if any. */
export const remove = (path: string, body?: unknown): Step => ({ call: `DELETE ${path}`, body, status: 200 })
/** The same step, answered by a refusal. */
export const refused = (step: Step, status: number, reason?: string): Step => ({ ...step, status, reason })
/** The same step by another user. */
export const as = (user: string, step: Step): Step => ({ ...step, user })

/** A step that needs what the steps before it were answered. */
export type Steps = readonly (Step | ((answers: readonly ApiAnswer[]) => Step))[]

/** What is true of the API server, shown by requests. Cases share a cluster: each names its objects differently. */
export type Cases = Readonly<Record<string, Steps>>

/** How often, and how far apart, somebody asks who has a role now. */
const TRIES = 100
const POLL_MS = 20

/** Suite of one theme on one cluster. */
export interface Contract {
  readonly cluster: TestCluster
  readonly recording: Recording
  /** A client of that user, `admin` by default; one for each user. */
  api(user?: string): Api
}

/** Runs a suite on the simulator and, where there is one, on the real API server; when recording, only on that. */
export function testContract(
  t: Test,
  theme: string,
  options: EachClusterOptions,
  suite: (t: Test, contract: Contract) => Promise<void>,
): void {
  forEachCluster(t, theme, { everyKind: !isRecording, ...options }, async (t, cluster) => {
    const apis = new Map<string, Api>()
    t.teardown(() => {
      for (const api of apis.values()) api.close()
    })
    const api = (user = 'admin'): Api => {
      const known = apis.get(user) ?? createApi(cluster.kubeconfig(user))
      apis.set(user, known)
      return known
    }
    await suite(t, { cluster, recording: openRecording(t, theme), api })
  })
}

/** Runs the cases of a table, each in a subtest. */
export async function runCases(t: Test, contract: Contract, cases: Cases): Promise<void> {
  for (const [name, steps] of Object.entries(cases)) {
    await t.test(name, async t => {
      const answers = await runSteps(t, contract, steps)
      const normalise = createNormaliser()
      const summary = answers.map(({ status, body }) => ({
        status,
        body: normalise(shortenFailure(status, body)),
      }))
      contract.recording.check(t, name, summary)
    })
  }
}

/**
 * @param settle awaited after each step
 * @returns the answers, one for each step
 */
export async function runSteps(
  t: Test,
  contract: Contract,
  steps: Steps,
  settle?: (answer: ApiAnswer, path: string) => Promise<void>,
): Promise<ApiAnswer[]> {
  const answers: ApiAnswer[] = []
  for (const [index, each] of steps.entries()) {
    const step = typeof each === 'function' ? each(answers) : each
    const [, path = ''] = step.call.split(' ')
    const answer = await ask(contract, step)
    answers.push(answer)
    const refusal = answer.body['reason'] ? `: ${String(answer.body['message'])}` : ''
    t.equal(answer.status, step.status, `${index + 1}. ${step.call} answers ${step.status}${refusal}`)
    if (step.status >= 400)
      t.equal(answer.body['reason'], step.reason, `${index + 1}. ${step.call} says ${step.reason}`)
    await settle?.(answer, path)
  }
  return answers
}

/** A real API server hears of a new role some moments after it stored it: whoever has it now asks again. */
async function ask(contract: Contract, step: Step): Promise<ApiAnswer> {
  const { call, user, body, patch, headers, status } = step
  const [method = '', path = ''] = call.split(' ')
  for (let tries = 1; ; tries++) {
    const answer = await contract.api(user).call({ method, path, body, patch, headers })
    const isEarly = user !== undefined && answer.status === 403 && status !== 403
    if (!isEarly || contract.cluster.kind === 'simulator' || tries === TRIES) return answer
    await sleep(POLL_MS)
  }
}

/** The answer to step `index` (from 0), or the last one with -1. */
export function answerOf(answers: readonly ApiAnswer[], index: number): ApiAnswer {
  const answer = answers.at(index)
  if (!answer) throw new Error(`there is no answer ${index} yet`)
  return answer
}

/** `metadata.resourceVersion` of an answer. */
export const versionOf = (answers: readonly ApiAnswer[], index: number): string =>
  answerOf(answers, index).body.metadata?.resourceVersion ?? ''

/** `metadata.uid` of an answer. */
export const uidOf = (answers: readonly ApiAnswer[], index: number): string =>
  answerOf(answers, index).body.metadata?.uid ?? ''
