import type { Clock } from '../../clock.ts'
import { ApiError, SCOPES, type Scope } from './api.ts'

/** API credentials as a customer creates them in the portal. */
export interface Client {
  readonly clientId: string
  readonly clientSecret: string
  readonly accountId: string
  readonly scopes: readonly Scope[]
}

/** Answer of the token endpoint: OAuth words, not the API's. An absent body is an empty answer. */
export interface TokenAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Who asks, after the token was checked. */
export interface Caller {
  readonly accountId: string
  readonly clientId: string
}

export interface TokenIssuer {
  readonly clients: Map<string, Client>
  /** Answers one request of the token endpoint. @param form the decoded form body */
  issue(authorization: string | undefined, form: URLSearchParams): TokenAnswer
  /** @throws ApiError 401 without a valid token, 403 when it lacks `scope` */
  authorise(authorization: string | undefined, scope: Scope): Caller
  /** Every token issued so far is refused from now on. */
  revokeAll(): void
  /** Tokens that are neither revoked nor expired. */
  active(): readonly string[]
}

interface Issued extends Caller {
  readonly scopes: readonly Scope[]
  readonly expiresAt: number
}

export interface TokenIssuerOptions {
  readonly clock: Clock
  readonly lifetimeMs: number
  /** A text that cannot be guessed and never comes twice. */
  readonly newToken: () => string
}

export function createTokenIssuer({ clock, lifetimeMs, newToken }: TokenIssuerOptions): TokenIssuer {
  const clients = new Map<string, Client>()
  const tokens = new Map<string, Issued>()

  function issue(authorization: string | undefined, form: URLSearchParams): TokenAnswer {
    if (form.get('grant_type') !== 'client_credentials') return refuse(400, 'unsupported_grant_type')
    const { clientId, clientSecret } = credentials(authorization, form)
    const client = clients.get(clientId)
    if (client === undefined || client.clientSecret !== clientSecret)
      return refuse(401, 'unauthorized_client')
    const scopes = grantedScopes(client, form.get('scope'))
    if (scopes === undefined) return refuse(400, 'invalid_scope')
    const token = newToken()
    tokens.set(token, {
      accountId: client.accountId,
      clientId,
      scopes,
      expiresAt: clock.now() + lifetimeMs,
    })
    return {
      status: 200,
      body: {
        access_token: token,
        expires_in: Math.floor(lifetimeMs / 1000),
        refresh_expires_in: 0,
        token_type: 'Bearer',
        'not-before-policy': 0,
        scope: scopes.join(' '),
      },
    }
  }

  function authorise(authorization: string | undefined, scope: Scope): Caller {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    const issued = token === undefined ? undefined : tokens.get(token)
    if (issued === undefined || issued.expiresAt <= clock.now()) {
      throw new ApiError(401, 'The provided credentials are invalid.')
    }
    if (!covers(issued.scopes, scope)) throw new ApiError(403, `The token lacks the scope ${scope}.`)
    return issued
  }

  return {
    clients,
    issue,
    authorise,
    revokeAll: () => tokens.clear(),
    active: () => [...tokens].filter(([, { expiresAt }]) => expiresAt > clock.now()).map(([token]) => token),
  }
}

/** HTTP Basic (RFC 6749: both halves form-encoded) or the form itself. */
function credentials(
  authorization: string | undefined,
  form: URLSearchParams,
): { clientId: string; clientSecret: string } {
  const basic = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) {
    return { clientId: form.get('client_id') ?? '', clientSecret: form.get('client_secret') ?? '' }
  }
  const pair = Buffer.from(basic, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return { clientId: formDecode(pair.slice(0, colon)), clientSecret: formDecode(pair.slice(colon + 1)) }
}

const formDecode = (value: string): string => new URLSearchParams(`v=${value}`).get('v') ?? ''

/** Scopes of the token: all of the client's, or those asked for; undefined when one of them is not the client's. */
function grantedScopes(client: Client, asked: string | null): readonly Scope[] | undefined {
  const words = (asked ?? '').split(' ').filter(word => word !== '')
  if (words.length === 0) return client.scopes
  const scopes = SCOPES.filter(scope => words.includes(scope))
  const refused = scopes.length < new Set(words).size || scopes.some(scope => !covers(client.scopes, scope))
  return refused ? undefined : scopes
}

function covers(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some(scope => scope === needed || `${scope}.read` === needed)
}

function refuse(status: number, error: string): TokenAnswer {
  return { status, body: { error, error_description: 'The request for a token was refused.' } }
}
