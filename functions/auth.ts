import { hash, timingSafeEqual } from 'node:crypto'
import { admissionPathSecret } from '../shared/webhook-secret.ts'
import type { WebhookHead } from './http.ts'

/** Route of a webhook: a path secret is good for admission alone. */
export type WebhookRoute = 'admission' | 'audit'

/**
 * What a caller must show. Every way that is configured is demanded: with a certificate authority and a token, both a
 * verified certificate and the token. A certificate alone counts only where no token is set; such an authority
 * should sign for nothing else, since a cluster's own authority signs for every kubelet as well.
 */
export interface AuthOptions {
  /** The current webhook token and the one before, as they are now; none is fine only with certificates. */
  readonly tokens: () => readonly string[]
  /** True where the host ends TLS itself and was given an authority for its callers' certificates. */
  readonly demandCertificate?: boolean | undefined
}

/** True when the request may call the route. Looks at path and headers only. */
export type Authenticate = (head: WebhookHead, route: WebhookRoute) => boolean

export function createAuthenticate(options: AuthOptions): Authenticate {
  const accepted = memoize(options.tokens)
  return (head, route) => {
    const { bearers, pathSecrets } = accepted()
    if (options.demandCertificate && head.clientVerified !== true) return false
    if (bearers.length === 0) return options.demandCertificate === true
    const bearer = /^Bearer +(\S+) *$/i.exec(head.headers['authorization'] ?? '')?.[1]
    if (bearer !== undefined && isOneOf(bearer, bearers)) return true
    const segment = /^\/admission\/([^/]+)$/.exec(head.path)?.[1]
    return route === 'admission' && segment !== undefined && isOneOf(segment, pathSecrets)
  }
}

interface Accepted {
  readonly tokens: readonly string[]
  readonly bearers: readonly Buffer[]
  readonly pathSecrets: readonly Buffer[]
}

/** Digests of what is accepted, made anew only when the tokens change. */
function memoize(tokens: () => readonly string[]): () => Accepted {
  let last: Accepted | undefined
  return () => {
    const now = tokens().filter(token => token !== '')
    if (last && last.tokens.length === now.length && last.tokens.every((token, i) => token === now[i])) {
      return last
    }
    const pathSecrets = now.map(token => digest(admissionPathSecret(token)))
    last = { tokens: now, bearers: now.map(digest), pathSecrets }
    return last
  }
}

/** Digests have one length, as the comparison wants, and tell nothing of how much of a guess was right. */
const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** Compares with every candidate, so that the time does not tell which one matched. */
function isOneOf(given: string, candidates: readonly Buffer[]): boolean {
  const shown = digest(given)
  return candidates.map(candidate => timingSafeEqual(shown, candidate)).includes(true)
}
