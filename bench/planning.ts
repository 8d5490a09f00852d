import { direct } from '../shared/announcers/direct.ts'
import { toKey } from '../shared/controllers/address/address-index.ts'
import type { AddressBook, Claim } from '../shared/controllers/address/contract.ts'
import { decideService, toKnowledge } from '../shared/controllers/service/decide.ts'
import { foreseeAddresses } from '../shared/controllers/service/obtain.ts'
import { planServing } from '../shared/controllers/service/serving-plan.ts'
import type { KubeService } from '../shared/kubernetes/types.ts'
import { SERVICE_SETTINGS } from '../test/controllers/_settings.ts'
import { makeBlock, makeBook, makeClaim } from '../test/controllers/address/_view.ts'
import { makeService } from '../test/controllers/service/_service.ts'
import { type Figure, toMeasured, toRatio } from './figure.ts'
import { inTurns } from './rounds.ts'
import type { Run } from './stage.ts'
import { growth, median } from './statistics.ts'

const SIZES = [50, 500, 5000] as const
const LARGEST = 5000
/** The largest that BMC sells: so many Services fit into ten of them, a network's most. */
const BLOCKS = Array.from({ length: 10 }, (_, index) =>
  makeBlock(`block-${index}`, `198.18.${index * 4}.0/22`),
)
const ADDRESSES_OF_A_BLOCK = 1000
const FULL = { rounds: 9, repeats: { 50: 100, 500: 10, 5000: 1 } }
const QUICK = { rounds: 3, repeats: { 50: 10, 500: 1, 5000: 1 } }
const WARM_UP = 2
const CONTEXT = { settings: SERVICE_SETTINGS, announcer: direct }
const REFERENCE = 'a sort of the same Services by namespace and name'

/**
 * What a pass decides about the addresses of Services, without a request: of those that are served that nothing is to be done,
 * of those that wait which addresses they may have. Against a sort of the same list, which is the least that anything does with it.
 */
export async function benchPlanning({ quick }: Run): Promise<Figure[]> {
  const { rounds, repeats } = quick ? QUICK : FULL
  const served = new Map(SIZES.map(size => [size, makeServed(size)]))
  const waiting = new Map(SIZES.map(size => [size, makeWaiting(size)]))
  const time = (of: Map<number, Scene>, size: (typeof SIZES)[number], work: (scene: Scene) => number) => {
    return async (): Promise<number> => timeOf(repeats[size], () => work(of.get(size) as Scene))
  }
  const measurements = {
    sort: time(served, LARGEST, sortAll),
    ...Object.fromEntries(SIZES.map(size => [`served ${size}`, time(served, size, planAll)])),
    ...Object.fromEntries(SIZES.map(size => [`waiting ${size}`, time(waiting, size, planAll)])),
  }
  // What is compiled once is no part of the figures.
  await inTurns(WARM_UP, measurements)
  const plan = await inTurns(rounds, measurements)
  return (['served', 'waiting'] as const).flatMap(kind => {
    const of = (size: number): number[] => plan[`${kind} ${size}` as keyof typeof plan]
    const points = SIZES.map(size => ({ size, value: median(of(size)) }))
    const name = `planning, ${LARGEST} Services ${kind === 'served' ? 'that are served' : 'that wait'}`
    const grown = `planning, Services ${kind === 'served' ? 'that are served' : 'that wait'}: growth 500 to 5,000 / 50 to 500`
    const linear = { name: grown, reference: 'the growth before', budget: { atMost: 2 } }
    return [
      toMeasured({ name, unit: 'ms' }, of(LARGEST)),
      toRatio({ name: `${name} / sort`, reference: REFERENCE }, of(LARGEST), plan.sort),
      toMeasured({ ...linear, unit: '×' }, [growth(points)]),
    ]
  })
}

interface Scene {
  readonly services: readonly KubeService[]
  readonly book: AddressBook
}

const addressOf = (index: number): string => {
  const [block, place] = [Math.floor(index / ADDRESSES_OF_A_BLOCK), (index % ADDRESSES_OF_A_BLOCK) + 2]
  return `198.18.${block * 4 + (place >> 8)}.${place & 255}`
}

const toMeta = (index: number) => ({
  namespace: `shop-${index % 50}`,
  name: `web-${(index * 7919) % 10_007}`,
  uid: `uid-${index}`,
})

function makeServed(size: number): Scene {
  const services = Array.from({ length: size }, (_, index) =>
    makeService({
      meta: toMeta(index),
      finalizers: ['phoenixnap.com/load-balancer'],
      annotations: { 'phoenixnap.com/assigned-ips': addressOf(index) },
      status: [addressOf(index)],
    }),
  )
  const claims = services.map((service, index) => toClaim(service, index))
  return { services, book: makeBook(claims, BLOCKS) }
}

function toClaim({ metadata: { namespace = '', name, uid = '' } }: KubeService, index: number): Claim {
  const blockId = `block-${Math.floor(index / ADDRESSES_OF_A_BLOCK)}`
  return makeClaim(addressOf(index), blockId, { service: { namespace, name }, serviceUid: uid })
}

const makeWaiting = (size: number): Scene => ({
  services: Array.from({ length: size }, (_, index) => makeService({ meta: toMeta(index) })),
  book: makeBook([], BLOCKS),
})

/** As a pass does it. @returns how many are to be written, so that nothing is left out as unused */
function planAll({ services, book }: Scene): number {
  const source = { blocks: BLOCKS, location: 'PHX', memberAddresses: [] }
  const knowledge = toKnowledge({ book, source, families: ['IPv4'] }, CONTEXT)
  let written = 0
  for (const service of services) {
    const { namespace = '', name } = service.metadata
    const decision = decideService(CONTEXT, { namespace, name }, service, knowledge)
    if (decision.kind !== 'serve') throw new Error(`a Service is not served: ${decision.kind}`)
    const taken = foreseeAddresses(decision.allocation)
    const { fields } = planServing({ context: CONTEXT, knowledge, book }, service, decision, taken)
    if (fields) written += 1
  }
  return written
}

const sortAll = ({ services }: Scene): number => {
  const keys = services.map(({ metadata: { namespace = '', name } }) => toKey({ namespace, name }))
  return keys.toSorted((a, b) => a.localeCompare(b)).length
}

/** CPU milliseconds of one go: nothing in it waits. */
function timeOf(repeats: number, work: () => number): number {
  const before = process.cpuUsage()
  for (let repeat = 0; repeat < repeats; repeat++) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / repeats
}
