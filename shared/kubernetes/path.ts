import { CcmError } from '../errors.ts'

/** No object has a longer name. */
const MAX_NAME = 253

/**
 * A name as a segment of a path. Names come from webhooks as well, before the API server has looked at them: `..` would
 * lead to another path.
 *
 * @throws CcmError KUBE_NOT_FOUND for what no object can be called
 */
export function toSegment(name: string): string {
  if (name.length > MAX_NAME || /^\.{0,2}$/.test(name) || !name.isWellFormed())
    throw new CcmError('KUBE_NOT_FOUND', `no object is called ${JSON.stringify(name.slice(0, MAX_NAME))}`)
  return encodeURIComponent(name)
}
