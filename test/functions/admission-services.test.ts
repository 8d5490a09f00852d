import t from 'tap'
import type { ReconcileKey, ServiceAdmission } from '../../shared/controllers/contract.ts'
import { CcmError } from '../../shared/errors.ts'
import {
  bearer,
  createFunctions,
  LABEL_PATCH,
  onEveryHost,
  review,
  SERVICE,
  serviceReview,
  TOKEN,
  until,
} from './_hosts.ts'

const ALLOWED = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: 'review-1', allowed: true },
}
const admission = { path: '/admission', headers: bearer(TOKEN), query: 'timeout=10s' }
const KEY: ReconcileKey = { kind: 'Service', namespace: 'shop', name: 'web' }
const admit = (more: Partial<ServiceAdmission> = {}) => {
  const whole = {
    patch: LABEL_PATCH,
    why: 'an address was free',
    warnings: ['careful'],
    ring: [KEY],
    ...more,
  }
  return async () => whole
}
const CHANGED = { ...SERVICE, spec: { type: 'ClusterIP' } }

const OPERATIONS = {
  CREATE: [{ object: SERVICE }, { service: SERVICE, old: undefined }],
  UPDATE: [
    { object: CHANGED, oldObject: SERVICE },
    { service: CHANGED, old: SERVICE },
  ],
  DELETE: [
    { object: null, oldObject: SERVICE },
    { service: undefined, old: SERVICE },
  ],
} as const
for (const [operation, [objects, expected]] of Object.entries(OPERATIONS)) {
  onEveryHost(t, `${operation} is reviewed and rings`, async (t, { call, backstage }) => {
    backstage.admitService = admit()
    const { status, body } = await call({ ...admission, body: serviceReview({ operation, ...objects }) })
    t.equal(status, 200)
    const shape = { operation, name: 'web', namespace: 'shop', dryRun: false }
    t.strictSame(
      backstage.reviewed.map(({ review }) => review),
      [{ ...shape, ...expected }],
    )
    t.strictSame(backstage.invoked, [[KEY]])
    t.match(body, { response: { allowed: true, warnings: ['careful'] } })
    const { response } = body as { response: object }
    t.equal('patch' in response, operation !== 'DELETE', 'a patch on DELETE would be refused')
    t.match(backstage.lines.at(-1), { msg: 'service reviewed', service: 'shop/web', operation })
  })
}

onEveryHost(t, 'a name that is made, and the many that are deleted', async (t, { call, backstage }) => {
  const made = { ...SERVICE, metadata: { generateName: 'web-', namespace: 'shop' } }
  await call({ ...admission, body: serviceReview({ name: '', object: made }) })
  t.match(backstage.reviewed.at(-1)?.review, { name: '', namespace: 'shop', operation: 'CREATE' })
  t.match(backstage.lines.at(-1), { service: 'shop/web-' })
  const gone = { operation: 'DELETE', name: undefined, object: null, oldObject: SERVICE }
  await call({ ...admission, body: serviceReview(gone) })
  t.match(backstage.reviewed.at(-1)?.review, { name: 'web', namespace: 'shop', operation: 'DELETE' })
})

onEveryHost(t, 'a name that no Service can have rings nobody', async (t, { call, backstage }) => {
  for (const name of ['x'.repeat(100_000), '..', 'a/b', '\u202eweb']) {
    backstage.admitService = admit({ ring: [{ ...KEY, name }] })
    t.equal((await call({ ...admission, body: serviceReview() })).status, 200)
  }
  t.strictSame(backstage.invoked, [])
})

onEveryHost(t, 'what is no object, or no name, spoils no answer', async (t, { call }) => {
  const odd = { toString: 1 }
  for (const more of [
    { operation: 'DELETE', object: {}, oldObject: SERVICE },
    { operation: 'CREATE', oldObject: {} },
    { name: '', object: { ...SERVICE, metadata: { name: odd, generateName: odd, namespace: 'shop' } } },
  ]) {
    const { status, body } = await call({ ...admission, body: serviceReview(more) })
    t.equal(status, 200)
    t.match(body, ALLOWED)
  }
})

onEveryHost(t, 'a dry run rings nobody', async (t, { call, backstage }) => {
  backstage.admitService = admit()
  const { body } = await call({ ...admission, body: serviceReview({ dryRun: true }) })
  t.match(body, { response: { patchType: 'JSONPatch' } })
  t.equal(backstage.reviewed[0]?.review.dryRun, true)
  t.equal(backstage.invoked.length, 0)
})

/** A function that does not know whom to invoke. */
const WITHOUT_RECONCILE = {
  PNAP_CLIENT_ID: 'client-1',
  PNAP_CLIENT_SECRET: 'secret-1',
  PNAP_WEBHOOK_TOKEN: TOKEN,
}

