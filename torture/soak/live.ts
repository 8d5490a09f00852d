import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import type { World } from '../world/contract.ts'
import { createWorld } from '../world/world.ts'
import type { DayReport, EndReport, SoakOptions } from './contract.ts'
import { countRequests, PROCESS } from './counts.ts'
import { findFaults, look } from './look.ts'
import { createMachines } from './machines.ts'
import { createMonth, type Month } from './month.ts'
import { createPeople, type People } from './people.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Things that are done to Services, and to nodes, a day: so many for each that is there. */
const SERVICE_RATE = 0.2
const NODE_RATE = 0.05
const OUTAGES_PER_DAY = 1
/** The API server keeps events for an hour. */
const EVENT_MS = HOUR
/** Above all that rests: a type change under kube-vip rests a day. */
const CALM_MS = 26 * HOUR
/** A month that comes to rest does so well before it. */
const MAX_CALM_ROUNDS = 48

export interface Live {
  readonly options: SoakOptions
  /** After a collection, in bytes. */
  readonly heap: () => number
  readonly tellDay: (report: DayReport) => void
}

/** Lives through the days; then everybody stops, everything comes to rest, and at last everything is deleted. */
export async function liveMonth({ options, heap, tellDay }: Live): Promise<EndReport> {
  const { seed, days, nodes, services, intervalMs } = options
  const world = await createWorld({
    seed,
    keepEntries: false,
    environment: { PNAP_RESYNC_INTERVAL: `${intervalMs / 1000}s`, PNAP_LOG_LEVEL: 'error' },
  })
  let started = 0
  const month = createMonth(world, () =>
    world.start({ host: 'serve', name: `${PROCESS}${started++}`, resyncIntervalMs: intervalMs }),
  )
  const [people, machines] = [createPeople(month, services), createMachines(month, nodes)]
  await machines.fill(nodes)
  await people.fill(services)
  const counts = countRequests(world)
  for (let day = 1; day <= days; day++) {
    planDay(month, { act: people.act, count: services * SERVICE_RATE })
    planDay(month, { act: machines.act, count: nodes * NODE_RATE })
    planTrouble(month, day)
    const actionsBefore = sum(month.kinds)
    for (let hour = 0; hour < DAY / HOUR; hour++) {
      await month.elapse(HOUR)
      expireEvents(world)
      world.forget()
    }
    const seen = await look(month)
    const { requests, passes } = counts.take()
    tellDay({ day, heap: heap(), requests, passes, actions: sum(month.kinds) - actionsBefore, ...seen })
  }
  return { faults: await endFaults(month, people, counts), kinds: Object.fromEntries(month.kinds) }
}

interface Plan {
  readonly act: () => Promise<void>
  readonly count: number
}

function planDay({ later, world: { random } }: Month, { act, count }: Plan): void {
  const whole = Math.floor(count) + (random.chance(count % 1) ? 1 : 0)
  for (let index = 0; index < whole; index++) later(random.between(0, DAY - 1), act)
}

/** The cloud's API is away for some minutes; the process is ended and started again, or killed. */
function planTrouble({ later, restart, kinds, world: { network, random } }: Month, day: number): void {
  const note = (kind: string): void => void kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  for (let index = 0; index < OUTAGES_PER_DAY; index++) {
    later(random.between(0, DAY - HOUR), () => {
      note('BMC away')
      const fault = network.add({ to: 'cloud', trouble: { kind: 'refused' } })
      later(random.between(1, 15) * MINUTE, () => fault.remove())
    })
  }
  const isKilled = day % 2 === 0
  later(random.between(0, DAY - HOUR), () => {
    note(isKilled ? 'handler killed' : 'handler ended')
    return restart(isKilled)
  })
}

function expireEvents({ cluster, clock }: World): void {
  for (const event of cluster.store.list<KubeObject & { lastTimestamp?: string }>('events')) {
    const { name = '', namespace, creationTimestamp = '' } = event.metadata
    const at = Date.parse(event.lastTimestamp ?? creationTimestamp)
    if (clock.now() - at > EVENT_MS) cluster.store.delete('events', name, namespace)
  }
}

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0)

async function endFaults(
  month: Month,
  people: People,
  counts: ReturnType<typeof countRequests>,
): Promise<readonly string[]> {
  const faults = [...(await comeToRest(month, counts)), ...(await findFaults(month))]
  await people.removeAll()
  faults.push(...(await comeToRest(month, counts)))
  const { claims, gates, blocks, services, orphans } = await look(month)
  const left = { claims, gates, blocks, services }
  return [
    ...faults,
    ...orphans,
    ...Object.entries(left).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind} are left`] : [])),
  ]
}

/** @returns what is wrong when it does not */
async function comeToRest(
  { elapse, world }: Month,
  counts: ReturnType<typeof countRequests>,
): Promise<readonly string[]> {
  await elapse(CALM_MS)
  let written = 0
  for (let round = 0; round < MAX_CALM_ROUNDS; round++) {
    counts.take()
    await elapse(HOUR)
    expireEvents(world)
    world.forget()
    const { cluster, cloud } = counts.take().requests
    written = cluster.writes + cloud.writes
    if (written === 0) return []
  }
  return [`it does not come to rest: ${written} writes in the last hour`]
}
