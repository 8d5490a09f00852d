import type {
  AddressBlock,
  AddressDemand,
  AddressSupply,
  LoadBalancer,
  SupplyProgress,
} from '../../cloud-provider/load-balancer.ts'
import { toKey } from '../address/address-index.ts'
import type { GateAction } from '../address/blocks.ts'
import { toDemand } from '../address/demand.ts'
import { readGate, removeGate } from '../address/gates.ts'
import { toGateAddress } from '../address/use.ts'
import type { PlannedChange } from '../contract.ts'
import type { ServiceContext } from '../service/context.ts'
import type { Knowledge } from '../service/decide.ts'
import { changeGate, decideAllGates } from '../service/gates.ts'
import { logBlockChanges, toDemandSettings } from '../service/round.ts'
import { tellProgress } from '../service/tell-waiting.ts'
import type { Waiter } from '../service/waiting.ts'
import { noteFailure, noteHeld, noteLeft, type PassNotes } from './report.ts'
import { type PassCall, toShare, workInTurn } from './turns.ts'

/** The blocks' part of a pass. */
export interface BlocksPass {
  readonly context: ServiceContext
  readonly loadBalancer: LoadBalancer
  readonly clusterName: string
  readonly supply: AddressSupply
  readonly notes: PassNotes
  readonly call: PassCall
}

/** Opens blocks that were assigned since the last look. @returns whether any is open now that was not */
export async function openBlocks(pass: BlocksPass, knowledge: Knowledge): Promise<boolean> {
  const { actions } = decideAllGates(pass.context, knowledge, pass.supply, new Set())
  let opened = false
  const limited = { ...pass, call: toShare(pass.context.clock, pass.call, OPEN_SHARE) }
  await doGates(
    limited,
    actions.filter(action => action.do === 'open'),
    async (action, call) => {
      opened = (await doGate(limited, knowledge, action, call)) || opened
    },
  )
  return opened
}

/** Of the time that is left: Services are served from the blocks that are open. */
const OPEN_SHARE = 0.25

/** One after the other: each may be the last that another one needs. */
async function doGates(
  { context, notes, call }: BlocksPass,
  actions: readonly GateAction[],
  work: (action: GateAction, call: PassCall) => Promise<void>,
): Promise<void> {
  const turns = { items: actions, toName: toGateName, atOnce: 1, work }
  noteLeft(notes, context.log, 'IPBlock', await workInTurn(context.clock, call, turns))
}

const toGateName = (action: GateAction): string => `block ${toBlockId(action)}`

const toBlockId = (action: GateAction): string => ('block' in action ? action.block.id : action.gate.blockId)

/** Has the cloud supply what all that wait need together, and repair the blocks that are in use. */
export async function supplyBlocks(
  pass: BlocksPass,
  knowledge: Knowledge,
  waiters: readonly Waiter[],
): Promise<AddressDemand> {
  const { context, loadBalancer, clusterName, notes, call } = pass
  const demand = toDemand(knowledge.index, waiters, toDemandSettings(context.settings))
  if (!isCalledFor(demand, pass.supply)) return demand
  try {
    const { guard } = context
    const progress = await loadBalancer.ensureLoadBalancer(clusterName, demand, [], { ...call, guard })
    notes.changes.push(...toChanges(progress))
    noteRefusal(notes, progress)
    if (!call.dryRun) logBlockChanges(context, progress)
    if (!call.dryRun) await tellAll(pass, waiters, progress)
  } catch (error) {
    noteFailure(notes, 'blocks', error)
    context.log.warn({ error }, 'blocks not supplied')
  }
  return demand
}

/** Whoever cannot be told now is told by the next pass. */
async function tellAll(
  { context, call }: BlocksPass,
  waiters: readonly Waiter[],
  progress: SupplyProgress,
): Promise<void> {
  await workInTurn(context.clock, toShare(context.clock, call, TELL_SHARE), {
    items: waiters,
    toName: ({ service }) => toKey(service),
    work: ({ object }, limited) => tellProgress(context, object, progress, limited),
  })
}

