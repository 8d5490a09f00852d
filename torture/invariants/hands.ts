import { MANAGED_BY, MANAGED_BY_LABEL } from '../../shared/kubernetes/names.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { liesIn } from '../../test/support/services.ts'
import type { Entry } from '../world/contract.ts'
import { isSound, type State } from './state.ts'

/** What others than controllers have had a hand on: who acts on what was seen then, does nothing wrong. */
export interface Hands {
  take(entry: Entry): void
  touched(id: string): void
  /** Whether somebody had a hand on a block (its id) or an address a moment ago. */
  wereOn(id: string): boolean
  /** Nobody can keep an address whose block has gone, does not work, or was in somebody's hand a moment ago. */
  excuse(address: string): boolean
}

/** For so long controllers may act on what they saw. */
const AFTERMATH_MS = 5 * 60_000

export function createHands({ inputs }: State): Hands {
  const touched = new Map<string, number>()
  let known: readonly IpBlock[] = inputs.cloud.ipBlocks()

  const note = (id: string): void => void touched.set(id, inputs.now())
  const wereOn = (id: string): boolean =>
    inputs.now() - (touched.get(id) ?? Number.NEGATIVE_INFINITY) < AFTERMATH_MS

  function compare(before: readonly IpBlock[]): void {
    for (const block of known) {
      const now = before.find(({ id }) => id === block.id)
      if (!now || isMeddledWith(block, now)) note(block.id)
    }
  }

  return {
    touched: note,
    wereOn,
    take(entry) {
      if (entry.kind === 'cloud') {
        compare(entry.before)
        known = entry.after
      }
      if (entry.kind !== 'stored' || entry.resource !== 'ipaddresses' || inputs.isProcess(entry.by)) return
      const { name = '', labels } = entry.object.metadata
      if (labels?.[MANAGED_BY_LABEL] === MANAGED_BY) note(name)
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
