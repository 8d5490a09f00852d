import { MANAGED_BY, MANAGED_BY_LABEL } from '../../shared/kubernetes/names.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { liesIn } from '../../test/support/services.ts'
import type { Entry } from '../world/contract.ts'
import { isSound, type State } from './state.ts'

/** What others than controllers have had a hand on: who acts on what was seen then, does nothing wrong. */
export interface Hands {
  take(entry: Entry): void
  touched(id: string): void
  /** Whether somebody had a hand on a block (its id) or an address a moment ago. */
  wereOn(id: string): boolean
  /** Whether somebody edited or deleted the claim of an address a moment ago: whoever asks next may have it. */
  wereOnClaim(address: string): boolean
  /** Nobody can keep an address whose block has gone, does not work, or was in somebody's hand a moment ago. */
  excuse(address: string): boolean
}

/** For so long controllers may act on what they saw. */
const AFTERMATH_MS = 5 * 60_000

export function createHands({ inputs }: State): Hands {
  const touched = new Map<string, number>()
  const claims = new Map<string, number>()
  let known: readonly IpBlock[] = inputs.cloud.ipBlocks()

  const note = (id: string): void => void touched.set(id, inputs.now())
  const wasLately = (at = Number.NEGATIVE_INFINITY): boolean => inputs.now() - at < AFTERMATH_MS
  const wereOn = (id: string): boolean => wasLately(touched.get(id))

  function compare(before: readonly IpBlock[]): void {
    for (const block of known) {
      const now = before.find(({ id }) => id === block.id)
      if (!now || isMeddledWith(block, now)) note(block.id)
    }
  }

  return {
    touched: note,
    wereOn,
    wereOnClaim: address => wasLately(claims.get(address)),
    take(entry) {
      if (entry.kind === 'cloud') {
        compare(entry.before)
        known = entry.after
      }
      if (entry.kind !== 'stored' || entry.resource !== 'ipaddresses' || inputs.isProcess(entry.by)) return
      const { name = '' } = entry.object.metadata
      if (![entry.object, entry.old].some(isOfOurs)) return
      note(name)
      claims.set(name, inputs.now())
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
