import { ASSIGNED_IPS } from '../shared/kubernetes/names.ts'
import { CONTROLLER } from '../test/support/users.ts'
import { type Budget, type Figure, toCount, toMeasured, toRatio } from './figure.ts'
import { seedServices } from './resync-services.ts'
import type { Done, PassReport } from './resync-worker.ts'
import { inTurns } from './rounds.ts'
import { seedNodes } from './seed-nodes.ts'
import { onStage, type Run, type Stage, startWorker, type Worker } from './stage.ts'
import { growth, median, type Point, slope } from './statistics.ts'

/** How much of everything there is. */
interface Size {
  readonly nodes: number
  readonly services: number
}

const FULL = { nodes: [10, 100, 1000, 10_000], services: [10, 100, 1000, 5000], rounds: 5 }
const QUICK = { nodes: [10, 50, 100], services: [10, 30, 60], rounds: 2 }
/** Of the budget: 1,000 nodes and 500 Services. */
const USUAL = { full: { nodes: 1000, services: 500 }, quick: { nodes: 50, services: 20 } }
const REFERENCE = 'both lists read at once, parsed and kept'
const MEGABYTE = 1e6
/** Twice as much for one more among many than among few would be no straight line any more. */
const LINEAR: Budget = { atMost: 2 }
/** Pages are freed once the little that decides has been picked from them: a pass keeps less of a node than was sent. */
const PAGED: Budget = { atMost: 1 }
/** Passes until all is as it should be: each takes what it has time for. */
const MOST_PASSES = 10

/** An idle pass: what it costs to find nothing to do, over more and more nodes and Services. */
export async function benchResync(run: Run): Promise<Figure[]> {
  const { nodes, services } = run.quick ? QUICK : FULL
  const usual = await measureAt(run, run.quick ? USUAL.quick : USUAL.full)
  const byNodes: Measured[] = []
  for (const count of nodes) byNodes.push(await measureAt(run, { nodes: count, services: 0 }))
  const byServices: Measured[] = []
  for (const count of services) byServices.push(await measureAt(run, { nodes: 10, services: count }))
  // Between few and few it is the noise of a process that grows.
  const grown: typeof toGrowth = run.quick ? () => [] : toGrowth
  return [
    ...toFigures(usual, { atMost: 2 }),
    ...byNodes.flatMap(measured => toFigures(measured)),
    ...grown('node', byNodes, ({ size }) => size.nodes, PAGED),
    ...byServices.flatMap(measured => toFigures(measured)),
    ...grown('Service', byServices, ({ size }) => size.services),
  ]
}

/** What idle passes cost at one size, each beside the reference of its round. */
interface Measured {
  readonly size: Size
  /** CPU seconds of each. */
  readonly cpu: Record<'pass' | 'list', readonly number[]>
  /** Of the whole process, in bytes. */
  readonly peak: Record<'pass' | 'list', number>
  readonly requests: Requests
}

interface Requests {
  readonly lists: number
  readonly reads: number
  readonly writes: number
  readonly renewals: number
}

const measureAt = (run: Run, size: Size): Promise<Measured> =>
  onStage(size.nodes, async stage => {
    seedNodes(stage)
    const env = { ...stage.env, ...seedServices(stage, size.services) }
    await settle(run, stage, env, size)
    const [pass, list] = await Promise.all(
      ['pass', 'list'].map(kind => startWorker(run, 'resync-worker.ts', [kind], env)),
    )
    if (!pass || !list) throw new Error('no worker')
    try {
      const taken = await inTurns(run.quick ? QUICK.rounds : FULL.rounds, {
        list: () => list.ask<Done>('list'),
        pass: () => passOnce(stage, pass),
      })
      return {
        size,
        cpu: { pass: toSeconds(taken.pass), list: toSeconds(taken.list) },
        peak: { pass: toPeak(taken.pass), list: toPeak(taken.list) },
        requests: taken.pass.at(-1)?.counted as Requests,
      }
    } finally {
      pass.close()
      list.close()
    }
  })

const toSeconds = (all: readonly Done[]): number[] => all.map(({ cpu }) => cpu / 1e6)

const toPeak = (all: readonly Done[]): number => Math.max(...all.map(({ peakBytes }) => peakBytes))

