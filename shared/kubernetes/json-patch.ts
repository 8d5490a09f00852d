import type { JsonPatchOperation } from './types.ts'

/**
 * Changes of labels or annotations as JSON patch operations; null removes, and only what is there: an operation
 * that does not apply would make the API server refuse the user's request.
 *
 * @param path of the map, such as `/metadata/labels`; its parent exists
 */
export function toMapPatch(
  path: string,
  existing: Readonly<Record<string, string>> | undefined,
  set: Readonly<Record<string, string | null>> = {},
): JsonPatchOperation[] {
  const values = Object.entries(set).filter(([key, value]) => value !== null || existing?.[key] !== undefined)
  if (values.length === 0) return []
  if (!existing) return [{ op: 'add', path, value: Object.fromEntries(values) }]
  return values.map(([key, value]) => {
    const at = `${path}/${escapePointer(key)}`
    return value === null ? { op: 'remove', path: at } : { op: 'add', path: at, value }
  })
}

/** RFC 6901. */
const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
