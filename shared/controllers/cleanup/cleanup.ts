import type { Leftover } from '../../cloud-provider/leftovers.ts'
import type { SupplyProgress } from '../../cloud-provider/load-balancer.ts'
import { type CcmError, ERRORS, type ErrorCode, hasCode } from '../../errors.ts'
import type { PlannedChange } from '../contract.ts'
import type { CleanupCall, CleanupFailure, CleanupParts, CleanupReport } from './contract.ts'

/** Between two looks at blocks that are on their way: the cloud takes seconds to minutes for a step. */
const POLL_MS = 5_000
/** One refusal may come from somebody who gives back the same block at the same moment. */
const REFUSALS = 2
const GONE = 'its cluster has gone'

/**
 * Gives back what a cluster left behind, until nothing is left, nothing more can be done or the time is over. Each block
 * goes its own way: one that fails stops no other.
 *
 * @throws CcmError CCM_CLUSTER_ALIVE, BMC_* when it could not even begin
 */
export async function cleanUp(parts: CleanupParts, call: CleanupCall): Promise<CleanupReport> {
  const { clock, leftovers, requestCounts } = parts
  const startedAt = clock.now()
  const lookedAt = await parts.lookAtCluster(call.signal)
  const found = await leftovers.list(call.cluster, call)
  const run = createRun(parts, call)
  const ending = call.confirm ? await run.work(found) : toPlan(found)
  const isClean = found.length === 0 || (call.confirm && ending.failures.length === 0)
  return {
    state: isClean ? 'clean' : call.confirm ? 'left' : 'planned',
    cluster: call.cluster,
    lookedAt,
    blocks: found.length,
    ...ending,
    durationMs: clock.now() - startedAt,
    requests: Object.fromEntries(requestCounts()),
  }
}

type Ending = Pick<CleanupReport, 'changes' | 'failures'>

const toPlan = (found: readonly Leftover[]): Ending => ({
  changes: found.flatMap(leftover => (leftover.refusal ? [] : [toPlanned(leftover)])),
  failures: found.flatMap(({ blockId, refusal }) => (refusal ? [{ name: blockId, ...refusal }] : [])),
})

/** The whole way of a block, of which `due` is what can be done at once. */
function toPlanned({ blockId, cidr, location, status, publicNetworkId, due, wait }: Leftover): PlannedChange {
  const steps = [
    ...due,
    ...(wait === undefined ? [] : ['wait']),
    ...(due.includes('delete') ? [] : ['delete']),
  ]
  return {
    kind: 'IPBlock',
    name: blockId,
    action: 'giveBack',
    detail: { cidr, location, status, publicNetworkId, steps },
    // A wait that our own change brings about is no reason.
    why: due.some(step => step !== 'mark') ? GONE : (wait ?? GONE),
  }
}

/** Why a block is still there. */
interface Open {
  readonly code: ErrorCode
  readonly message: string
}

function createRun(parts: CleanupParts, call: CleanupCall) {
  const { clock, leftovers, tell } = parts
  const changes: PlannedChange[] = []
  const refusals = new Map<string, number>()
  const deleted = new Set<string>()
  const gone = new Set<string>()
  const open = new Map<string, Open>()
  const isGivenUp = (id: string): boolean => (refusals.get(id) ?? 0) >= REFUSALS

  async function work(found: readonly Leftover[]): Promise<Ending> {
    let left = found
    try {
      while (left.length > 0) {
        await round(left)
        if (left.every(({ blockId }) => isGivenUp(blockId))) break
        // Only a list that does not hold them proves that they have gone.
        if (!left.every(({ blockId }) => gone.has(blockId)) && !(await pause())) break
        left = (await look()) ?? left
      }
    } catch (error) {
      if (!hasCode(error)) throw error
      return { changes, failures: [toFailure(error), ...toFailures(left)] }
    }
    return { changes, failures: toFailures(left) }
  }

  async function round(left: readonly Leftover[]): Promise<void> {
    for (const leftover of left) {
      if (call.signal?.aborted || clock.now() >= call.deadline) return
      if (!isGivenUp(leftover.blockId)) await step(leftover)
    }
  }

  /** One step of one block, and what keeps it. */
  async function step(leftover: Leftover): Promise<void> {
    const { blockId, wait, due } = leftover
    if (deleted.has(blockId)) {
      gone.delete(blockId)
      return keep(blockId, 'it was deleted and is still listed')
    }
    if (due.length === 0 && wait !== undefined) return keep(blockId, wait)
    const progress = await tryToGiveBack(leftover)
    for (const change of progress.did) {
      changes.push({
        kind: 'IPBlock',
        name: blockId,
        action: change.do,
        detail: change.detail,
        why: change.why,
      })
      tell(`block ${blockId}: ${change.do}, because ${change.why}`)
    }
    if (progress.state === 'done') {
      deleted.add(blockId)
      gone.add(blockId)
      return
    }
    if (progress.code === undefined) {
      refusals.delete(blockId)
      return keep(blockId, progress.why)
    }
    keep(blockId, progress.why, progress.code)
    // What is wrong with the API passes, or ends with the time: it tells nothing of the block.
    if (!isPassing(progress.code)) refusals.set(blockId, (refusals.get(blockId) ?? 0) + 1)
  }

  function keep(blockId: string, message: string, code: ErrorCode = 'CCM_DEADLINE'): void {
    if (open.get(blockId)?.message !== message) tell(`block ${blockId}: ${message}`)
    open.set(blockId, { code, message })
  }

  async function tryToGiveBack(leftover: Leftover): Promise<SupplyProgress> {
    try {
      return await leftovers.giveBack(call.cluster, leftover, call)
    } catch (error) {
      if (!hasCode(error)) throw error
      return { state: 'refused', did: [], why: error.message, code: error.code, message: error.message }
    }
  }

  /** What is left now; undefined while the API is in trouble that passes. @throws CcmError what does not */
  async function look(): Promise<readonly Leftover[] | undefined> {
    try {
      await parts.lookAtCluster(call.signal)
      return await leftovers.list(call.cluster, call)
    } catch (error) {
      if (call.signal?.aborted) return undefined
      if (!hasCode(error) || !isPassing(error.code)) throw error
      tell(error.message)
      return undefined
    }
  }

  /** @returns false when the time is over, or the work was told to end */
  async function pause(): Promise<boolean> {
    const ms = Math.min(POLL_MS, call.deadline - clock.now())
    if (ms <= 0 || call.signal?.aborted) return false
    await clock.sleep(ms, call.signal).catch(() => undefined)
    return !call.signal?.aborted
  }

  const toFailures = (left: readonly Leftover[]): readonly CleanupFailure[] =>
    left
      .filter(({ blockId }) => !gone.has(blockId))
      .map(({ blockId, status }) => ({
        name: blockId,
        ...(open.get(blockId) ?? { code: 'CCM_DEADLINE' as const, message: `block ${blockId} is ${status}` }),
      }))

  return { work }
}

const isPassing = (code: ErrorCode): boolean => code.startsWith('BMC_') && ERRORS[code].retry

const toFailure = ({ code, message }: CcmError): CleanupFailure => ({
  name: code.startsWith('BMC_') ? 'cloud' : 'cluster',
  code,
  message,
})
