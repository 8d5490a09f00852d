/** Webhook tokens as they are given now: by settings, or by the Secret. */
export interface GivenTokens {
  readonly current: string | undefined
  readonly previous?: string | undefined
}

/** What one replica knows of webhook tokens; times in milliseconds since 1970. */
export interface TokenMemory {
  readonly given: GivenTokens
  /** The one whose path secret is registered. */
  readonly registered: string | undefined
  /** Since when `given.current` is known. */
  readonly since: number
  /** Tokens that were current before. */
  readonly former: readonly { readonly token: string; readonly until: number }[]
}

/** Replicas read the Secret every 30 s: after three times that, all that can read it accept a new token. */
export const SETTLED_MS = 90_000
/** An API server that was just told of the new URL may still be at a review with the old one; a leaked token ends here. */
export const FORMER_MS = 600_000

/** A new token is registered only when all replicas accept it, and the one before is accepted for a while longer. */
export function followTokens(memory: TokenMemory | undefined, given: GivenTokens, now: number): TokenMemory {
  if (!memory) return { given, registered: given.current, since: now, former: [] }
  const isNew = memory.given.current !== given.current
  const since = isNew ? now : memory.since
  const left = memory.former.filter(({ token, until }) => until > now && token !== given.current)
  const old = isNew ? memory.given.current : undefined
  const former = old === undefined ? left : [...left, { token: old, until: now + FORMER_MS }]
  const isSettled = now - since >= SETTLED_MS || memory.registered === undefined
  return { given, since, former, registered: isSettled ? given.current : memory.registered }
}

/** Every token that is accepted, the current one first. */
export function toAccepted({ given, registered, former }: TokenMemory, now: number): readonly string[] {
  const old = former.filter(({ until }) => until > now).map(({ token }) => token)
  const all = [given.current, given.previous, registered, ...old].filter(token => token !== undefined)
  return [...new Set(all)]
}