/** In a process of its own, so that its memory is none of what is measured. */
async function settle(run: Run, stage: Stage, env: Stage['env'], { services }: Size): Promise<void> {
  const worker = await startWorker({ ...run, profile: undefined }, 'resync-worker.ts', ['pass'], env)
  try {
    const reports: unknown[] = []
    while (reports.length < MOST_PASSES) {
      const { report } = await worker.ask<Done>('pass')
      if (report?.state === 'complete' && report.changes === 0 && isServed(stage, services)) return
      reports.push(report)
    }
    throw new Error(`the passes did not come to rest: ${JSON.stringify(reports)}`)
  } finally {
    worker.close()
  }
}

/** All of them, so that no Service waits for something that will not come. */
const isServed = ({ kubernetes }: Stage, services: number): boolean =>
  kubernetes.store
    .list('services')
    .filter(({ metadata: { annotations } }) => annotations?.[ASSIGNED_IPS] !== undefined).length === services

async function passOnce(stage: Stage, worker: Worker): Promise<Done & { readonly counted: Requests }> {
  const { kubernetes, bmc } = stage
  kubernetes.requests.clear()
  bmc.requests.clear()
  const done = await worker.ask<Done>('pass')
  expectIdle(done.report)
  const all = kubernetes.requests.count({ user: CONTROLLER })
  const writes = kubernetes.requests.writes(CONTROLLER)
  const renewals = writes.filter(({ resource }) => resource === 'leases').length
  // A token is no list.
  const lists = bmc.requests.count(/^GET \//)
  const counted = { lists, reads: all - writes.length, writes: writes.length - renewals, renewals }
  return { ...done, counted }
}

function expectIdle(report: PassReport | undefined): void {
  if (report?.state !== 'complete' || report.failures + report.changes > 0)
    throw new Error(`a pass was not idle: ${JSON.stringify(report)}`)
}

const count = (number: number, name: string): string =>
  `${number.toLocaleString('en')} ${name}${number === 1 ? '' : 's'}`

const nameOf = ({ nodes, services }: Size): string =>
  services === 0
    ? `idle pass, ${count(nodes, 'node')}`
    : `idle pass, ${count(nodes, 'node')} and ${count(services, 'Service')}`

/** @param limit of CPU seconds */
function toFigures({ size, cpu, peak, requests }: Measured, limit?: Budget): Figure[] {
  const name = nameOf(size)
  return [
    toMeasured({ name: `${name}: CPU time`, unit: 's', budget: limit }, cpu.pass),
    toRatio({ name: `${name}: CPU time / lists`, reference: REFERENCE }, cpu.pass, cpu.list),
    toCount({ name: `${name}: peak memory`, unit: 'MB' }, peak.pass / MEGABYTE),
    toRatio({ name: `${name}: peak memory / lists`, reference: REFERENCE }, [peak.pass], [peak.list]),
    toCount({ name: `${name}: reads of the API server`, unit: 'requests' }, requests.reads),
    toCount(
      { name: `${name}: writes besides its Lease`, unit: 'requests', budget: { atMost: 0 } },
      requests.writes,
    ),
    toCount({ name: `${name}: writes of its Lease`, unit: 'requests' }, requests.renewals),
    toCount({ name: `${name}: lists of BMC`, unit: 'requests', budget: { atMost: 4 } }, requests.lists),
  ]
}

/** Whether many cost as much for each as few do, in time and in memory. */
function toGrowth(
  kind: string,
  all: readonly Measured[],
  sizeOf: (measured: Measured) => number,
  budget?: Budget,
): Figure[] {
  const toPoints = (of: (measured: Measured) => number): Point[] =>
    all.map(measured => ({ size: sizeOf(measured), value: of(measured) }))
  const cpu = toPoints(measured => median(measured.cpu.pass))
  const [pass, list] = (['pass', 'list'] as const).map(which => {
    const [one, other] = toPoints(measured => measured.peak[which]).slice(-2)
    return one && other ? slope(one, other) : Number.NaN
  })
  const sizes = all.slice(-3).map(measured => sizeOf(measured).toLocaleString('en'))
  const name = `idle pass, one more ${kind} among ${sizes[2]}`
  return [
    toMeasured(
      {
        name: `${name}: CPU time / among ${sizes[1]}`,
        unit: '×',
        reference: 'what one more costs among fewer',
        budget: LINEAR,
      },
      [growth(cpu)],
    ),
    toCount({ name: `${name}: memory`, unit: 'bytes' }, pass ?? Number.NaN),
    toRatio(
      { name: `${name}: memory / lists`, reference: REFERENCE, budget },
      [pass ?? Number.NaN],
      [list ?? Number.NaN],
    ),
  ]
}
