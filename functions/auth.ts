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

/** The two ways to show the token: as a bearer, or as the last part of the path. */
const BEARER = /^Bearer +(\S+) *$/i
const SEGMENT = /^\/admission\/([^/]+)$/

const bearerOf = ({ headers }: WebhookHead): string | undefined =>
  BEARER.exec(headers['authorization'] ?? '')?.[1]

const segmentOf = ({ path }: WebhookHead): string | undefined => SEGMENT.exec(path)?.[1]

/** Whether the caller shows a token at all, right or wrong. */
export const showsCredentials = (head: WebhookHead): boolean =>
  bearerOf(head) !== undefined || segmentOf(head) !== undefined

export function createAuthenticate(options: AuthOptions): Authenticate {
  const accepted = memoize(options.tokens)
  return (head, route) => {
    const { bearers, pathSecrets } = accepted()
    if (options.demandCertificate && head.clientVerified !== true) return false
    if (bearers.length === 0) return options.demandCertificate === true
    const bearer = bearerOf(head)
    if (bearer !== undefined && isOneOf(bearer, bearers)) return true
    const segment = segmentOf(head)
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
