import { BLOCK_PATIENCE_MS } from '../../shared/cloud-provider/load-balancer.ts'
import { IP_BLOCKS_LEASE, RESYNC_LEASE, WAITING } from '../../shared/kubernetes/names.ts'
import type { IPAddress } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { type AddressView, liesIn, toAddressView } from '../../test/support/services.ts'
import { findSurplus } from '../invariants/spares.ts'
import type { Entry } from '../world/contract.ts'
import { announceAll } from './actions/announcer-actions.ts'
import { annotationOf, toPath, USER } from './actions/services.ts'
import { type Stage, toKey } from './stage.ts'

export const INTERVAL_MS = 60_000

/** What counts as rest, in intervals. */
export interface Quiet {
  /** So many in a row without a write. */
  readonly least: number
  /** It must come within so many. */
  readonly most: number
}

/** Claims that nobody confirms, Leases of the dead and rests of addresses and blocks all end well within. */
const SOON: Quiet = { least: 3, most: 40 }
/** Nothing is due any more: addresses and blocks rest for ten minutes each, nodes go one in ten minutes. */
const NOTHING_DUE: Quiet = { least: 12, most: 50 }
/** A block that gets nowhere is given up by then, and the pass after it buys another one. */
const UNTIL_GIVEN_UP = BLOCK_PATIENCE_MS / INTERVAL_MS + 2
const TRIES = 3
/** For so many intervals nothing may be written then. */
const LONG_REST = 32
/** After a rest, in intervals, everything that was deleted is gone where rests are short. */
const UNTIL_GONE = 12

/** Counts what controllers write, the Lease of passes aside. */
export interface WriteCount {
  readonly count: () => number
  /** What others changed in the cluster: controllers have to be given time for that. */
  readonly others: () => number
  /** Passes that were made: while the Lease of one that died keeps all others out, nothing is written either. */
  readonly passes: () => number
  /** The last ones, for messages. */
  readonly last: () => readonly string[]
}

const SHOWN = 12

export function countWrites(stage: Stage): WriteCount {
  let count = 0
  let others = 0
  let passes = 0
  let last: string[] = []
  stage.world.history.onEntry(entry => {
    if (!stage.isController(entry.by)) {
      if (entry.kind === 'stored') others += 1
      return
    }
    if (isPass(entry)) passes += 1
    if (!isWrite(stage, entry)) return
    count += 1
    last = [...last, describe(entry)].slice(-SHOWN)
  })
  return { count: () => count, others: () => others, passes: () => passes, last: () => last }
}

/** Nobody else lists the nodes. */
const isPass = (entry: Entry): boolean => entry.kind === 'request' && entry.call.path === '/api/v1/nodes'

type Lacking = Pick<Stage, 'services' | 'settings' | 'blocks' | 'watch'>

const isWrite = (stage: Lacking, entry: Entry): boolean => {
  if (entry.kind !== 'stored') return entry.kind === 'cloud'
  const { name } = entry.object.metadata
  return name !== RESYNC_LEASE && (name !== IP_BLOCKS_LEASE || !isLacking(stage))
}

/** While something is lacking that cannot be had, or not got rid of, every pass tries again, under the Lease of the blocks. */
const isLacking = (stage: Lacking): boolean =>
  stage.settings.minFreeAddresses > 0 ||
  isAnybodyWaiting(stage) ||
  stage.blocks().some(({ id }) => stage.watch.isSpoilt(id))

const isAnybodyWaiting = (stage: Lacking): boolean =>
  stage.services().some(service => annotationOf(service, WAITING) !== undefined)

/** Whoever waits for a block that stays bad is right to do so for a while, and wrong after that. */
const isBlockAwaited = (stage: Lacking): boolean =>
  isAnybodyWaiting(stage) &&
  stage.blocks().some(({ id, status }) => status !== 'assigned' && stage.watch.isSpoilt(id))

function describe(entry: Entry): string {
  if (entry.kind === 'cloud') return `${entry.operation} ${entry.path}`
  if (entry.kind === 'request') return entry.call.path
  const { name, namespace } = entry.object.metadata
  return `${entry.type} ${entry.resource} ${namespace ? `${namespace}/` : ''}${name}`
}