t.test('nothing to ring for asks for no invoker', async t => {
  const { call, backstage } = createFunctions(WITHOUT_RECONCILE)
  for (const body of [serviceReview(), review()]) {
    t.match((await call({ ...admission, body })).body, { response: { patchType: 'JSONPatch' } })
  }
  t.equal(backstage.lines.filter(({ level }) => level !== 'info').length, 0)
})

onEveryHost(t, 'a ring that fails is logged, and the review answered', async (t, { call, backstage }) => {
  backstage.admitService = admit()
  backstage.invoke = () => Promise.reject(new Error('AccessDenied'))
  const { body } = await call({ ...admission, body: serviceReview() })
  t.match(body, { response: { patchType: 'JSONPatch' } })
  t.match(backstage.lines.at(-1), { level: 'warn', service: 'shop/web', keys: 1, code: 'INVOKE_FAILED' })
})

t.test('a function that knows no reconcile function reviews all the same', async t => {
  const { call, backstage } = createFunctions(WITHOUT_RECONCILE)
  backstage.admitService = admit()
  const { body } = await call({ ...admission, body: serviceReview() })
  t.match(body, { response: { patchType: 'JSONPatch' } })
  t.match(backstage.lines.at(-1), { level: 'warn', code: 'CCM_CONFIG_INVALID' })
})

onEveryHost(t, 'a ring that hangs costs two seconds', async (t, { call, backstage }) => {
  let isRinging = false
  backstage.admitService = admit()
  backstage.invoke = () => {
    isRinging = true
    return new Promise(() => {})
  }
  const answer = call({ ...admission, body: serviceReview() })
  await until(() => isRinging)
  await backstage.clock.turn(2200)
  t.match((await answer).body, { response: { patchType: 'JSONPatch' } })
  t.match(backstage.lines.at(-1), { level: 'warn', code: 'CCM_DEADLINE' })
})

onEveryHost(t, 'a ring costs no more than the time left', async (t, { call, backstage }) => {
  let isRinging = false
  const admitted = Promise.withResolvers<void>()
  let isReviewing = false
  backstage.admitService = async () => {
    isReviewing = true
    await admitted.promise
    return admit()()
  }
  backstage.invoke = () => {
    isRinging = true
    return new Promise(() => {})
  }
  let isAnswered = false
  const answer = call({ ...admission, body: serviceReview() }).finally(() => {
    isAnswered = true
  })
  await until(() => isReviewing)
  await backstage.clock.turn(7500)
  admitted.resolve()
  await until(() => isRinging)
  await backstage.clock.turn(400)
  t.equal(isAnswered, false)
  await backstage.clock.turn(300)
  t.match((await answer).body, { response: { patchType: 'JSONPatch' } })
})

onEveryHost(t, 'an exception lets the Service through', async (t, { call, backstage }) => {
  for (const [error, code] of [
    [new TypeError('x is undefined'), 'CCM_INTERNAL'],
    [new CcmError('KUBE_UNREACHABLE', 'no answer'), 'KUBE_UNREACHABLE'],
  ] as const) {
    backstage.lines.length = 0
    backstage.admitService = () => Promise.reject(error)
    t.strictSame((await call({ ...admission, body: serviceReview() })).body, ALLOWED)
    t.match(backstage.lines, [{ code, service: 'shop/web', msg: 'service let through untouched' }])
  }
})

onEveryHost(t, 'a review has the time of its webhook', async (t, { call, backstage }) => {
  const now = backstage.clock.now()
  await call({ ...admission, body: serviceReview() })
  t.equal(backstage.reviewed[0]?.call.deadline, now + 8000)
  let signal: AbortSignal | undefined
  backstage.admitService = (_review, call) => {
    signal = call.signal
    return new Promise(() => {})
  }
  const answer = call({ ...admission, body: serviceReview() })
  await until(() => signal !== undefined)
  await backstage.clock.turn(8200)
  t.strictSame((await answer).body, ALLOWED)
  t.equal(signal?.aborted, true)
})

onEveryHost(t, 'what a review rings takes its uid along', async (t, { call, backstage }) => {
  const payloads: unknown[] = []
  backstage.admitService = async () => ({
    patch: undefined,
    why: 'waits',
    warnings: [],
    ring: [{ kind: 'Service', namespace: 'shop', name: 'web' }],
  })
  backstage.invoke = async payload => {
    payloads.push(JSON.parse(payload))
    throw new Error('throttled')
  }
  await call({ ...admission, body: serviceReview({ uid: 'uid-1' }) })
  t.match(payloads, [{ correlationIds: ['uid-1'] }])
  t.strictSame(
    backstage.lines.map(({ msg, correlationId }) => [msg, correlationId]),
    [
      ['service reviewed', 'uid-1'],
      ['review could not ring, left to audit and resync', 'uid-1'],
    ],
  )
})
