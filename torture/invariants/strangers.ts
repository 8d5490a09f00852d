import { isIP } from 'node:net'
import { MANAGE } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { announcedFor, assignedTo, ingressOf, isHeld, liesIn, nameOf } from '../../test/support/services.ts'
import type { Entry, Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import { liveOf, type State } from './state.ts'
import { holdsOurs } from './users.ts'
import { ASKING } from './wishes.ts'

/** A Service that somebody else serves is left alone. */
export function createStrangerChecks(state: State): Checks {
  const { inputs } = state
  /** Ranges that this cluster or another one had at some time. */
  const cidrs = new Set<string>()
  /** UIDs of Services that were served from here at some time, and rightly. */
  const served = new Set<string>()

  const note = (): void => {
    for (const { cidr } of inputs.cloud.ipBlocks()) cidrs.add(cidr)
  }
  const isOfBlocks = (address: string): boolean => [...cidrs].some(cidr => liesIn(address, cidr))

  /** What is no address may turn out to be anybody's. */
  const isClear = (name: string): boolean => isIP(name) !== 0 && !isOfBlocks(name)

  /** Everything that it names to its announcer, in whichever place. */
  function namedBy({ metadata: { annotations = {} }, spec }: KubeService): readonly string[] {
    const keys = ASKING[inputs.settings.announcer] ?? []
    const texts = [...keys.map(key => annotations[key]), spec?.loadBalancerIP]
    return texts.flatMap(text => text?.split(',').map(name => name.trim()) ?? [])
  }

  /** Served from here: who drops our marks, as `kubectl replace` does, takes no claim back. */
  const isClaimedFor = ({ metadata }: KubeService): boolean =>
    served.has(metadata.uid ?? '') &&
    state
      .claimsOf(nameOf({ metadata }))
      .some(claim => claim.serviceUid === metadata.uid && claim.state === 'active')

  /** It has addresses, none of ours ever, and nobody has asked us for anything. */
  function isServedElsewhere(service: KubeService): boolean {
    const { annotations = {}, deletionTimestamp } = service.metadata
    const has = [...ingressOf(service), ...announcedFor(service)]
    const isAsking = annotations[MANAGE] !== undefined || assignedTo(service).length > 0 || isHeld(service)
    const isLeft = isAsking || deletionTimestamp !== undefined || isClaimedFor(service)
    return ingressOf(service).length > 0 && !isLeft && !has.some(isOfBlocks)
  }

  function checkService(entry: Stored): Fault[] {
    const before = entry.old as KubeService | undefined
    if (!before || entry.type === 'DELETED' || !isServedElsewhere(before)) return []
    const after = entry.object as unknown as KubeService
    const isOurs = inputs.isProcess(entry.by)
    const sent = isOurs ? before : (state.sentFor(entry) as unknown as KubeService)
    const asks = sent.metadata.annotations?.[MANAGE] !== undefined || !namedBy(sent).every(isClear)
    if (asks || !holdsOurs(sent, after)) return []
    const what = `it has ${ingressOf(before).join()} of somebody else, and is given marks of ours`
    return [{ invariant: '3c', object: `services ${nameOf(before)}`, what }]
  }

  return {
    check(entry: Entry) {
      if (entry.kind === 'cloud') for (const { cidr } of entry.before) cidrs.add(cidr)
      if (entry.kind !== 'stored' || entry.resource !== 'services') return []
      // One may have come without a request.
      note()
      const faults = checkService(entry)
      const after = entry.object as unknown as KubeService
      if (faults.length === 0 && liveOf(after).length > 0) served.add(after.metadata.uid ?? '')
      return faults
    },
  }
}
