import { CcmError } from '../../errors.ts'
import { WAITING } from '../../kubernetes/names.ts'
import type { KubeNode, KubeService } from '../../kubernetes/types.ts'
import type { Measure } from '../../metrics/contract.ts'
import { HELD_REASONS } from '../../metrics/label-values.ts'
import type { AddressBook } from '../address/contract.ts'
import { countAddresses } from '../address/ranges.ts'
import { toExpectedBlocks } from '../address/source.ts'
import { toMissingSince } from '../node/deletion.ts'
import { isUninitialized } from '../node/plan.ts'
import { toKnowledge } from '../service/decide.ts'
import { readHistory } from '../service/history.ts'
import { toBlocks } from '../service/round.ts'
import type { ObservedBalancers } from './balancers.ts'
import type { Observed } from './observe.ts'
import type { PassTally } from './report.ts'
import type { ResyncContext } from './resync.ts'

/** What a pass saw, as far as it came. */
export interface PassView {
  readonly observed: Pick<Observed, 'instances'>
  /** As they are stored after the pass. */
  readonly nodes: readonly KubeNode[]
  readonly balancers: ObservedBalancers | CcmError
  readonly tally: PassTally
}

type Context = Pick<ResyncContext, 'measure' | 'cloud' | 'settings' | 'announcer'>

/** Sets what a pass has found: a side that could not be read stays as it was last seen. */
export function measurePass(context: Context, { observed, nodes, balancers, tally }: PassView): void {
  const { measure } = context
  if (!measure) return
  for (const reason of HELD_REASONS)
    measure('phoenixnap_ccm_held_decisions', { reason }, tally.held.get(reason) ?? 0)
  if (!(observed.instances instanceof CcmError))
    measure('phoenixnap_ccm_servers', {}, observed.instances.length)
  const states = nodes.map(node => toNodeState(node, context))
  for (const state of ['initialized', 'waiting', 'missing', 'foreign'] as const)
    measure('phoenixnap_ccm_nodes', { state }, count(states, state))
  if (!(balancers instanceof CcmError)) measureBalancers(context, measure, balancers)
}

function toNodeState(node: KubeNode, { cloud }: Context): 'initialized' | 'waiting' | 'missing' | 'foreign' {
  if (cloud.providerIDOwner(node.spec?.providerID).owner === 'other') return 'foreign'
  if (isUninitialized(node)) return 'waiting'
  return toMissingSince(node) === undefined ? 'initialized' : 'missing'
}

function measureBalancers(context: Context, measure: Measure, balancers: ObservedBalancers): void {
  const { book, services, supply } = balancers
  const served = services.map(toServiceState)
  for (const state of ['served', 'waiting'] as const)
    measure('phoenixnap_ccm_services', { state }, count(served, state))
  const claims = book.claims.map(({ state }) => state)
  for (const state of ['unconfirmed', 'active', 'released', 'retained'] as const)
    measure('phoenixnap_ccm_claims', { state }, count(claims, state))
  if (!supply || supply instanceof CcmError) return
  const blocks = supply.blocks.map(({ state }) => state)
  for (const state of ['coming', 'assigned', 'failed', 'going', 'elsewhere'] as const)
    measure('phoenixnap_ccm_blocks', { state }, count(blocks, state))
  measure('phoenixnap_ccm_addresses_free', { family: 'IPv4' }, countFree(context, supply, book))
}

function toServiceState(service: KubeService): 'served' | 'waiting' | undefined {
  if (service.metadata.annotations?.[WAITING] !== undefined) return 'waiting'
  return readHistory(service).isServed ? 'served' : undefined
}

/** In blocks whose gate is open: a Service that comes now has its address at once. */
function countFree(
  context: Context,
  supply: Exclude<ObservedBalancers['supply'], CcmError | undefined>,
  book: AddressBook,
): number {
  const { index } = toKnowledge({ book, ...toBlocks(supply, toExpectedBlocks(book)) }, context)
  return index.view.source.blocks
    .filter(({ id, family }) => family === 'IPv4' && index.gateOf(id)?.state === 'open')
    .reduce((sum, block) => sum + Number(countAddresses(index.freeIn(block))), 0)
}

const count = (states: readonly (string | undefined)[], wanted: string): number =>
  states.filter(state => state === wanted).length
