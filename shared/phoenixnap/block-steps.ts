import type { Bmc, Call, TagAssignment, TagAssignmentRequest } from '../bmc/client.ts'
import type { Clock } from '../clock.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import type { BlockHold } from '../cloud-provider/load-balancer.ts'
import { CcmError, hasCode } from '../errors.ts'
import { withMark, withoutMark } from './block-tags.ts'
import type { Refusal } from './supply-plan.ts'

/**
 * How a change ended. `later`: BMC is in another operation (`busy`), says that it failed (`failed`), or did not say
 * anything; in the last two cases the change may have been made unseen.
 */
export type Ending =
  | { readonly end: 'made' }
  | { readonly end: 'later'; readonly why: string; readonly bmc: 'busy' | 'failed' | 'silent' }
  | { readonly end: 'refused'; readonly refusal: Refusal }

/** Sends one change while the hold lasts. @throws CcmError CCM_DEADLINE when too little time is left, KUBE_* */
export type Change = <T>(send: (call: Call) => Promise<T>, latest?: number) => Promise<T>

/** Kept between the end of a change and the end of the hold, in milliseconds: two clocks measure them. */
const MARGIN_MS = 2_000
/** A change that would get less time is not begun. */
const LEAST_MS = 1_000

/**
 * Changes under a hold: each makes sure that it still holds, and ends before it does.
 *
 * @returns a function that takes what to send and, if there is one, a deadline of its own (ms since 1970, as `clock`)
 */
export function createChange(hold: BlockHold, clock: Clock, call: CloudCall): Change {
  return async (send, latest = Number.POSITIVE_INFINITY) => {
    const leftMs = await hold.confirm()
    const end = clock.now() + leftMs - MARGIN_MS
    const deadline = Math.min(end, latest, call.deadline ?? Number.POSITIVE_INFINITY)
    if (deadline - clock.now() < LEAST_MS) {
      throw new CcmError('CCM_DEADLINE', 'too little time is left to change an IP block')
    }
    return send({ signal: call.signal, deadline })
  }
}

/** Makes a change and sorts its end; an error that is not BMC's own, or that of the deadline, is thrown. */
export async function attempt(what: string, change: () => Promise<unknown>): Promise<Ending> {
  try {
    await change()
    return { end: 'made' }
  } catch (error) {
    if (!hasCode(error) || error.code.startsWith('KUBE_')) throw error
    if (hasCode(error, 'BMC_CONFLICT', 'BMC_OUTCOME_UNKNOWN', 'CCM_DEADLINE')) {
      return { end: 'later', why: `${what}: ${error.message}`, bmc: toWord(error) }
    }
    return { end: 'refused', refusal: toRefusal(what, error) }
  }
}

function toWord({ code, cause }: CcmError): 'busy' | 'failed' | 'silent' {
  if (code === 'BMC_CONFLICT') return 'busy'
  return hasCode(cause, 'BMC_SERVER_ERROR') ? 'failed' : 'silent'
}

/** A plain "no" of BMC is about the block; everything else is about BMC or the credentials. */
function toRefusal(what: string, { code, message }: CcmError): Refusal {
  const isNo = code === 'BMC_BAD_REQUEST' || code === 'BMC_FORBIDDEN' || code === 'BMC_NOT_FOUND'
  return { code: isNo ? 'CCM_BLOCK_FAILED' : code, message: `${what}: ${message}` }
}

/** Tags as far as this process knows them to exist. */
export interface TagNames {
  /** @returns true when none of them had to be asked for, so that one may have been deleted meanwhile */
  ensure(tags: readonly TagAssignmentRequest[], call: CloudCall): Promise<boolean>
  forget(): void
}

/** The API refuses a block whose tag names do not exist. */
export function createTagNames(bmc: Bmc): TagNames {
  const known = new Set<string>()
  return {
    async ensure(tags, call) {
      const missing = [...new Set(tags.map(({ name }) => name))].filter(name => !known.has(name))
      for (const name of missing) {
        await bmc.ensureTag(name, false, call)
        known.add(name)
      }
      return missing.length === 0
    },
    forget: () => known.clear(),
  }
}

/** Puts the mark on a block, or takes it off; all other tags stay. */
export async function setMark(
  { bmc, tagNames, call }: { readonly bmc: Bmc; readonly tagNames: TagNames; readonly call: CloudCall },
  change: Change,
  block: { readonly id: string; readonly tags?: readonly TagAssignment[] | undefined },
  marked: boolean,
): Promise<void> {
  const { id, tags: present = [] } = block
  const tags = marked ? withMark(present) : withoutMark(present)
  const put = (): Promise<unknown> => change(limits => bmc.putIpBlockTags(id, tags, limits))
  const maybeGone = marked && (await tagNames.ensure(tags.slice(-1), call))
  try {
    await put()
  } catch (error) {
    if (!maybeGone || !hasCode(error, 'BMC_BAD_REQUEST')) throw error
    tagNames.forget()
    await tagNames.ensure(tags.slice(-1), call)
    await put()
  }
}
