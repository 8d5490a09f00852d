import { type AddressInfo, connect, type Socket } from 'node:net'
import fetch from 'node-fetch'
import t, { type Test } from 'tap'
import { createAdmission } from '../../functions/admission.ts'
import { createAudit } from '../../functions/audit.ts'
import { createAuthenticate } from '../../functions/auth.ts'
import { createOverload } from '../../functions/overload.ts'
import { createServer } from '../../functions/server.ts'
import { silentLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { bearer, LABEL_PATCH, review, serviceReview, TOKEN, until } from './_hosts.ts'

const LIMITS = { reviews: 8, waitingReviews: 8, batches: 1, bodyBytes: 440_000, lagMs: 100 }
/** With the webhook's ten seconds a review has 8 s, half of which it may wait. */
const PATIENCE_MS = 4000
const PADDING = 'x'.repeat(140_000)

/** A server whose reviews are worked on when the test says so; two Services' large ones have room, and a node's beside them. */
async function serve(t: Test) {
  const clock = createTurnableClock()
  const slept: number[] = []
  const state = { lagMs: 0, gate: Promise.withResolvers<void>() }
  const started: string[] = []
  const overload = createOverload({
    limits: LIMITS,
    lagMs: () => state.lagMs,
    clock: {
      now: () => clock.now(),
      sleep: (ms, signal) => {
        slept.push(ms)
        return clock.sleep(ms, signal)
      },
    },
    log: silentLog,
  })
  const admit = async (name: string) => {
    started.push(name)
    await state.gate.promise
    return { patch: LABEL_PATCH, why: 'found', warnings: [], ring: [] }
  }
  const webhook = {
    authenticate: createAuthenticate({ tokens: () => [TOKEN] }),
    log: silentLog,
    clock,
    maxBodyBytes: 1_000_000,
  }
  const controllers = {
    admitNode: async ({ metadata }: { metadata: { name: string } }) => admit(metadata.name),
    admitService: async ({ name }: { name: string }) => admit(name),
  }
  const invoker = { invoke: async () => {} }
  const server = createServer({
    ...webhook,
    admission: createAdmission({
      ...webhook,
      controllers: async () => controllers,
      invoker: async () => invoker,
      overload,
    }),
    audit: createAudit({ ...webhook, invoker }),
    ready: () => true,
    overload,
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    server.server.closeAllConnections()
    await server.close()
  })
  const { port } = server.server.address() as AddressInfo
  const send = async (body: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/admission`, {
      method: 'POST',
      headers: bearer(TOKEN),
      body,
    })
    return toOutcome(response.status, await response.text())
  }
  return {
    port,
    clock,
    state,
    started,
    overload,
    /** Lets time pass once so many reviews wait. */
    waiting: (count: number) =>
      until(() => slept.filter(ms => ms === PATIENCE_MS).length === count).then(() =>
        clock.turn(PATIENCE_MS),
      ),
    service: (name: string, more: object = { padding: PADDING }) =>
      send(serviceReview({ name, uid: name, ...more })),
    node: (name: string) => send(toNodeReview(name)),
    health: async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).text(),
  }
}

const toNodeReview = (name: string): string =>
  review({ name, uid: name, object: { metadata: { name }, spec: {} }, padding: PADDING })

/** Status, uid and whether there is a patch. */
function toOutcome(status: number, text: string): string {
  const { response, error } = JSON.parse(text) as {
    response?: { uid: string; allowed: boolean; patch?: string }
    error?: { code: string }
  }
  if (!response) return `${status} ${error?.code}`
  return `${status} ${response.uid} ${response.patch ? 'patched' : response.allowed ? 'untouched' : 'denied'}`
}

t.test('large reviews have room by their length, and those beyond it are let through unread', async t => {
  const { state, started, waiting, overload, service, node, health } = await serve(t)
  const early = ['a', 'b'].map(name => service(name))
  await until(() => started.length === 2)
  const late = ['c', 'd'].map(name => service(name))
  await waiting(2)
  t.strictSame((await Promise.all(late)).toSorted(), ['200 c untouched', '200 d untouched'])
  t.match(overload.wants(), [/2 service reviews let through/])
  t.equal(await health(), 'ok')
  const others = [service('small', {}), node('node')]
  await until(() => started.length === 4)
  state.gate.resolve()
  t.strictSame(await Promise.all([...early, ...others]), [
    '200 a patched',
    '200 b patched',
    '200 small patched',
    '200 node patched',
  ])
  t.equal(await service('e'), '200 e patched', 'there is room again')
  t.strictSame(started.toSorted(), ['a', 'b', 'e', 'node', 'small'], 'and nobody worked on the others')
})

t.test('where Services are let through anyway, a large one is not read', async t => {
  const { state, started, service } = await serve(t)
  state.gate.resolve()
  state.lagMs = 501
  t.equal(await service('a'), '200 a untouched')
  state.lagMs = 0
  t.equal(await service('b'), '200 b patched')
  t.strictSame(started, ['b'])
})

t.test(
  'a review that does not say at its beginning whose it is cannot be answered: it is passed over',
  async t => {
    const { state, service } = await serve(t)
    state.lagMs = 501
    t.equal(await service('a', { uid: undefined, padding: PADDING, name: 'a' }), '429 WEBHOOK_OVERLOADED')
  },
)

/** Sends a review but for its last bytes. */
function sendSlowly(port: number, body: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const head = `POST /admission HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: ${body.length}\r\n\r\n`
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      const answer = new Promise<string>(answered => {
        socket.once('data', data => {
          const [, text = ''] = String(data).split('\r\n\r\n')
          answered(toOutcome(Number(String(data).slice(9, 12)), text))
        })
      })
      socket.write(head + body.slice(0, -10), () => resolve({ socket, answer }))
    })
  })
}

t.test('who sends slowly holds his room for a few seconds', async t => {
  const { port, clock, state, started, service } = await serve(t)
  state.gate.resolve()
  const bodies = ['slow-1', 'slow-2'].map(name => serviceReview({ name, uid: name, padding: PADDING }))
  const slow = await Promise.all(bodies.map(body => sendSlowly(port, body)))
  t.teardown(() => slow.forEach(({ socket }) => socket.destroy()))
  const answers: string[] = []
  for (const { answer } of slow) void answer.then(text => answers.push(text))
  while (answers.length < 2) await clock.turn(10)
  t.strictSame(answers.toSorted(), ['200 slow-1 untouched', '200 slow-2 untouched'])
  t.equal(await service('a'), '200 a patched')
  t.strictSame(started, ['a'])
})
