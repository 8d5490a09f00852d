import { randomBytes } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { KeyPair } from '../../shared/simulator/certificates.ts'

/** The service account under which the controller runs. */
export const CONTROLLER = 'system:serviceaccount:kube-system:cloud-provider-phoenixnap'
/** May do everything. */
export const ADMIN = 'admin'

/** Groups that a real cluster gives to a user of that name. */
export function toGroups(user: string): string[] {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user)
  if (account) return ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
  if (user.startsWith('system:node:')) return ['system:nodes']
  return user === ADMIN ? ['system:masters'] : []
}

/** Tokens for any user, without a list of users: a token is the user's name behind a secret of this authority. */
export interface TokenAuthority {
  /** Where an API server asks who a token belongs to (TokenReview, https). */
  readonly url: string
  tokenFor(user: string): string
  close(): Promise<void>
}

/** @param certificate for 127.0.0.1 */
export async function startTokenAuthority(certificate: KeyPair): Promise<TokenAuthority> {
  const prefix = `${randomBytes(12).toString('hex')}.`
  const userOf = (token: string): string | undefined =>
    token.startsWith(prefix) ? Buffer.from(token.slice(prefix.length), 'base64url').toString() : undefined

  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      const review = JSON.parse(body) as { spec: { token: string } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer(userOf(review.spec.token))))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // The tests end although an API server keeps its connection to this one open.
  server.unref()

  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    tokenFor: user => prefix + Buffer.from(user).toString('base64url'),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(user: string | undefined): unknown {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    status:
      user === undefined
        ? { authenticated: false }
        : { authenticated: true, user: { username: user, uid: user, groups: toGroups(user) } },
  }
}
