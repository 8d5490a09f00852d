import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'

const CODE = /^[A-Z][A-Z0-9_]+$/
const TEXTS = ['ca', 'cert', 'key', 'servername'] as const

/**
 * Why credentials cannot be read, in words of ours alone: what was thrown may repeat a token, what a plugin printed or was called
 * with, and whatever stands in the place of a path.
 */
export function toCredentialFault(config: KubeConfig, thrown: unknown): string {
  const { exec, authProvider } = config.getCurrentUser() ?? {}
  if (exec || authProvider?.config?.exec)
    return thrown instanceof SyntaxError
      ? 'what the plugin prints is no JSON'
      : `the plugin failed (${toKind(thrown)}): run it by hand to see what it says`
  const what = authProvider?.config?.tokenFile ? 'the token file' : 'a file of its user or cluster'
  return `${what} (${toKind(thrown)})`
}

/** Node shows a value of a wrong type when it opens a socket with it. @returns undefined where all are texts or bytes */
export function findNoText(credentials: RequestOptions): string | undefined {
  const name = TEXTS.find(one => !isText(credentials[one] ?? ''))
  return name && `its ${name} is no text`
}

const isText = (value: unknown): boolean => typeof value === 'string' || Buffer.isBuffer(value)

/** Code or class of an error. */
function toKind(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'Error'
  const { code } = thrown as NodeJS.ErrnoException
  return typeof code === 'string' && CODE.test(code) ? code : thrown.name
}
