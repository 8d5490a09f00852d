import { copyOf, type Fields, isFields, sameJson } from '../json.ts'

/** The patch is well-formed JSON, but does not apply to this document (or has an unknown operation). */
export class PatchError extends Error {
  override readonly name = 'PatchError'
}

/**
 * The document after the operations of RFC 6902; the given one is not changed.
 *
 * @param operations a list of { op, path, from?, value? }
 * @throws PatchError when an operation does not apply
 */
export function applyJsonPatch(document: unknown, operations: readonly unknown[]): unknown {
  const root = { document: copyOf(document) }
  for (const operation of operations) {
    try {
      applyOperation(root, operation)
    } catch (error) {
      if (!(error instanceof PatchError) || !isFields(operation)) throw error
      throw new PatchError(
        `error in ${String(operation.op)} for path: '${String(operation.path)}': ${error.message}`,
      )
    }
  }
  return root.document
}

interface Root {
  document: unknown
}

function applyOperation(root: Root, operation: unknown): void {
  if (!isFields(operation)) throw new PatchError('an operation is no object')
  const path = pointerOf(operation, 'path')
  switch (operation.op) {
    case 'add':
      return write(root, path, valueOf(operation), 'add')
    case 'replace':
      return write(root, path, valueOf(operation), 'replace')
    case 'remove':
      return remove(root, path)
    case 'move': {
      const from = pointerOf(operation, 'from')
      const value = read(root, from)
      remove(root, from)
      return write(root, path, value, 'add')
    }
    case 'copy':
      return write(root, path, copyOf(read(root, pointerOf(operation, 'from'))), 'add')
    case 'test':
      return test(root, path, operation.value ?? null)
    default:
      throw new PatchError(`unexpected kind: ${String(operation.op)}`)
  }
}

function test(root: Root, path: string[], expected: unknown): void {
  const actual = exists(root, path) ? read(root, path) : null
  if (!sameJson(actual, expected))
    throw new PatchError(`testing value /${path.join('/')} failed: test failed`)
}

function valueOf(operation: Fields): unknown {
  if (!Object.hasOwn(operation, 'value')) throw new PatchError('an operation has no value')
  return copyOf(operation.value)
}

function pointerOf(operation: Fields, name: 'path' | 'from'): string[] {
  const pointer = operation[name]
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/')))
    throw new PatchError(`an operation has no valid ${name}`)
  return pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function parentOf(root: Root, path: readonly string[]): { parent: Fields | unknown[]; key: string } {
  const parent = path.length === 0 ? undefined : read(root, path.slice(0, -1))
  if (!isFields(parent) && !Array.isArray(parent))
    throw new PatchError(`doc is missing path: /${path.join('/')}: missing value`)
  return { parent, key: path.at(-1) ?? '' }
}

function exists(root: Root, path: readonly string[]): boolean {
  try {
    read(root, path)
    return true
  } catch {
    return false
  }
}

function read(root: Root, path: readonly string[]): unknown {
  let current = root.document
  for (const key of path) {
    if (Array.isArray(current)) current = current[indexOf(key, current.length - 1)]
    else if (isFields(current) && Object.hasOwn(current, key)) current = current[key]
    else throw new PatchError(`doc is missing path: /${path.join('/')}: missing value`)
  }
  return current
}

function write(root: Root, path: readonly string[], value: unknown, how: 'add' | 'replace'): void {
  if (path.length === 0) {
    root.document = value
    return
  }
  const { parent, key } = parentOf(root, path)
  if (!Array.isArray(parent)) parent[key] = value
  else if (how === 'replace') parent[indexOf(key, parent.length - 1)] = value
  else parent.splice(key === '-' ? parent.length : indexOf(key, parent.length), 0, value)
}

function remove(root: Root, path: readonly string[]): void {
  const { parent, key } = parentOf(root, path)
  if (Array.isArray(parent)) {
    parent.splice(indexOf(key, parent.length - 1), 1)
    return
  }
  if (!Object.hasOwn(parent, key))
    throw new PatchError(`Unable to remove nonexistent key: ${key}: missing value`)
  delete parent[key]
}

function indexOf(key: string, max: number): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1
  if (index < 0 || index > max)
    throw new PatchError(`Unable to access invalid index: ${key}: invalid index referenced`)
  return index
}
