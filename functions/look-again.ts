import type { Clock } from '../shared/clock.ts'
import type { ReconcileKey, ReconcileOutcome, WorkCall } from '../shared/controllers/contract.ts'
import { toKeyId } from './keys.ts'
import { toLookDelay } from './next-run.ts'
import type { Reconcile } from './reconcile.ts'

/** What a last look may need: a few requests to BMC, each with its retries, and to the cluster. */
const LAST_LOOK_MS = 10_000

/**
 * Reconciles keys, and looks again at those that the cloud is at work on as long as the deadline is far enough. What
 * still waits then is left to the next ring and to resync.
 *
 * @returns the last outcome of each key; for a key of a whole kind, of each object that was worked on
 */
export async function reconcileInTime(
  reconcile: Reconcile,
  clock: Clock,
  keys: readonly ReconcileKey[],
  call: WorkCall,
): Promise<readonly ReconcileOutcome[]> {
  const outcomes = new Map<string, ReconcileOutcome>()
  const due = new Map<string, { readonly key: ReconcileKey; readonly at: number }>()

  async function look(at: readonly ReconcileKey[]): Promise<void> {
    for (const outcome of await reconcile(at, call)) {
      const id = toKeyId(outcome.key)
      outcomes.set(id, outcome)
      due.delete(id)
      if (outcome.result === 'waiting')
        due.set(id, { key: outcome.key, at: clock.now() + toLookDelay(outcome) })
    }
  }

  if (keys.length > 0) await look(keys)
  while (due.size > 0) {
    const next = Math.min(...[...due.values()].map(({ at }) => at))
    if (next + LAST_LOOK_MS > call.deadline) break
    await clock.sleep(next - clock.now())
    await look([...due.values()].filter(({ at }) => at <= clock.now()).map(({ key }) => key))
  }
  return [...outcomes.values()]
}
