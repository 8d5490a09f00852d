import { createFakeNode } from '../test/support/fake-kubelet.ts'
import { type Figure, toMeasured, toRatio } from './figure.ts'
import { type LoadOutcome, sendLoad } from './load.ts'
import { inTurns } from './rounds.ts'
import { seedNodes } from './seed-nodes.ts'
import type { WorkerState } from './serve-worker.ts'
import { nodeName, onStage, type Run, startWorker, toRequest, type Worker } from './stage.ts'
import { percentile } from './statistics.ts'

const SERVERS = 1000
const CONNECTIONS = [1, 32, 256] as const
/** At so many connections the budget is kept: enough that the server never waits for a request. */
const BUSY = 32
const BARE = 'a bare route'
const DUTIES = 'a bare route that checks a token, encodes the patch and logs a line'
/** Of the design: three fifths of a bare route. What is asked of each change is not to lose what has been reached. */
const LIMITS = {
  bare: { budget: { atLeast: 0.2 }, goal: { atLeast: 0.6 } },
  duties: { budget: { atLeast: 0.33 } },
}
const FULL = { warmUp: 20_000, requests: 6000, rounds: 5 }
const QUICK = { warmUp: 1000, requests: 1000, rounds: 2 }
/** Older than that nothing is in a run: what is measured is the answer from a young inventory. */
const INTERVAL = { PNAP_RESYNC_INTERVAL: '1h' }

/** The review with which an API server asks about a kubelet's new node. */
export const toReview = (name: string): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `705ab4f5-6393-11e8-b7cc-${name}`,
      kind: { group: '', version: 'v1', kind: 'Node' },
      resource: { group: '', version: 'v1', resource: 'nodes' },
      operation: 'CREATE',
      name,
      userInfo: { username: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] },
      object: createFakeNode(name),
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
    },
  })

/**
 * Reviews of joining nodes, by `serve` as it is shipped and by a bare route that parses the same review and sends the same
 * answer. What does not depend on what else the machine does is CPU time of the server's process; requests per second and
 * times are those that the caller sees.
 */
export const benchAdmission = (run: Run): Promise<Figure[]> =>
  onStage(SERVERS, async stage => {
    seedNodes(stage)
    const ours = await startWorker(run, 'serve-worker.ts', [], { ...stage.env, ...INTERVAL })
    const patch = await readPatch(ours)
    const bare = await startWorker(run, 'bare-worker.ts', ['bare', patch])
    const duties = await startWorker(run, 'bare-worker.ts', ['duties', patch])
    try {
      return await measureAll(run, { ours, bare, duties })
    } finally {
      for (const server of [ours, bare, duties]) server.close()
    }
  })

type Server = Worker & { readonly first: unknown }

/** What one round brought. */
interface Round extends LoadOutcome {
  readonly perSecond: number
  readonly perCpuSecond: number
}

type Servers<T> = Readonly<Record<'ours' | 'bare' | 'duties', T>>

async function measureAll({ quick }: Run, servers: Servers<Server>): Promise<Figure[]> {
  const { warmUp, requests, rounds } = quick ? QUICK : FULL
  for (const server of Object.values(servers)) await measure(server, BUSY, warmUp)
  const figures: Figure[] = []
  for (const connections of CONNECTIONS) {
    const taken = await inTurns(rounds, {
      bare: () => measure(servers.bare, connections, requests),
      ours: () => measure(servers.ours, connections, requests),
      duties: () => measure(servers.duties, connections, requests),
    })
    figures.push(...toFigures(connections, taken))
  }
  return figures
}

const REQUESTS = Array.from({ length: SERVERS }, (_, index) =>
  toRequest('/admission?timeout=30s', toReview(nodeName(index))),
)

const toLoad = ({ first }: Server, connections: number, count: number) => ({
  port: first as number,
  requests: REQUESTS,
  connections,
  count,
  expected: '"patch":"',
})

async function measure(server: Server, connections: number, count: number): Promise<Round> {
  const before = await server.ask<Pick<WorkerState, 'cpu'>>('cpu')
  const outcome = await sendLoad(toLoad(server, connections, count))
  const after = await server.ask<Pick<WorkerState, 'cpu'>>('cpu')
  const perCpuSecond = (count * 1e6) / (after.cpu - before.cpu)
  return { ...outcome, perSecond: count / outcome.seconds, perCpuSecond }
}

/** The patch of the first node, as it is in the answer. */
async function readPatch(ours: Server): Promise<string> {
  const { last } = await sendLoad(toLoad(ours, 1, 1))
  return (JSON.parse(last) as { response: { patch: string } }).response.patch
}

function toFigures(connections: number, { ours, bare, duties }: Servers<readonly Round[]>): Figure[] {
  const at = `admission, ${connections} ${connections === 1 ? 'connection' : 'connections'}`
  const compare = (what: string, unit: string, of: (round: Round) => number): Figure[] => [
    toMeasured({ name: `${at}: ${what}`, unit }, ours.map(of)),
    toRatio({ name: `${at}: ${what} / bare route`, reference: BARE }, ours.map(of), bare.map(of)),
  ]
  const perCpuSecond = (rounds: readonly Round[]): number[] => rounds.map(round => round.perCpuSecond)
  const what = `${at}: requests per CPU second`
  const limits = connections === BUSY ? LIMITS : { bare: {}, duties: {} }
  return [
    toMeasured({ name: what, unit: 'requests' }, perCpuSecond(ours)),
    toRatio(
      { name: `${what} / bare route`, reference: BARE, ...limits.bare },
      perCpuSecond(ours),
      perCpuSecond(bare),
    ),
    toRatio(
      { name: `${what} / route with its duties`, reference: DUTIES, ...limits.duties },
      perCpuSecond(ours),
      perCpuSecond(duties),
    ),
    ...compare('requests per second', 'requests', round => round.perSecond),
    ...compare('p50', 'ms', ({ times }) => percentile(times, 0.5)),
    ...compare('p99', 'ms', ({ times }) => percentile(times, 0.99)),
  ]
}
