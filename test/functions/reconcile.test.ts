import t from 'tap'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createReconcileHandler } from '../../functions/reconcile.ts'
import type { Controllers, ReconcileKey, WorkCall } from '../../shared/controllers/contract.ts'
import { CcmError, type ErrorCode } from '../../shared/errors.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { createBackstage, toControllers, until } from './_hosts.ts'

const ENV = { PNAP_CLIENT_ID: 'client-1', PNAP_CLIENT_SECRET: 'secret-1', PNAP_LOG_LEVEL: 'debug' }

function createBench(reconcile: Controllers['reconcile'], env: Record<string, string> = ENV) {
  const clock = createTurnableClock()
  const lines: Record<string, unknown>[] = []
  const state = { closed: 0, apps: 0 }
  const host = createFunctionHost({
    clock,
    readSources: async () => ({ env }),
    createApp: async () => {
      state.apps += 1
      const controllers = { ...toControllers(createBackstage()), reconcile }
      return { controllers, closeIdle: () => void (state.closed += 1) }
    },
    write: line => void lines.push(JSON.parse(line)),
  })
  const handler = createReconcileHandler(host)
  const invoke = (payload: unknown) => handler(payload, { getRemainingTimeInMillis: () => 60_000 })
  return { clock, lines, state, invoke }
}

const unchanged: Controllers['reconcile'] = async keys =>
  keys.map(key => ({ key, result: 'unchanged', why: 'as it should be' }))

t.test('keys are reconciled within the time of the function, twice if invoked twice', async t => {
  const seen: { keys: readonly ReconcileKey[]; call: WorkCall }[] = []
  const { clock, state, lines, invoke } = createBench(async (keys, call) => {
    seen.push({ keys, call })
    return unchanged(keys, call)
  })
  const payload = { keys: [{ kind: 'Node', name: 'node-a' }, { kind: 'Node' }] }
  t.strictSame(await invoke(payload), { keys: 2, malformed: 0, retry: 0, waiting: 0 })
  await invoke(payload)
  t.strictSame(seen[0]?.keys, payload.keys)
  t.equal(seen[0]?.call.deadline, clock.now() + 59_500)
  t.strictSame(state, { apps: 1, closed: 2 }, 'one application a process, its sockets closed each time')
  t.strictSame(
    lines.map(({ node, why }) => [node, why]),
    [
      ['node-a', 'as it should be'],
      [undefined, 'as it should be'],
      ['node-a', 'as it should be'],
      [undefined, 'as it should be'],
    ],
  )
})

const PAYLOADS: readonly [payload: unknown, keys: number, malformed: number][] = [
  [undefined, 0, 1],
  ['text', 0, 1],
  [{}, 0, 1],
  [{ keys: {} }, 0, 1],
  [{ keys: [] }, 0, 0],
  [{ keys: [null, 'Node', {}, { kind: 'Pod', name: 'a' }] }, 0, 4],
  [
    {
      keys: [
        { kind: 'Node', name: 7 },
        { kind: 'Node', name: '' },
        { kind: 'Node', name: 'x'.repeat(254) },
        { kind: 'Service', name: 'web' },
      ],
    },
    0,
    4,
  ],
  [{ keys: [{ kind: 'Node', name: 'node-a', uid: '1' }, null] }, 1, 1],
]
t.test('what is no key is left out', async t => {
  for (const [payload, keys, malformed] of PAYLOADS) {
    const { invoke } = createBench(unchanged)
    t.match(await invoke(payload), { keys, malformed }, JSON.stringify(payload)?.slice(0, 60) ?? 'undefined')
  }
})

const failsWith =
  (...codes: ErrorCode[]): Controllers['reconcile'] =>
  async keys =>
    keys.map((key, i) => ({ key, result: 'retry', why: '', code: codes[i] ?? codes[0] }))
const NODES = ['node-a', 'node-b'].map(name => ({ kind: 'Node', name }))

t.test('failures that pass by themselves, or that are of one object, end in retry', async t => {
  const keys = NODES.slice(1)
  const failing = createBench(() => Promise.reject(new CcmError('KUBE_UNREACHABLE', 'no answer')))
  t.strictSame(await failing.invoke({ keys }), { keys: 1, malformed: 0, retry: 1, waiting: 0 })
  t.match(failing.lines, [
    { level: 'error', code: 'KUBE_UNREACHABLE' },
    { level: 'warn', result: 'retry' },
  ])
  for (const codes of [
    ['BMC_SERVER_ERROR'],
    ['CCM_NODE_IP_MISMATCH'],
    ['BMC_CREDENTIALS_INVALID', 'BMC_TIMEOUT'],
  ] as const)
    t.match(await createBench(failsWith(...codes)).invoke({ keys: NODES }), { keys: 2, retry: 2 }, codes[0])
})

t.test('a failure of the deployment fails the invocation, so that the platform counts it', async t => {
  const unset = createBench(unchanged, {})
  await t.rejects(unset.invoke({ keys: NODES }), {
    name: 'FunctionFailed',
    message: 'reconcile failed: CCM_CONFIG_INVALID',
  })
  t.match(unset.lines, [{ level: 'error', code: 'CCM_CONFIG_INVALID' }])
  for (const code of ['BMC_CREDENTIALS_INVALID', 'KUBE_CREDENTIALS_INVALID', 'KUBE_FORBIDDEN'] as const) {
    const { invoke, state } = createBench(failsWith(code))
    await t.rejects(invoke({ keys: NODES }), { code })
    t.equal(state.closed, 1)
  }
  const thrown = createBench(() => Promise.reject(new CcmError('KUBE_FORBIDDEN', 'no role')))
  await t.rejects(thrown.invoke({ keys: NODES }), { code: 'KUBE_FORBIDDEN' })
})

