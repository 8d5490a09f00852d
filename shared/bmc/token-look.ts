import { startLimit } from '../limit.ts'
import { anySignal } from './limits.ts'
import { type FreshToken, requestToken, type TokenRequestOptions } from './token-request.ts'
import type { Call } from './types.ts'

/** What a new token is like; the token itself is not told. */
export type TokenFacts = Pick<FreshToken, 'lifeMs' | 'scopes' | 'date'>

export interface TokenLook {
  /**
   * Asks for a token that nobody uses: what the credentials are good for now, whatever token is held.
   *
   * @throws CcmError BMC_CREDENTIALS_INVALID, BMC_TOKEN_ENDPOINT_FAILED; the signal's reason when it aborts
   */
  lookAtToken(call?: Call): Promise<TokenFacts>
}

const MAX_ATTEMPTS = 2

export function createTokenLook(options: TokenRequestOptions & { readonly timeoutMs: number }): TokenLook {
  const { clock, timeoutMs } = options
  return {
    async lookAtToken({ signal, deadline } = {}) {
      const limit = startLimit(clock, deadline === undefined ? undefined : deadline - clock.now())
      try {
        const effort = { signal: anySignal(signal, limit.signal), timeoutMs, maxAttempts: MAX_ATTEMPTS }
        const { lifeMs, scopes, date } = await requestToken(options, effort)
        return { lifeMs, scopes, date }
      } finally {
        limit.stop()
      }
    },
  }
}
