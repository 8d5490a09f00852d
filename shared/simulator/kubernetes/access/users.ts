import type { User } from '../objects.ts'

const TOKEN_PREFIX = 'sim-'
const NODE_PREFIX = 'system:node:'
const ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/

export const ANONYMOUS: User = { username: 'system:anonymous', uid: '', groups: ['system:unauthenticated'] }

/** The user of a name, with the groups that the real authenticators would give it. */
export function toUser(username: string): User {
  return { username, uid: username, groups: [...groupsOf(username), 'system:authenticated'] }
}

function groupsOf(username: string): string[] {
  if (username === 'admin') return ['system:masters']
  if (username.startsWith(NODE_PREFIX)) return ['system:nodes']
  const namespace = ACCOUNT.exec(username)?.[1]
  return namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
}

/** Name of the node that the user is, or undefined for anybody else. */
export function nodeNameOf(user: User): string | undefined {
  if (!user.groups.includes('system:nodes') || !user.username.startsWith(NODE_PREFIX)) return undefined
  return user.username.slice(NODE_PREFIX.length)
}

/** Bearer token of a user: it holds the name, so that any number of users needs no registry. */
export const toToken = (username: string): string =>
  TOKEN_PREFIX + Buffer.from(username).toString('base64url')

/** The user of a bearer token, undefined when it is none of ours. */
export function fromToken(token: string): User | undefined {
  if (!token.startsWith(TOKEN_PREFIX)) return undefined
  const username = Buffer.from(token.slice(TOKEN_PREFIX.length), 'base64url').toString()
  return toToken(username) === token && username !== '' ? toUser(username) : undefined
}
