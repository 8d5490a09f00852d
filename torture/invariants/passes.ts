import { RESYNC_LEASE } from '../../shared/kubernetes/names.ts'
import type { Entry } from '../world/contract.ts'
import type { CheckerInputs } from './contract.ts'

/** What the controllers can know, as their passes tell. */
export interface Passes {
  take(entry: Entry): void
  /**
   * Whether a pass that saw everything began after that time, and ended long enough ago for everybody to go by it. While
   * none gets through, nobody can know of what happened.
   */
  haveSeen(at: number): boolean
}

/** A pass that ended so long after something saw it; who acts on what was read before it ends in that time as well. */
const PASS_MS = 60_000

export function createPasses({ isProcess, now }: Pick<CheckerInputs, 'isProcess' | 'now'>): Passes {
  const vouched: number[] = []
  return {
    take(entry) {
      if (entry.kind !== 'stored' || entry.object.metadata.name !== RESYNC_LEASE || !isProcess(entry.by))
        return
      if (toRenewTime(entry.object) !== toRenewTime(entry.old)) vouched.push(now())
    },
    haveSeen(at) {
      const first = vouched.find(time => time >= at + PASS_MS)
      return first !== undefined && now() >= first + PASS_MS
    },
  }
}

const toRenewTime = (lease: unknown): string | undefined =>
  (lease as { readonly spec?: { readonly renewTime?: string } } | undefined)?.spec?.renewTime
