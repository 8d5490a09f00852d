import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import fetch, { type Response } from 'node-fetch'
import t, { type Test } from 'tap'
import { NO_LIMITS } from '../../functions/overload-plan.ts'
import { type Serving, type ServingParts, startServing } from '../../functions/serving.ts'
import { readTlsFiles } from '../../functions/tls.ts'
import type { Controllers, ReconcileKey } from '../../shared/controllers/contract.ts'
import { CcmError } from '../../shared/errors.ts'
import { createLog } from '../../shared/log.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'
import {
  bearer,
  createBackstage,
  EMPTY_REPORT,
  MAX_BODY_BYTES,
  review,
  serviceReview,
  TOKEN,
  toControllers,
  until,
} from './_hosts.ts'

interface Bench {
  readonly serving: Serving
  readonly clock: TurnableClock
  readonly lines: Record<string, unknown>[]
  readonly state: { passes: number; closed: number; keys: ReconcileKey[]; versions: number }
  readonly post: (path: string, body: string) => Promise<Response>
  readonly get: (path: string) => Promise<Response>
}

async function start(
  t: Test,
  controllers: Partial<Controllers> = {},
  options: Partial<ServingParts> & { readonly version?: () => Promise<void> } = {},
): Promise<Bench> {
  const clock = createTurnableClock()
  const lines: Record<string, unknown>[] = []
  const state: Bench['state'] = { passes: 0, closed: 0, keys: [], versions: 0 }
  const all: Controllers = {
    ...toControllers(createBackstage()),
    async reconcile(keys) {
      state.keys.push(...keys)
      return keys.map(key => ({ key, result: 'changed', why: 'initialised' }))
    },
    async resync() {
      state.passes += 1
      return EMPTY_REPORT
    },
    ...controllers,
  }
  const kube = {
    async request() {
      state.versions += 1
      await options.version?.()
    },
  }
  const serving = await startServing({
    app: { controllers: all, kube, close: () => void (state.closed += 1) },
    log: await createLog({ level: 'info', write: line => void lines.push(JSON.parse(line)) }),
    clock,
    random: () => 0,
    listen: { host: '127.0.0.1', port: 0 },
    tokens: () => [TOKEN],
    resyncIntervalMs: 60_000,
    maxBodyBytes: MAX_BODY_BYTES,
    shutdownGraceMs: 20_000,
    limits: NO_LIMITS,
    lagMs: () => 0,
    ...options,
  })
  t.teardown(() => serving.close())
  const url = `http://127.0.0.1:${serving.port}`
  const post = (path: string, body: string) =>
    fetch(url + path, { method: 'POST', headers: bearer(TOKEN), body })
  return { serving, clock, lines, state, post, get: path => fetch(url + path) }
}

const batch = (name: string): string =>
  JSON.stringify({
    kind: 'EventList',
    apiVersion: 'audit.k8s.io/v1',
    items: [{ stage: 'ResponseComplete', verb: 'create', objectRef: { resource: 'nodes', name } }],
  })

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

t.test('an audit event is reconciled in the same process', async t => {
  const { post, state, serving } = await start(t)
  t.equal((await post('/audit', batch('node-a'))).status, 200)
  t.strictSame(state.keys, [{ kind: 'Node', name: 'node-a' }])
  await settle()
  t.equal(serving.queue.size(), 0)
})

t.test('what a review of a Service rings is reconciled in the same process', async t => {
  const key = { kind: 'Service', namespace: 'shop', name: 'web' } as const
  const { post, state } = await start(t, {
    admitService: async () => ({ patch: undefined, why: '', warnings: [], ring: [key] }),
  })
  t.equal((await post('/admission', serviceReview())).status, 200)
  t.strictSame(state.keys, [key])
})

t.test('passes are made at once and on schedule, none after the end', async t => {
  const { state, clock, serving } = await start(t)
  await clock.turn(120_000)
  t.equal(state.passes, 3)
  await serving.close()
  await clock.turn(120_000)
  t.equal(state.passes, 3)
  t.equal(state.closed, 1)
})

t.test('it is ready once the API server has answered, whatever comes later', async t => {
  let failure: Error | undefined = new CcmError('KUBE_UNREACHABLE', 'no answer')
  const version = () => (failure ? Promise.reject(failure) : Promise.resolve())
  const { get, clock, lines, state } = await start(t, {}, { version })
  await clock.turn(4000)
  t.equal((await get('/readyz')).status, 503)
  t.equal((await get('/healthz')).status, 200)
  t.equal(lines.filter(({ code }) => code === 'KUBE_UNREACHABLE').length, 1, 'told once')
  failure = undefined
  await clock.turn(2000)
  t.equal((await get('/readyz')).status, 200)
  t.equal(state.versions, 4)
})