/** Of the time that is left: blocks that nobody uses are paid for until they are given back. */
const TELL_SHARE = 0.4

/** A pass that finds nothing to do must not even take the Lease of the blocks. */
function isCalledFor({ needs, inUse }: AddressDemand, { blocks }: AddressSupply): boolean {
  const ids = new Set(inUse)
  return (
    needs.some(({ count }) => count > 0) ||
    blocks.some(({ id, state, marked }) => ids.has(id) && (state !== 'assigned' || marked))
  )
}

function noteRefusal(notes: PassNotes, { state, code, message, why }: SupplyProgress): void {
  if (state === 'refused') noteHeld(notes, 'block-refused', `blocks: ${code ?? ''} ${message ?? why}`)
}

const toChanges = ({ did }: SupplyProgress): PlannedChange[] =>
  did.map(({ do: action, blockId, detail, why }) => ({
    kind: 'IPBlock',
    name: blockId ?? 'new',
    action,
    detail,
    why,
  }))

/** Gives back what nobody uses. One block that fails never stops the others. */
export async function giveBackBlocks(
  pass: BlocksPass,
  knowledge: Knowledge,
  needed: ReadonlySet<string>,
): Promise<void> {
  const { actions, held } = decideAllGates(pass.context, knowledge, pass.supply, needed)
  noteHeld(pass.notes, 'block-kept', ...held)
  await doGates(
    pass,
    actions.filter(action => action.do !== 'open'),
    async (action, call) => void (await doGate(pass, knowledge, action, call)),
  )
}

/**
 * The gate is an object that may hang; what the cloud is asked has the time of all blocks.
 *
 * @returns whether something came of it
 */
async function doGate(
  pass: BlocksPass,
  knowledge: Knowledge,
  action: GateAction,
  call: PassCall,
): Promise<boolean> {
  const { context, notes } = pass
  const name = toBlockId(action)
  try {
    if (call.dryRun) {
      notes.changes.push(toGateChange(action, name))
      if (action.do === 'close' || action.do === 'giveBack') await giveBack(pass, action.block, undefined)
      return false
    }
    const outcome = await changeGate(context, action, knowledge.index.view.book.now, call)
    if (outcome === 'unchanged' || outcome === 'in-use') return false
    notes.changes.push(toGateChange(action, name))
    context.log.info({ blockId: name, action: action.do, why: action.why }, 'gate changed')
    if (outcome === 'closed' && 'block' in action)
      await giveBack(pass, action.block, toGateAddress(action.block))
    return true
  } catch (error) {
    noteFailure(notes, `block ${name}`, error)
    context.log.warn({ blockId: name, error }, 'block not worked on')
    return false
  }
}

const toGateChange = (action: GateAction, name: string): PlannedChange => ({
  kind: 'IPBlock',
  name,
  action: action.do,
  detail: 'block' in action ? toBlockDetail(action.block) : {},
  why: action.why,
})

const toBlockDetail = ({ cidr, status, location }: AddressBlock): PlannedChange['detail'] => ({
  cidr,
  status,
  location,
})

/** The gate is the last to go: until then nobody claims in the block. */
async function giveBack(
  { context, loadBalancer, clusterName, notes, call }: BlocksPass,
  { id }: AddressBlock,
  address: string | undefined,
): Promise<void> {
  const { guard, kube } = context
  const progress = await loadBalancer.ensureLoadBalancerDeleted(clusterName, id, { ...call, guard })
  notes.changes.push(...toChanges(progress))
  if (!call.dryRun) logBlockChanges(context, progress)
  noteRefusal(notes, progress)
  if (progress.state !== 'done' || call.dryRun || address === undefined) return
  const gate = await readGate(kube, address, call.signal)
  if (gate?.blockId === id && gate.state === 'closed') await removeGate(kube, gate, call.signal)
}
