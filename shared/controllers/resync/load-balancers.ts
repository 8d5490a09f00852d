import type { AddressBlock, AddressNeed } from '../../cloud-provider/load-balancer.ts'
import { CcmError } from '../../errors.ts'
import { withinLimit } from '../../limit.ts'
import { toKey } from '../address/address-index.ts'
import { readBook } from '../address/book.ts'
import type { AddressSource } from '../address/contract.ts'
import { mayServe } from '../address/demand.ts'
import { toExpectedBlocks } from '../address/source.ts'
import type { ServiceContext } from '../service/context.ts'
import type { Blocks } from '../service/converge.ts'
import { type Knowledge, toKnowledge } from '../service/decide.ts'
import { type ObservedServices, observeServices } from '../service/observe.ts'
import { refreshPools } from '../service/pools.ts'
import { toBlocks } from '../service/round.ts'
import { tellFailure } from '../service/tell-waiting.ts'
import { findWaiters } from '../service/waiting.ts'
import type { ObservedBalancers } from './balancers.ts'
import { type BlocksPass, giveBackBlocks, openBlocks, supplyBlocks } from './blocks.ts'
import { noteFailure, noteHeld, noteLeft, type PassNotes } from './report.ts'
import { convergeServices } from './services.ts'
import { type PassCall, toShare, workInTurn } from './turns.ts'

/** The load balancers' part of a pass. */
export interface BalancersPass {
  readonly context: ServiceContext
  readonly observed: ObservedBalancers
  /** What the inventory remembers, for a pass that cannot read the blocks. */
  readonly remembered: AddressSource | undefined
  readonly notes: PassNotes
  readonly call: PassCall
}

/**
 * Everything about load balancers: opens new blocks, serves and cleans up Services, frees claims, has blocks bought and
 * repaired, gives back what nobody uses, and brings the announcer's pools to the claims.
 *
 * @throws CcmError KUBE_* when the claims cannot be read again
 */
export async function convergeBalancers(pass: BalancersPass): Promise<void> {
  const { observed, notes } = pass
  const { supply } = observed
  if (supply instanceof CcmError) {
    noteFailure(notes, 'blocks', supply)
    pass.context.log.error({ error: supply, action: supply.action }, 'blocks could not be listed')
  } else {
    noteHeld(notes, 'block-untagged', ...(supply?.unlisted ?? []).map(toUnlistedNote))
  }
  if (!supply) noteDisabled(pass)
  const blocks = chooseBlocks(pass)
  const work = toBlocksPass(pass)
  const opened = work ? await openBlocks(work, know(pass, observed, blocks)) : false
  const current = opened
    ? { ...observed, book: await readBook(pass.context.kube, pass.call.signal) }
    : observed
  const knowledge = know(pass, current, blocks)
  await convergeServices({ ...pass, observed: current, knowledge, blocks })
  const call = toShare(pass.context.clock, pass.call, BLOCK_SHARE)
  if (work) await convergeBlocks({ ...pass, call }, { ...work, call }, blocks)
  else await tellWaiters({ ...pass, call }, current, knowledge)
  await keepPools(pass)
}

/** Of the time that Services leave: the rest is for pools and deletions. */
const BLOCK_SHARE = 0.6
/** Of the time that is left then. */
const POOL_SHARE = 0.5

/** Without the setting nothing is bought, served or given back: what is there stays, and is paid for. */
function noteDisabled({ observed: { book }, notes }: BalancersPass): void {
  const { claims, gates } = book
  if (claims.length + gates.length === 0) return
  noteHeld(
    notes,
    'load-balancers-disabled',
    `load balancers are disabled: ${claims.length} addresses in ${gates.length} blocks are kept and not worked on`,
  )
}

/** While the cloud cannot be asked, who waits for it is told so. */
async function tellWaiters(
  { context, observed: { supply }, notes, call }: BalancersPass,
  { services }: ObservedServices,
  knowledge: Knowledge,
): Promise<void> {
  if (!(supply instanceof CcmError) || call.dryRun) return
  const left = await workInTurn(context.clock, call, {
    items: findWaiters(context, services, knowledge),
    toName: ({ service }) => toKey(service),
    work: ({ object }, limited) => tellFailure(context, object, supply, limited),
  })
  noteLeft(notes, context.log, 'Service', left)
}

const toUnlistedNote = (id: string): string =>
  `block ${id}: it is in use and does not bear the tags of this cluster any more: put them back, or it is never given back`

const know = ({ context }: BalancersPass, { book }: ObservedServices, blocks: Blocks): Knowledge =>
  toKnowledge({ book, ...blocks }, context)

/** As the cloud tells of them, else as they are remembered. */
export function chooseBlocks({
  observed: { book, supply },
  remembered,
}: Pick<BalancersPass, 'observed' | 'remembered'>): Blocks {
  return supply && !(supply instanceof CcmError)
    ? toBlocks(supply, toExpectedBlocks(book))
    : { source: remembered }
}

function toBlocksPass({ context, observed, notes, call }: BalancersPass): BlocksPass | undefined {
  const { supply, clusterName } = observed
  const { loadBalancer } = context.cloud
  if (!loadBalancer || !supply || supply instanceof CcmError) return undefined
  return { context, loadBalancer, clusterName, supply, notes, call }
}

/** With claims and Services as they are after all were served that could be. */
async function convergeBlocks(pass: BalancersPass, work: BlocksPass, blocks: Blocks): Promise<void> {
  const { context, notes, call } = pass
  const changed = notes.changes.length > 0 && !call.dryRun
  const current = changed ? await observeServices(context, call) : pass.observed
  const knowledge = know(pass, current, blocks)
  const waiters = findWaiters(context, current.services, knowledge)
  const { inUse, needs } = await supplyBlocks(work, knowledge, waiters)
  const wanting = [...waiters, ...needs.flatMap(toSpareWaiter)]
  const needed = findNeeded(work.supply.blocks, wanting)
  await giveBackBlocks(work, knowledge, new Set([...inUse, ...needed]))
}

type Wanting = Parameters<typeof mayServe>[1]

/** Spare addresses that are lacking want their block as a Service does that shares one. */
const toSpareWaiter = ({ family, service }: AddressNeed): readonly Wanting[] =>
  service ? [] : [{ service: { namespace: '', name: '' }, lacking: [family], mode: 'packed' }]

/** While a Service waits, or spares are lacking, no block goes that may serve them. */
const findNeeded = (blocks: readonly AddressBlock[], wanting: readonly Wanting[]): readonly string[] =>
  blocks.filter(block => wanting.some(one => mayServe(block, one))).map(({ id }) => id)

async function keepPools({ context, notes, call }: BalancersPass): Promise<void> {
  const { deadline } = toShare(context.clock, call, POOL_SHARE)
  const limitMs = deadline - context.clock.now()
  try {
    const { changes, problems } = await withinLimit(context.clock, limitMs, call.signal, signal =>
      refreshPools(context, { ...call, signal }),
    )
    notes.changes.push(...changes)
    for (const { code, message } of problems) notes.failures.push({ name: 'pools', code, message })
  } catch (error) {
    noteFailure(notes, 'pools', error)
    context.log.warn({ error }, 'pools not refreshed')
  }
}