t.test('it registers once it is of use, and looks again at each refresh', async t => {
  let failure: Error | undefined = new CcmError('KUBE_UNREACHABLE', 'no answer')
  let registered = 0
  const { clock } = await start(
    t,
    {},
    {
      version: () => (failure ? Promise.reject(failure) : Promise.resolve()),
      register: async () => void (registered += 1),
    },
  )
  await clock.turn(31_000)
  t.equal(registered, 0, 'not while nobody could be served')
  failure = undefined
  await clock.turn(2000)
  t.equal(registered, 1, 'without waiting for the next refresh')
  await clock.turn(30_000)
  t.equal(registered, 2)
})

t.test('an end waits for the review and the work under way', async t => {
  const review1 = Promise.withResolvers<void>()
  const work = Promise.withResolvers<void>()
  let reviewing = false
  const { post, serving, state, lines } = await start(t, {
    async admitNode() {
      reviewing = true
      await review1.promise
      return { patch: [{ op: 'remove', path: '/x' }], why: '', warnings: [] }
    },
    async reconcile(keys) {
      await work.promise
      return keys.map(key => ({ key, result: 'changed', why: '' }))
    },
  })
  await post('/audit', batch('node-a'))
  const answer = post('/admission', review())
  await until(() => reviewing)
  const ended = serving.close()
  t.equal(serving.close(), ended, 'ending twice is ending once')
  await settle()
  review1.resolve()
  const { headers } = await answer
  t.equal(headers.get('connection'), 'close', 'the connection does not outlive the answer')
  t.match(await (await answer).json(), { response: { patchType: 'JSONPatch' } })
  t.equal(state.closed, 0)
  work.resolve()
  await ended
  t.equal(state.closed, 1)
  t.equal(lines.at(-1)?.['msg'], 'ended')
  await t.rejects(post('/admission', review()), { code: 'ECONNREFUSED' })
})

/** Ends with its signal, not before. */
const hang = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))

t.test('work that does not end is ended by the grace time', async t => {
  const { post, serving, clock, state } = await start(t, {
    reconcile: (_keys, call) => hang(call.signal),
    resync: call => hang(call.signal),
  })
  await post('/audit', batch('node-a'))
  const ended = serving.close()
  await settle()
  await settle()
  await clock.turn(19_000)
  t.equal(state.closed, 0)
  await clock.turn(1000)
  await ended
  t.equal(state.closed, 1)
})

const read = (path: string): Promise<string> => readFile(path, 'utf8')

t.test('changed certificate files are taken into use, broken ones are not', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'serving-'))
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const write = async (pair: { cert: string; key: string }): Promise<void> => {
    await writeFile(paths.cert, pair.cert)
    await writeFile(paths.key, pair.key)
  }
  const [first, second] = [
    await createCertificates({ hosts: ['first.test'] }),
    await createCertificates({ hosts: ['second.test'] }),
  ]
  await write(first)
  const readPair = () => readTlsFiles(paths, read)
  const tls = { files: await readPair(), read: readPair }
  const { clock, serving, lines } = await start(t, {}, { tls })
  t.equal(await subject(serving.port), 'first.test')
  await write({ cert: second.cert, key: first.key })
  await refreshed(clock, lines, 'changed files cannot be used, the old ones stay in use')
  t.equal(await subject(serving.port), 'first.test')
  await write(second)
  await refreshed(clock, lines, 'certificate changed, taken into use')
  t.equal(await subject(serving.port), 'second.test')
})

/** Turns to the next refresh, and waits for the files to have been read. */
async function refreshed(clock: TurnableClock, lines: Bench['lines'], msg: string): Promise<void> {
  await clock.turn(30_000)
  await until(() => lines.some(line => line['msg'] === msg))
}

function subject(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

t.test('an address that is taken is a setting to correct', async t => {
  const { serving } = await start(t)
  await t.rejects(start(t, {}, { listen: { host: '127.0.0.1', port: serving.port } }), {
    code: 'CCM_CONFIG_INVALID',
    message: /PNAP_LISTEN: cannot listen there \(EADDRINUSE\)/,
  })
})
