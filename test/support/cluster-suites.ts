import { readFile } from 'node:fs/promises'
import { readImports } from './architecture.ts'

/** Every cluster of a test is started by way of this file. */
const CLUSTER = 'test/support/cluster.ts'

/** Text of a file by its path from the root. */
export type ReadText = (path: string) => Promise<string>

/**
 * Those of the test files that start a cluster: all others do the same whatever cluster there is.
 *
 * @param files paths from the root
 */
export async function findClusterSuites(
  files: readonly string[],
  read: ReadText = path => readFile(path, 'utf8'),
): Promise<readonly string[]> {
  const imports = new Map<string, Promise<readonly string[]>>()
  const importsOf = (path: string): Promise<readonly string[]> => {
    const known = imports.get(path) ?? readTargets(path, read)
    imports.set(path, known)
    return known
  }
  const reaches = await Promise.all(files.map(file => isReached(file, importsOf)))
  return files.filter((_, index) => reaches[index])
}

async function isReached(
  file: string,
  importsOf: (path: string) => Promise<readonly string[]>,
): Promise<boolean> {
  const seen = new Set([file])
  for (const path of seen) for (const target of await importsOf(path)) seen.add(target)
  return seen.has(CLUSTER)
}

/** Imports of our own files; what is loaded for its types alone starts nothing, nor does an import in an example's text. */
async function readTargets(path: string, read: ReadText): Promise<readonly string[]> {
  const text = await read(path).catch(() => '')
  return readImports(path, text)
    .filter(({ kind, target }) => kind !== 'type' && target.endsWith('.ts'))
    .map(({ target }) => target)
}
