import type { Clock } from '../clock.ts'
import { CcmError, hasCode } from '../errors.ts'

/** Remembers whether the API answers, from how calls end. */
export interface Reachability {
  /** Since when (ms since 1970) no call got through; undefined after one did. */
  since(): number | undefined
  succeeded(): void
  failed(error: unknown): void
}

export function createReachability(clock: Clock): Reachability {
  let since: number | undefined
  return {
    since: () => since,
    succeeded: () => {
      since = undefined
    },
    failed: error => {
      if (isSignOfLife(error)) since = undefined
      else if (isSilence(error)) since ??= clock.now()
    },
  }
}

/** A refusal comes from a living API; a redirect or a foreign body may come from something before it. */
function isSignOfLife(error: unknown): boolean {
  if (!(error instanceof CcmError) || error.code === 'BMC_TOKEN_ENDPOINT_FAILED') return false
  const { status } = error.fields
  return typeof status === 'number' && status >= 400 && status < 500
}

/** What a caller had better not wait for again. A change is sent only once, which proves less: it does not count. */
function isSilence(error: unknown): boolean {
  const silent = ['BMC_UNREACHABLE', 'BMC_TIMEOUT', 'BMC_SERVER_ERROR', 'BMC_TOKEN_ENDPOINT_FAILED'] as const
  return hasCode(error, ...silent) && error.fields['reason'] !== 'aborted'
}
