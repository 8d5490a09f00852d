import { WAITING } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { isHeld, tagOf } from '../../test/support/services.ts'
import type { CloudChange, Entry, RequestDone, Stored } from '../world/contract.ts'
import type { Lives } from './addresses.ts'
import type { Checks, Fault } from './contract.ts'
import type { Hands } from './hands.ts'
import { findSurplus } from './spares.ts'
import { isOurs, isSound, liveOf, type State } from './state.ts'

/** Marks are in whole seconds, and what takes time is measured from its beginning. */
const SLACK_MS = 5000
/** Passes within which something that is due is done. */
const PASSES = 5

/** Everything that a controller may ever send to change the cloud. */
const CHANGES = [
  /^POST \/ips\/v1\/ip-blocks$/,
  /^PUT \/ips\/v1\/ip-blocks\/[^/]+\/tags$/,
  /^DELETE \/ips\/v1\/ip-blocks\/[^/]+$/,
  /^(?:POST|DELETE) \/networks\/v1\/public-networks\/([^/]+)\/ip-blocks(?:\/[^/]+)?$/,
  /^POST \/tag-manager\/v1\/tags$/,
]

/** Blocks of others, and ours in which somebody lives. */
export function createBlockChecks(state: State, lives: Lives, hands: Hands): Checks {
  const { inputs } = state
  /** Gates that somebody began to close by hand: whenever a controller comes to it, it goes on. */
  const closedByHand = new Set<string>()
  /** When gates began to close, by the API server's clock. */
  const closedAt = new Map<string, number>()
  const clusterNow = (): number => (inputs.clusterNow ?? inputs.now)()

  function noteGate({ object, old, by, type }: Stored): void {
    const { name = '' } = object.metadata
    if (type === 'DELETED' || !isClosing(object)) {
      closedByHand.delete(name)
      closedAt.delete(name)
    } else if (!isClosing(old)) {
      closedAt.set(name, clusterNow())
      if (!inputs.isProcess(by)) closedByHand.add(name)
    }
  }

  function checkRequest({ call }: RequestDone): Fault[] {
    const name = `${call.method} ${call.path}`
    const change = CHANGES.map(pattern => pattern.exec(name)).find(match => match !== null)
    const network = change?.[1]
    if (change && (network === undefined || network === inputs.networkId)) return []
    return [{ invariant: '3b', object: `cloud ${call.path}`, what: `${call.from} sends ${name}` }]
  }

  function checkChange(entry: CloudChange): Fault[] {
    const bought = entry.after.filter(({ id }) => !entry.before.some(other => other.id === id))
    return [...bought.flatMap(block => checkCap(block, entry)), ...checkOthers(entry)]
  }

  /** One whose gate was spoilt is known by the cloud's list alone, and one whose tags were taken not even by that. */
  const isKnown = (block: IpBlock): boolean =>
    ![toGateName(block), block.id].some(name => hands.wereOn(name)) && !state.denied.has(block.id)

  /** A request that arrived twice is found, and its block given back. */
  function checkCap(block: IpBlock, { before, by }: CloudChange): Fault[] {
    const purchase = tagOf(block, 'purchase')
    const own = before.filter(
      other => isOurs(other, inputs) && other.ipVersion === block.ipVersion && isKnown(other),
    )
    const isTwin = own.some(other => tagOf(other, 'purchase') === purchase)
    if (block.ipVersion !== 'V4' || isTwin || own.length < inputs.settings.maxBlocks) return []
    const what = `${by} buys it beside ${own.length} others, of at most ${inputs.settings.maxBlocks}`
    return [{ invariant: '2a', object: `ip-blocks ${block.id}`, what }]
  }

  /** By the API server's clock, as the mark on the gate is. What was closed in time is, although the clock is set back. */
  function checkGrace(block: IpBlock, after: IpBlock | undefined): Fault[] {
    const gate = state.gateOf(block.id)
    const since = Date.parse(gate?.unusedSince ?? '')
    if (hands.wereOn(gate?.address ?? '') || closedByHand.has(gate?.address ?? '')) return []
    const isMarked = tagOf(block, 'delete') === undefined && after !== undefined
    if (!isMarked || block.status !== 'assigned' || hands.wereOn(block.id)) return []
    const unusedMs = Math.max(clusterNow(), closedAt.get(gate?.address ?? '') ?? 0) - since
    if (!(unusedMs < inputs.settings.blockGraceMs - SLACK_MS)) return []
    const what = `${block.cidr} is given back before nobody used it for the grace time`
    return [{ invariant: '2b', object: `ip-blocks ${block.id}`, what }]
  }

  function checkOthers(entry: CloudChange): Fault[] {
    return entry.before.flatMap(block => {
      const after = entry.after.find(({ id }) => id === block.id)
      if (after && isSame(block, after)) return []
      if (!isOurs(block, inputs)) {
        // Somebody took its tags while a request was on its way.
        if (hands.wereOn(block.id)) return []
        const what = `${entry.by} changes a block without our tags: ${entry.operation}`
        return [{ invariant: '3b', object: `ip-blocks ${block.id}`, what } as const]
      }
      if (!isGivenBack(block, after)) return []
      return [...checkLiving(block, entry.operation), ...checkGrace(block, after)]
    })
  }

  function checkLiving(block: IpBlock, operation: string): Fault[] {
    if (!isSound(block, inputs) || hands.wereOn(block.id)) return []
    return lives.livingIn(block.cidr).map(name => ({
      invariant: '3a',
      object: `ip-blocks ${block.id}`,
      what: `${operation} takes ${block.cidr} away, in which ${name} lives`,
    }))
  }

  /** Once it is closed it is never opened again. */
  function checkGate(entry: Stored): Fault[] {
    const gate = state.addresses.get(entry.object.metadata.name ?? '')
    if (entry.type === 'DELETED' || gate?.service !== undefined || gate?.state !== 'closed') return []
    const block = state.ownBlocks().find(({ id }) => id === gate.blockId)
    return block ? checkLiving(block, 'closing the gate') : []
  }

  /** Spare addresses are kept, and no more than that; whoever waits may be going to need what nobody uses. */
  function checkSpares(): Fault[] {
    const { minFreeAddresses: minFree, longest, resyncIntervalMs } = inputs.settings
    if (minFree <= 0 || [...state.services.values()].some(isWaiting)) return []
    const { networkId } = inputs
    const addresses = [...state.addresses.values()]
    const latest = inputs.now() - longest.blockGraceMs - PASSES * resyncIntervalMs
    return findSurplus({ blocks: state.ownBlocks(), addresses, networkId, minFree })
      .filter(({ id }) => Date.parse(state.gateOf(id)?.unusedSince ?? '') < latest)
      .map(({ id, cidr }) => {
        const what = `nobody uses ${cidr}, and ${minFree} addresses would be free without it`
        return { invariant: '2b', object: `ip-blocks ${id}`, what }
      })
  }

  return {
    atRest: checkSpares,
    check(entry: Entry) {
      if (entry.kind === 'stored' && entry.resource === 'ipaddresses') noteGate(entry)
      if (!inputs.isProcess(entry.by)) return []
      switch (entry.kind) {
        case 'request':
          return entry.call.to === 'cloud' && entry.call.isWrite ? checkRequest(entry) : []
        case 'cloud':
          return checkChange(entry)
        case 'stored':
          return entry.resource === 'ipaddresses' ? checkGate(entry) : []
      }
    },
  }
}

/** For us: one of another class or of somebody else needs no block. */
const isWaiting = (service: KubeService): boolean =>
  (isHeld(service) || service.metadata.annotations?.[WAITING] !== undefined) && liveOf(service).length === 0

/** Apart from what the cloud tells of it beside. */
const isSame = (before: IpBlock, after: IpBlock): boolean => JSON.stringify(before) === JSON.stringify(after)

/** A gate is at the address of the range itself. */
export const toGateName = ({ cidr }: IpBlock): string => cidr.slice(0, cidr.indexOf('/'))

const isClosing = (object: KubeObject | undefined): boolean =>
  ['closing', 'closed'].includes(object?.metadata.annotations?.['phoenixnap.com/state'] ?? '')

const LEAVING = ['unassigning', 'unassigned']

function isGivenBack(before: IpBlock, after: IpBlock | undefined): boolean {
  if (!after) return true
  const isMarked = tagOf(before, 'delete') === undefined && tagOf(after, 'delete') !== undefined
  return isMarked || (!LEAVING.includes(before.status) && LEAVING.includes(after.status))
}
