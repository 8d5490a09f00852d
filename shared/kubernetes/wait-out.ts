import type { Clock } from '../clock.ts'
import { hasCode } from '../errors.ts'

/** Five more tries at the API server's usual second fit into a request's limit with the shares of chance. */
const ATTEMPTS = 6
/** Who is told to stay away for longer has other work to do meanwhile. */
const MOST_WAIT_MS = 4_000

/**
 * Repeats what a busy API server refused (429 with a time to come again): it was not carried out, so that a write may be
 * repeated as well. Its priority and fairness does so where a priority level rejects instead of queueing, and requests
 * that are sent side by side are then refused for each other's sake: each waits for a little more than it was told.
 *
 * @param random from 0 to below 1
 * @param signal ends the waiting; the refusal is thrown then
 */
export async function waitOut<T>(
  send: () => Promise<T>,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      const waitMs = toWaitMs(error)
      if (waitMs === undefined || attempt === ATTEMPTS) throw error
      await clock.sleep(waitMs * (1 + random() / 2), signal).catch(() => {
        throw error
      })
    }
  }
}

function toWaitMs(error: unknown): number | undefined {
  if (!hasCode(error, 'KUBE_RATE_LIMITED')) return undefined
  const ms = error.fields['retryAfterMs']
  return typeof ms === 'number' && ms <= MOST_WAIT_MS ? ms : undefined
}
