import { Agent } from 'node:http'
import fetch from 'node-fetch'
import t, { type Test } from 'tap'
import { startServing } from '../../functions/serving.ts'
import type { ReconcileKey } from '../../shared/controllers/contract.ts'
import { createLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { bearer, EMPTY_REPORT, LABEL_PATCH, review, serviceReview, TOKEN, until } from './_hosts.ts'

const LIMITS = { reviews: 4, waitingReviews: 3, batches: 1, bodyBytes: 1_000_000, lagMs: 100 }

interface Answer {
  readonly name: string
  readonly status: number
  readonly retryAfter: string | null
  readonly patched: boolean
}

/** A server whose reviews and keys are worked on when the test says so. */
async function serve(t: Test) {
  const clock = createTurnableClock()
  const gate = Promise.withResolvers<void>()
  const state = { lagMs: 0 }
  const started: ('node' | 'service')[] = []
  const lines: Record<string, unknown>[] = []
  const answers: Answer[] = []
  const reconciled: string[] = []
  const admit = (kind: 'node' | 'service') => async () => {
    started.push(kind)
    await gate.promise
    return { patch: LABEL_PATCH, why: 'found', warnings: [], ring: [] }
  }
  const serving = await startServing({
    app: {
      controllers: {
        admitNode: admit('node'),
        admitService: admit('service'),
        reconcile: async (keys: readonly ReconcileKey[]) => {
          reconciled.push(...keys.map(({ name }) => name ?? ''))
          return keys.map(key => ({ key, result: 'unchanged', why: 'as it should be' }))
        },
        resync: async () => EMPTY_REPORT,
      },
      kube: { request: async () => undefined },
      close: () => {},
    },
    log: await createLog({ level: 'info', write: line => void lines.push(JSON.parse(line)) }),
    clock,
    random: () => 0,
    listen: { host: '127.0.0.1', port: 0 },
    tokens: () => [TOKEN],
    resyncIntervalMs: 60_000,
    maxBodyBytes: 65_536,
    shutdownGraceMs: 0,
    limits: LIMITS,
    lagMs: () => state.lagMs,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  t.teardown(() => agent.destroy())
  t.teardown(() => serving.close())
  const url = `http://127.0.0.1:${serving.port}`

  async function send(name: string, path: string, body: string): Promise<Answer> {
    const response = await fetch(url + path, { method: 'POST', headers: bearer(TOKEN), body, agent })
    const answer = (await response.json()) as { response?: { allowed: boolean; patch?: string } }
    const patched = answer.response?.patch !== undefined
    const told = { name, status: response.status, retryAfter: response.headers.get('retry-after'), patched }
    answers.push(told)
    return told
  }

  return {
    state,
    started,
    lines,
    answers,
    reconciled,
    release: () => gate.resolve(),
    get: async (path: string) => (await fetch(url + path, { agent })).text(),
    node: (name: string) => send(name, '/admission?timeout=10s', review({ name, uid: name })),
    service: (name: string) => send(name, '/admission?timeout=10s', serviceReview({ name, uid: name })),
    batch: (name: string) => send(name, '/audit', toBatch(name)),
  }
}

const toBatch = (name: string): string =>
  JSON.stringify({
    kind: 'EventList',
    apiVersion: 'audit.k8s.io/v1',
    items: [{ stage: 'ResponseComplete', verb: 'create', objectRef: { resource: 'nodes', name } }],
  })

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

t.test(
  'a storm: batches are shed first, then Services, then nodes; health never; nothing is lost',
  async t => {
    const { started, answers, reconciled, release, get, node, service, batch } = await serve(t)
    const all: Promise<Answer>[] = []
    // Three Services and a node take the four places; three of each may wait, and a batch waits while a review does.
    const start = async (count: number, calls: readonly Promise<Answer>[]): Promise<void> => {
      all.push(...calls)
      await until(() => started.length === count)
    }
    await start(3, names('early-service', 3).map(service))
    await start(4, names('early-node', 1).map(node))
    all.push(...names('service', 8).map(service), ...names('node', 8).map(node))
    await until(() => answers.length === 10)
    all.push(...names('batch', 12).map(batch))
    await until(() => answers.length === 18)
    t.equal(await get('/healthz'), 'ok')
    t.match(
      await get('/readyz'),
      /^ok\nbusy: 5 node reviews and 5 service reviews let through, 8 audit batches/,
    )
    const shed = answers.splice(0)
    const untouched = shed.filter(({ name }) => !name.startsWith('batch'))
    t.ok(
      untouched.every(({ status, patched, retryAfter }) => status === 200 && !patched && retryAfter === null),
    )
    t.equal(untouched.filter(({ name }) => name.startsWith('node')).length, 5)
    const refused = shed.filter(({ name }) => name.startsWith('batch'))
    t.ok(refused.every(({ status, retryAfter }) => status === 429 && /^[2-5]$/.test(retryAfter ?? '')))
    t.equal(refused.length, 8)
    t.strictSame(reconciled, [], 'no batch was read while reviews waited')

    release()
    await Promise.all(all)
    const [served, taken] = [answers.filter(({ patched }) => patched), answers.filter(isBatch)]
    t.equal(served.length, 4 + 3 + 3)
    t.strictSame(new Set(taken.map(({ status }) => status)), new Set([200]))
    const waited = ['node', 'node', 'node', 'service', 'service', 'service']
    t.strictSame(started.slice(4), waited, 'nodes that waited went before Services that did')
    // The API server delivers again what was refused.
    for (const { name } of refused) t.equal((await batch(name)).status, 200)
    await until(() => reconciled.length === 12)
    t.strictSame(reconciled.toSorted(), names('batch', 12).toSorted())
  },
)

const isBatch = ({ name }: Answer): boolean => name.startsWith('batch')

t.test(
  'a late event loop refuses batches without reading them, and takes them once it is in time',
  async t => {
    const { state, lines, reconciled, get, batch, node, release } = await serve(t)
    release()
    state.lagMs = 101
    const refused = await Promise.all(names('batch', 40).map(batch))
    t.ok(refused.every(({ status }) => status === 429))
    t.ok((await node('node-1')).patched)
    t.equal(await get('/healthz'), 'ok')
    state.lagMs = 0
    const taken = await Promise.all(names('batch', 5).map(batch))
    t.ok(taken.every(({ status }) => status === 200))
    await until(() => reconciled.length === 5)
    t.equal(lines.filter(({ msg }) => msg === 'load shed').length, 1, 'one line for all of them')
  },
)
