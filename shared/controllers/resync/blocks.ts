import type {
  AddressBlock,
  AddressDemand,
  AddressSupply,
  LoadBalancer,
  SupplyProgress,
} from '../../cloud-provider/load-balancer.ts'
import type { GateAction } from '../address/blocks.ts'
import { toDemand } from '../address/demand.ts'
import { readGate, removeGate } from '../address/gates.ts'
import { toGateAddress } from '../address/use.ts'
import type { PlannedChange, WorkCall } from '../contract.ts'
import type { ServiceContext } from '../service/context.ts'
import type { Knowledge } from '../service/decide.ts'
import { changeGate, decideAllGates } from '../service/gates.ts'
import { logBlockChanges, toDemandSettings } from '../service/round.ts'
import { tellProgress } from '../service/tell-waiting.ts'
import type { Waiter } from '../service/waiting.ts'
import { noteFailure, type PassNotes } from './report.ts'

/** The blocks' part of a pass. */
export interface BlocksPass {
  readonly context: ServiceContext
  readonly loadBalancer: LoadBalancer
  readonly clusterName: string
  readonly supply: AddressSupply
  readonly notes: PassNotes
  readonly call: WorkCall & { readonly dryRun?: boolean | undefined }
}

/** Opens blocks that were assigned since the last look. @returns whether any is open now that was not */
export async function openBlocks(pass: BlocksPass, knowledge: Knowledge): Promise<boolean> {
  const { actions } = decideAllGates(pass.context, knowledge, pass.supply, new Set())
  let opened = false
  for (const action of actions) {
    if (action.do === 'open') opened = (await doGate(pass, knowledge, action)) || opened
  }
  return opened
}

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
    if (!call.dryRun) for (const { object } of waiters) await tellProgress(context, object, progress, call)
  } catch (error) {
    noteFailure(notes, 'blocks', error)
    context.log.warn({ error }, 'blocks not supplied')
  }
  return demand
}

/** A pass that finds nothing to do must not even take the Lease of the blocks. */
function isCalledFor({ needs, inUse }: AddressDemand, { blocks }: AddressSupply): boolean {
  const ids = new Set(inUse)
  return (
    needs.some(({ count }) => count > 0) ||
    blocks.some(({ id, state, marked }) => ids.has(id) && (state !== 'assigned' || marked))
  )
}

function noteRefusal(notes: PassNotes, { state, code, message, why }: SupplyProgress): void {
  if (state === 'refused') notes.held.push(`blocks: ${code ?? ''} ${message ?? why}`)
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
  pass.notes.held.push(...held)
  for (const action of actions) {
    if (action.do !== 'open') await doGate(pass, knowledge, action)
  }
}

/** @returns whether something came of it */
async function doGate(pass: BlocksPass, knowledge: Knowledge, action: GateAction): Promise<boolean> {
  const { context, notes, call } = pass
  const name = 'block' in action ? action.block.id : action.gate.blockId
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
  detail: 'block' in action ? { cidr: action.block.cidr, status: action.block.status } : {},
  why: action.why,
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
