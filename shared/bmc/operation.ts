import { CcmError } from '../errors.ts'
import type { Parse } from './parse.ts'

/** One call of the API, as data. */
export interface Operation<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As `/bmc/v1/servers/{serverId}`; with the method, the key of the counter. */
  readonly path: string
  /** Values of the path's placeholders. */
  readonly ids?: Readonly<Record<string, string>>
  /** In order; a name may come several times. */
  readonly query?: readonly (readonly [string, string])[]
  readonly body?: unknown
  /** For a change that does no harm when it is made twice; reads are repeatable anyway. */
  readonly repeatable?: boolean
  /** @throws ShapeError if the body is not what the API documents */
  readonly parse: Parse<T>
}

/** Ids have 24 letters, or 36 at the most. */
const MAX_ID = 256

/** For calls whose answer is of no use: the API sends an object, a bare string or nothing. */
export const ignoreBody: Parse<undefined> = () => undefined

/**
 * Path with ids and query filled in.
 *
 * @throws CcmError BMC_BAD_REQUEST if an id would lead to another path (an empty one to the list of all), or is none:
 *   too long, or with half a character in it
 */
export function toPath(operation: Operation<unknown>): string {
  const query = new URLSearchParams((operation.query ?? []).map(([name, value]) => [name, value])).toString()
  return fillIn(operation) + (query === '' ? '' : `?${query}`)
}

/** Method and path for a message: `GET /bmc/v1/servers/60473a61`. */
export function toWhat(operation: Operation<unknown>): string {
  return `${operation.method} ${fillIn(operation)}`
}

/** The scope that the API's description demands: tags or bmc, `.read` for reading. */
export function scopeOf(operation: Operation<unknown>): string {
  const area = operation.path.startsWith('/tag-manager/') ? 'tags' : 'bmc'
  return operation.method === 'GET' ? `${area}.read` : area
}

function fillIn(operation: Operation<unknown>): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = operation.ids?.[name] ?? ''
    if (id.length > MAX_ID || /^\.{0,2}$/.test(id) || !id.isWellFormed()) {
      const message = `${operation.method} ${operation.path}: ${JSON.stringify(id.slice(0, MAX_ID))} is no ${name}`
      throw new CcmError('BMC_BAD_REQUEST', message, { fields: { [name]: id } })
    }
    return encodeURIComponent(id)
  })
}
