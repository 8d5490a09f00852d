import t from 'tap'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createReconcileHandler } from '../../functions/reconcile.ts'
import type { Controllers, ReconcileKey, WorkCall } from '../../shared/controllers/contract.ts'
import { CcmError } from '../../shared/errors.ts'
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
  t.strictSame(await invoke(payload), { keys: 2, malformed: 0, retry: 0 })
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
      ],
    },
    0,
    3,
  ],
  [{ keys: [{ kind: 'Node', name: 'node-a', uid: '1' }, null] }, 1, 1],
]
t.test('what is no key is left out', async t => {
  for (const [payload, keys, malformed] of PAYLOADS) {
    const { invoke } = createBench(unchanged)
    t.match(await invoke(payload), { keys, malformed }, JSON.stringify(payload)?.slice(0, 60) ?? 'undefined')
  }
})

t.test('failures end in retry, and nothing is thrown', async t => {
  const keys = [{ kind: 'Node', name: 'node-a' }]
  const failing = createBench(() => Promise.reject(new CcmError('KUBE_UNREACHABLE', 'no answer')))
  t.strictSame(await failing.invoke({ keys }), { keys: 1, malformed: 0, retry: 1 })
  t.match(failing.lines, [
    { level: 'error', code: 'KUBE_UNREACHABLE' },
    { level: 'warn', result: 'retry' },
  ])
  const unset = createBench(unchanged, {})
  t.strictSame(await unset.invoke({ keys }), { keys: 1, malformed: 0, retry: 1 })
  t.match(unset.lines[0], { level: 'error', code: 'CCM_CONFIG_INVALID' })
})

t.test('work that heeds no deadline is left behind', async t => {
  const { clock, invoke, state } = createBench(() => new Promise(() => {}))
  const answer = invoke({ keys: [{ kind: 'Node' }] })
  await until(() => state.apps > 0)
  await clock.turn(59_700)
  t.strictSame(await answer, { keys: 1, malformed: 0, retry: 1 })
})