/** Ends everything that goes wrong; repairs come when all that was sent is done, or they would come before what they undo. */
export async function endFaults(stage: Stage): Promise<void> {
  stage.tell('faults end')
  stage.faults.end()
  stage.world.network.clear()
  stage.world.cloud.faults.clear()
  for (const whose of ['controllers', 'cluster', 'cloud'] as const) stage.world.clock.skew(whose, 0)
  stage.supervisor.heal()
  await stage.answered()
  for (const repair of stage.repairs.splice(0)) repair()
  await stage.answered()
}

/**
 * Lets passes be made until several in a row write nothing; the announcer does its part meanwhile.
 *
 * @returns whether it came to that
 */
export async function untilQuiet(
  stage: Stage,
  writes: WriteCount,
  { least, most }: Quiet = SOON,
): Promise<boolean> {
  let quiet = 0
  for (let interval = 0; interval < most; interval++) {
    const before = writes.count() + writes.others()
    const passes = writes.passes()
    announceAll(stage)
    await passInterval(stage)
    if (writes.count() + writes.others() !== before) quiet = 0
    else if (writes.passes() > passes) quiet += 1
    if (quiet >= least && (interval >= UNTIL_GIVEN_UP || !isBlockAwaited(stage))) return true
  }
  return false
}

/**
 * Waits until nothing is due any more, and for a long time after that, in which whatever is written is a violation.
 * Not to be called within `run` of the world: it takes hours.
 *
 * @returns whether it came to that
 */
export async function restLong(stage: Stage, writes: WriteCount): Promise<boolean> {
  const { world, watch } = stage
  let isQuiet = false
  for (let tries = 0; tries < TRIES && !isQuiet; tries++)
    isQuiet = await world.run(() => untilQuiet(stage, writes, NOTHING_DUE))
  if (!isQuiet) return false
  watch.resting(true)
  await world.run(() => passIntervals(stage, LONG_REST))
  watch.resting(false)
  return true
}

async function passIntervals(stage: Stage, count: number): Promise<void> {
  for (let interval = 0; interval < count; interval++) await passInterval(stage)
}

/** Whose last fate came as the faults ended dies only when its effect is done. */
async function passInterval(stage: Stage): Promise<void> {
  stage.supervisor.look()
  await stage.agenda.elapse(INTERVAL_MS)
}

/** Deletes every Service, and waits until nothing of them need be left. */
export async function removeAll(stage: Stage): Promise<void> {
  for (const service of stage.services())
    stage.send(USER, { method: 'DELETE', path: toPath(service) }, `delete ${toKey(service)} in the end`)
  await passIntervals(stage, UNTIL_GONE)
}

const CLAIM_STATES = ['unconfirmed', 'active', 'released', 'retained']

/** What is left of Services that are gone; where addresses rest for long, it is right that something is. */
export function findLeft(stage: Stage): string[] {
  const { world, watch, settings } = stage
  const left = stage.services().map(service => `${toKey(service).replace('/', ' ')} is not gone`)
  if (settings.rests !== 'short') return left.filter(text => !watch.isSpoilt(text))
  const claims = world.cluster.store.list('ipaddresses').flatMap(object => {
    const view = toAddressView(object as unknown as IPAddress)
    return CLAIM_STATES.includes(view.state ?? '') ? [view] : []
  })
  const isSpoilt = ({ address, service = '' }: AddressView): boolean =>
    watch.isSpoilt(`${address} ${service.replace('/', ' ')}`)
  const kept = claims.filter(claim => claim.state === 'retained' || isSpoilt(claim))
  const isKept = ({ id, cidr }: IpBlock): boolean =>
    kept.some(({ address, blockId }) => blockId === id || liesIn(address, cidr))
  return [
    ...left,
    ...claims
      .filter(claim => !kept.includes(claim))
      .map(({ address, state }) => `claim ${address} is left, ${state}`),
    ...listUnneeded(stage)
      .filter(block => !isKept(block))
      .map(({ id, cidr, status }) => `block ${id} ${cidr} is left, ${status}`),
  ].filter(text => !watch.isSpoilt(text))
}

/** Of blocks for Services that are all gone. */
function listUnneeded(stage: Stage): readonly IpBlock[] {
  const { world } = stage
  const { allocation, minFreeAddresses } = stage.settings
  const minFree = allocation === 'packed' ? minFreeAddresses : 0
  const blocks = stage.blocks()
  if (minFree === 0) return blocks
  const addresses = world.cluster.store
    .list('ipaddresses')
    .map(object => toAddressView(object as unknown as IPAddress))
  return findSurplus({ blocks, addresses, networkId: world.networkId, minFree })
}
