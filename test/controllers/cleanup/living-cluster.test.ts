import t from 'tap'
import { createClusterLook } from '../../../shared/controllers/cleanup/living-cluster.ts'
import { CcmError, type ErrorCode } from '../../../shared/errors.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'

const UID = '3f0c9a52-7d1e-4b7a-9c55-0e6a1d2b3c4d'
const SERVER = 'https://cluster.example:6443'

const nothing = (): undefined => undefined

/** A cluster that gives these answers in turn, the last one for ever. */
function toKube(...answers: readonly (string | Error)[]) {
  let count = 0
  async function request(): Promise<unknown> {
    const answer = answers[Math.min(count, answers.length - 1)]
    count += 1
    if (answer instanceof Error) throw answer
    return { body: { metadata: { uid: answer } }, date: 0 }
  }
  const kube: Kube = { server: SERVER, request: request as Kube['request'], close: nothing, end: nothing }
  return { kube, count: () => count }
}

const failed = (code: ErrorCode, causeCode?: string, status?: number): CcmError =>
  new CcmError(code, 'it failed', {
    ...(causeCode === undefined ? {} : { cause: Object.assign(new Error('no'), { code: causeCode }) }),
    ...(status === undefined ? {} : { fields: { status } }),
  })

/** Time passes while it sleeps, and for nothing else. */
function createSleeplessClock() {
  const clock = createTurnableClock()
  return { now: () => clock.now(), sleep: (ms: number) => clock.turn(ms) }
}

const REFUSED = failed('KUBE_UNREACHABLE', 'ECONNREFUSED')
const CASES: readonly [name: string, answers: (string | Error)[], state: string, requests: number][] = [
  ['another cluster', ['other-uid'], 'other', 1],
  ['nobody listens', [REFUSED], 'unreachable', 3],
  ['its name is gone', [failed('KUBE_UNREACHABLE', 'ENOTFOUND')], 'unreachable', 3],
  ['no answer in time', [failed('KUBE_TIMEOUT')], 'unreachable', 3],
  ['another cluster at the second attempt', [REFUSED, 'other-uid'], 'other', 2],
]
for (const [name, answers, state, requests] of CASES) {
  t.test(`${name}: ${state}`, async t => {
    const { kube, count } = toKube(...answers)
    const look = createClusterLook(kube, UID, createSleeplessClock())
    t.match(await look(), { state, why: /./ })
    t.equal(count(), requests)
  })
}

const ALIVE: readonly [name: string, answers: (string | Error)[], message: RegExp][] = [
  ['it is that cluster', [UID], /^cluster 3f0c9a52.* is alive at https:\/\/cluster\.example:6443/],
  ['it answers at the last attempt', [REFUSED, failed('KUBE_TIMEOUT'), UID], /is alive at/],
  ['it does not let us look', [failed('KUBE_FORBIDDEN', undefined, 403)], /cannot be found out: it failed$/],
  ['it does not know us', [failed('KUBE_CREDENTIALS_INVALID', undefined, 401)], /cannot be found out/],
  ['it is in trouble', [failed('KUBE_SERVER_ERROR', undefined, 500)], /cannot be found out/],
  ['it is slow behind a proxy', [failed('KUBE_TIMEOUT', undefined, 504)], /cannot be found out/],
  [
    'its certificate is not trusted',
    [failed('KUBE_UNREACHABLE', 'DEPTH_ZERO_SELF_SIGNED_CERT')],
    /found out/,
  ],
]
for (const [name, answers, message] of ALIVE) {
  t.test(`${name}: refused`, async t => {
    const look = createClusterLook(toKube(...answers).kube, UID, createSleeplessClock())
    await t.rejects(look(), { code: 'CCM_CLUSTER_ALIVE', message })
  })
}

t.test('once it was silent, one attempt a look is enough', async t => {
  const { kube, count } = toKube(REFUSED, REFUSED, REFUSED, REFUSED, UID)
  const look = createClusterLook(kube, UID, createSleeplessClock())
  await look()
  t.match(await look(), { state: 'unreachable' })
  t.equal(count(), 4)
  await t.rejects(look(), { code: 'CCM_CLUSTER_ALIVE' })
})

t.test('a request that was given up is no silence', async t => {
  const stop = new AbortController()
  const { kube } = toKube(failed('KUBE_TIMEOUT'))
  stop.abort(new Error('told to end'))
  const look = createClusterLook(kube, UID, createSleeplessClock())
  await t.rejects(look(stop.signal), { code: 'KUBE_TIMEOUT' })
})
