import { CcmError } from '../errors.ts'

/**
 * What is picked from an answer of the API server. Between it and us may be something else that answers (a proxy, a
 * login page, another version): one that has not the documented shape is an error, never an empty or half an object.
 *
 * @param what the request, for the message
 * @throws CcmError KUBE_SERVER_ERROR unless it is an object with a name, in which `pick` finds what it expects
 */
export function pickFrom<T, Kept>(what: string, answer: T, pick: (answer: T) => Kept): Kept {
  try {
    if (!hasName(answer)) throw new TypeError('it is no object with a name')
    return pick(answer)
  } catch (cause) {
    throw cause instanceof CcmError ? cause : toShapeError(what, cause)
  }
}

/** The items of a list. Null is how an API server writes none; a body without them is no list. */
export function itemsOf(what: string, body: unknown): readonly unknown[] {
  const items = isObject(body) ? body['items'] : undefined
  if (items === null) return []
  if (!Array.isArray(items)) throw toShapeError(what, new TypeError('it has no items'))
  return items
}

const toShapeError = (what: string, cause: unknown): CcmError =>
  new CcmError('KUBE_SERVER_ERROR', `${what}: the answer has not the shape that Kubernetes documents`, {
    cause,
  })

function hasName(value: unknown): boolean {
  const metadata = isObject(value) ? value['metadata'] : undefined
  return isObject(metadata) && typeof metadata['name'] === 'string'
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
