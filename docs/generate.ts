import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toDocuments } from './reference.ts'

/** Prints the reference from the code: npm run docs. */

const ROOT = join(import.meta.dirname, '..')

async function main(): Promise<void> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  for (const [path, text] of toDocuments(readme)) await writeFile(join(ROOT, path), text)
}

void main()
