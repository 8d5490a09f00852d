import { type Figure, toMeasured, toRatio } from './figure.ts'
import { sendLoad } from './load.ts'
import { toBatches } from './overload-requests.ts'
import { inTurns } from './rounds.ts'
import { type Run, startWorker, type Worker } from './stage.ts'

const REFERENCE = 'a bare route that parses the same batch'
/** `serve` reads two at once by default, and an API server delivers few. */
const CONNECTIONS = 4
const FULL = { warmUp: 100, batches: 200, rounds: 5 }
const QUICK = { warmUp: 10, batches: 20, rounds: 2 }

/** Audit batches of 400 events each, as large as API servers send them, to the webhook and to a bare route. */
export async function benchAudit(run: Run): Promise<Figure[]> {
  const ours = await startWorker(run, 'audit-worker.ts')
  const bare = await startWorker(run, 'bare-worker.ts', ['bare'])
  try {
    return await measureBoth(run, { ours, bare })
  } finally {
    ours.close()
    bare.close()
  }
}

type Server = Worker & { readonly first: unknown }

interface Round {
  readonly perSecond: number
  readonly perCpuSecond: number
}

async function measureBoth(
  { quick }: Run,
  { ours, bare }: Record<'ours' | 'bare', Server>,
): Promise<Figure[]> {
  const { warmUp, batches, rounds } = quick ? QUICK : FULL
  for (const server of [ours, bare]) await measure(server, warmUp)
  const taken = await inTurns(rounds, {
    bare: () => measure(bare, batches),
    ours: () => measure(ours, batches),
  })
  const compare = (what: string, of: (round: Round) => number): Figure[] => [
    toMeasured({ name: `audit: ${what}`, unit: 'batches of 400 events' }, taken.ours.map(of)),
    toRatio(
      { name: `audit: ${what} / bare route`, reference: REFERENCE },
      taken.ours.map(of),
      taken.bare.map(of),
    ),
  ]
  return [
    ...compare('batches per CPU second', round => round.perCpuSecond),
    ...compare('batches per second', round => round.perSecond),
  ]
}

const REQUESTS = toBatches()

async function measure(server: Server, count: number): Promise<Round> {
  const before = await server.ask<{ readonly cpu: number }>('cpu')
  const load = { port: server.first as number, requests: REQUESTS, connections: CONNECTIONS, count }
  const { seconds } = await sendLoad({ ...load, expected: '"events":400' })
  const after = await server.ask<{ readonly cpu: number }>('cpu')
  return { perSecond: count / seconds, perCpuSecond: (count * 1e6) / (after.cpu - before.cpu) }
}
