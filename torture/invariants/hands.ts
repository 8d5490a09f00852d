import { MANAGED_BY, MANAGED_BY_LABEL } from '../../shared/kubernetes/names.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { assignedTo, liesIn } from '../../test/support/services.ts'
import type { Entry, Stored } from '../world/contract.ts'
import { isSound, type State } from './state.ts'

/**
 * What others than controllers have had a hand on: who acts on what was seen then, does nothing wrong. A moment ago is
 * what no pass has seen yet, too.
 */
export interface Hands {
  take(entry: Entry): void
  touched(id: string): void
  /** Whether somebody had a hand on a block (its id) or an address a moment ago. */
  wereOn(id: string): boolean
  /** Whether somebody edited or deleted the claim of an address a moment ago: whoever asks next may have it. */
  wereOnClaim(address: string): boolean
  /** Whether that happened at any time: who has it since, has it for good. */
  wereEverOnClaim(address: string): boolean
  /** Nobody can keep an address whose block has gone, does not work, or was in somebody's hand a moment ago. */
  excuse(address: string): boolean
}

/** For so long at least controllers may act on what they saw. */
const AFTERMATH_MS = 5 * 60_000

export function createHands({ inputs, passes }: State): Hands {
  const touched = new Map<string, number>()
  const claims = new Map<string, number>()
  /** When, after such a hand, a controller first wrote the claim, or a Service with its address. */
  const answers = new Map<string, number>()
  let known: readonly IpBlock[] = inputs.cloud.ipBlocks()

  const note = (id: string): void => void touched.set(id, inputs.now())
  const wasLately = (at: number | undefined): boolean =>
    at !== undefined && (inputs.now() - at < AFTERMATH_MS || !passes.haveSeen(at))
  const wereOnClaim = (address: string): boolean =>
    wasLately(claims.get(address)) || (claims.has(address) && !isAnswered(address))
  const wereOn = (id: string): boolean => wasLately(touched.get(id)) || wereOnClaim(id)

  /** What is written at this very moment is the answer, and right. */
  const isAnswered = (address: string): boolean =>
    (answers.get(address) ?? Number.POSITIVE_INFINITY) < inputs.now()

  function noteAnswer({ resource, object, old }: Stored): void {
    const services = resource === 'services' ? [object, old] : []
    const assigned = services.flatMap(service => assignedTo(service as unknown as KubeService | undefined))
    const claimed = resource === 'ipaddresses' ? [object.metadata.name ?? ''] : []
    const open = [...assigned, ...claimed].filter(address => claims.has(address) && !answers.has(address))
    for (const address of open) answers.set(address, inputs.now())
  }

  function compare(before: readonly IpBlock[]): void {
    for (const block of known) {
      const now = before.find(({ id }) => id === block.id)
      if (!now || isMeddledWith(block, now)) note(block.id)
    }
  }

  function noteHand({ resource, object, old }: Stored): void {
    const { name = '' } = object.metadata
    if (resource !== 'ipaddresses' || ![object, old].some(isOfOurs)) return
    note(name)
    claims.set(name, inputs.now())
    answers.delete(name)
  }

  return {
    touched: note,
    wereOn,
    wereOnClaim,
    wereEverOnClaim: address => claims.has(address),
    take(entry) {
      if (entry.kind === 'cloud') {
        compare(entry.before)
        known = entry.after
      }
      if (entry.kind !== 'stored') return
      if (inputs.isProcess(entry.by)) noteAnswer(entry)
      else noteHand(entry)
    },
    excuse(address) {
      const block = inputs.cloud.ipBlocks().find(({ cidr }) => liesIn(address, cidr))
      return !block || !isSound(block, inputs) || wereOn(address) || wereOn(block.id)
    },
  }
}

/** What the cloud does not do by itself. */
const isMeddledWith = (before: IpBlock, now: IpBlock): boolean =>
  JSON.stringify(before.tags) !== JSON.stringify(now.tags) ||
  (before.status === 'assigned' && now.status !== 'assigned')

const isOfOurs = (object: KubeObject | undefined): boolean =>
  object?.metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY
