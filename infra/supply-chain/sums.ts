import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Folder that `make artefacts` fills and `make release` signs. */
export const RELEASE = 'dist/release'
/** Names of what is beside the artefacts: their digests, and signatures of these. */
export const SUMS = 'SHA256SUMS'
export const SUMS_SIGNATURE = `${SUMS}.sig`
export const SUMS_BUNDLE = `${SUMS}.sigstore.json`
export const STATEMENT = 'provenance.json'
export const ENVELOPE = 'provenance.dsse.json'
export const PUBLIC_KEY = 'signing.pub'
const SIGNATURES: ReadonlySet<string> = new Set([SUMS, SUMS_SIGNATURE, SUMS_BUNDLE, ENVELOPE, PUBLIC_KEY])

/** Digests by name, hexadecimal. */
export type Digests = ReadonlyMap<string, string>

/** Of every artefact in a folder, by name; signatures and digests themselves are none. */
export async function readDigests(folder: string): Promise<Digests> {
  const names = (await readdir(folder)).filter(name => !SIGNATURES.has(name))
  const digests = new Map<string, string>()
  for (const name of names.toSorted()) digests.set(name, await digestOf(join(folder, name)))
  return digests
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** As sha256sum writes and reads it. */
export const toSums = (digests: Digests): string =>
  [...digests].map(([name, digest]) => `${digest}  ${name}\n`).join('')

/** What differs between what was written down and what is there, a line each. */
export function findChanged(sums: string, digests: Digests): string[] {
  const written = new Map(
    sums
      .split('\n')
      .filter(Boolean)
      .map(line => [line.slice(66), line.slice(0, 64)] as const),
  )
  const names = [...new Set([...written.keys(), ...digests.keys()])].toSorted()
  return names
    .filter(name => written.get(name) !== digests.get(name))
    .map(
      name => `${name} ${!written.has(name) ? 'is new' : !digests.has(name) ? 'is gone' : 'is another file'}`,
    )
}