t.test('work that heeds no deadline is left behind', async t => {
  const { clock, invoke, state } = createBench(() => new Promise(() => {}))
  const answer = invoke({ keys: [{ kind: 'Node' }] })
  await until(() => state.apps > 0)
  await clock.turn(59_700)
  t.strictSame(await answer, { keys: 1, malformed: 0, retry: 1, waiting: 0 })
})

const service = (name: string): ReconcileKey => ({ kind: 'Service', namespace: 'shop', name })
const SERVICES = ['a', 'b'].map(service)

/** Answers each look at a Service with the next of its outcomes, the last one for ever. */
function scripted(script: Record<string, (number | 'changed' | 'retry')[]>) {
  const looks: { at: number; names: unknown[] }[] = []
  const clockOf: { now?: () => number } = {}
  const reconcile: Controllers['reconcile'] = async keys => {
    looks.push({ at: clockOf.now?.() ?? 0, names: keys.map(({ name }) => name) })
    return keys.map(key => {
      const steps = script[key.name ?? ''] ?? []
      const step = steps.length > 1 ? steps.shift() : steps[0]
      if (step === undefined) return { key, result: 'waiting', why: 'a block is assigned' }
      return typeof step === 'number'
        ? { key, result: 'waiting', retryAfterMs: step, why: 'a block is assigned' }
        : { key, result: step, why: '' }
    })
  }
  const bench = createBench(reconcile)
  const start = bench.clock.now()
  clockOf.now = () => bench.clock.now() - start
  return { ...bench, looks }
}

t.test('what the cloud works on is looked at again, each when it is time', async t => {
  const { invoke, clock, looks, state, lines } = scripted({
    a: [5000, 10_000, 'changed'],
    b: [8000, 'retry'],
  })
  const answer = invoke({ keys: SERVICES })
  await until(() => looks.length === 1)
  await clock.turn(30_000)
  t.strictSame(await answer, { keys: 2, malformed: 0, retry: 1, waiting: 0 })
  t.strictSame(looks, [
    { at: 0, names: ['a', 'b'] },
    { at: 5000, names: ['a'] },
    { at: 8000, names: ['b'] },
    { at: 15_000, names: ['a'] },
  ])
  t.equal(state.closed, 1)
  t.match(lines[0], { service: 'shop/a', result: 'waiting', retryAfterMs: 5000 })
})

t.test('it ends while a last look would not be sure to end in time', async t => {
  // 60 s less a margin of 0.5 s less 10 s: the look at 49.5 s is the last one possible.
  for (const [everyMs, last] of [
    [9900, 49_500],
    [9901, 39_604],
    [60_000, 0],
  ] as const) {
    const { invoke, clock, looks } = scripted({ a: [everyMs] })
    const answer = invoke({ keys: [service('a')] })
    await until(() => looks.length === 1)
    await clock.turn(60_000)
    t.strictSame(await answer, { keys: 1, malformed: 0, retry: 0, waiting: 1 })
    t.equal(looks.at(-1)?.at, last)
  }
})

t.test('a wait of nobody knows how long is neither short nor none', async t => {
  for (const [steps, at] of [
    [[], 5000],
    [[0, 'changed'], 1000],
  ] as const) {
    const { invoke, clock, looks } = scripted({ a: [...steps] })
    const answer = invoke({ keys: [service('a')] })
    await until(() => looks.length === 1)
    await clock.turn(60_000)
    await answer
    t.equal(looks[1]?.at, at)
  }
})

t.test('a whole kind is looked at again by the objects that wait', async t => {
  const looks: (readonly ReconcileKey[])[] = []
  const { invoke, clock } = createBench(async keys => {
    looks.push(keys)
    return looks.length > 1
      ? keys.map(key => ({ key, result: 'changed', why: '' }))
      : [
          { key: service('a'), result: 'waiting', retryAfterMs: 2000, why: '' },
          { key: service('b'), result: 'unchanged', why: '' },
        ]
  })
  const answer = invoke({ keys: [{ kind: 'Service', namespace: 'shop' }] })
  await until(() => looks.length === 1)
  await clock.turn(2000)
  t.match(await answer, { retry: 0, waiting: 0 })
  t.strictSame(looks, [[{ kind: 'Service', namespace: 'shop' }], [service('a')]])
})

t.test('nodes do not stand in line behind Services', async t => {
  const seen: unknown[] = []
  const { invoke, clock } = createBench(async keys => {
    seen.push(keys[0]?.kind)
    if (keys[0]?.kind === 'Service') return new Promise(() => {})
    return keys.map(key => ({ key, result: 'changed', why: '' }))
  })
  const answer = invoke({ keys: [service('a'), { kind: 'Node', name: 'node-a' }] })
  await until(() => seen.length === 2)
  await clock.turn(59_700)
  t.strictSame(await answer, { keys: 2, malformed: 0, retry: 1, waiting: 0 })
})

t.test('lines name the work that rang; a payload of an earlier version has an id of its own', async t => {
  const { invoke, lines } = createBench(unchanged)
  const keys = [{ kind: 'Node', name: 'node-a' }, 'no key']
  await invoke({ keys, correlationIds: ['review-1', 'no\nid', 'audit-1'] })
  await invoke({ keys })
  const ids = lines.map(({ msg, correlationId }) => [msg, correlationId])
  t.strictSame(ids.slice(0, 2), [
    ['payload holds entries that are no keys', 'review-1,audit-1'],
    ['reconciled, nothing to do', 'review-1,audit-1'],
  ])
  t.match(ids[2]?.[1], /^[\da-f-]{36}$/)
  t.equal(ids[3]?.[1], ids[2]?.[1])
})
