import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CcmError } from '../errors.ts'

/** Text of a file; undefined when there is none. @throws CcmError CCM_CONFIG_INVALID when it cannot be read */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (toCode(cause) === 'ENOENT') return undefined
    throw new CcmError('CCM_CONFIG_INVALID', `${path} cannot be read (${toCode(cause)})`, { cause })
  }
}

/**
 * Writes a file that only its owner reads, whole or not at all: a reader sees the old text or the new one.
 *
 * @throws CcmError CCM_CONFIG_INVALID when it cannot be written
 */
export async function writePrivately(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    throw new CcmError('CCM_CONFIG_INVALID', `${path} cannot be written (${toCode(cause)})`, { cause })
  }
}

/**
 * Tries whether such a file can be written there, and leaves it as it is.
 *
 * @throws CcmError CCM_CONFIG_INVALID when it cannot
 */
export async function checkWritable(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(draft, 'wx', 0o600)
    await file.close()
    await unlink(draft)
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  } catch (cause) {
    throw new CcmError('CCM_CONFIG_INVALID', `${path} cannot be written (${toCode(cause)})`, { cause })
  }
}

/** The short word of a failed file operation, as `EACCES`. */
export function toCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'not readable'
}
