import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isEnvelopeOf, toBundle, toEnvelope } from './signed-formats.ts'
import type { Signer } from './signer.ts'
import {
  type Digests,
  ENVELOPE,
  findChanged,
  PUBLIC_KEY,
  readDigests,
  STATEMENT,
  SUMS,
  SUMS_BUNDLE,
  SUMS_SIGNATURE,
} from './sums.ts'

/** What `make artefacts` left. */
export interface Release {
  readonly folder: string
  readonly digests: Digests
  /** SHA256SUMS, as it was written. */
  readonly sums: string
  /** provenance.json, as it was written. */
  readonly statement: string
}

/** The parts of a statement that are compared. */
interface Stated {
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[]
  readonly predicate: {
    readonly buildDefinition: { readonly externalParameters: Readonly<Record<string, string>> }
  }
}

/** @returns undefined where there is none, or half of one */
export async function readRelease(folder: string): Promise<Release | undefined> {
  try {
    const [sums, statement] = await Promise.all(
      [SUMS, STATEMENT].map(name => readFile(join(folder, name), 'utf8')),
    )
    return sums === undefined || statement === undefined
      ? undefined
      : { folder, sums, statement, digests: await readDigests(folder) }
  } catch {
    return undefined
  }
}

/** What speaks against signing it: a signature is under what was built from this commit, and nothing else. */
export function findReleaseProblems(
  release: Release | undefined,
  { head, name, image }: { readonly head: string; readonly name: string; readonly image: string | undefined },
): string[] {
  if (!release) return ['there are no artefacts: run make ci first']
  const { subject, predicate } = JSON.parse(release.statement) as Stated
  const { revision, version } = predicate.buildDefinition.externalParameters
  const changed = findChanged(release.sums, release.digests)
  const hasImage = subject.some(({ digest }) => `sha256:${digest.sha256}` === image)
  return [
    ...(changed.length === 0
      ? []
      : [`the artefacts were changed (${changed.join(', ')}): run make artefacts again`]),
    ...(revision === head && version === name
      ? []
      : [
          `the artefacts are of ${version} at ${revision}: run make ci RELEASE_TAG=${name} on the tagged commit`,
        ]),
    ...(hasImage ? [] : ['the artefacts were made beside another image: run make artefacts again']),
  ]
}

/** Writes the signatures beside the artefacts. Those of this key that are there stay as they are. @returns names of files */
export async function signRelease({ folder, sums, statement }: Release, signer: Signer): Promise<string[]> {
  const bytes = Buffer.from(sums)
  const old = await readFile(join(folder, SUMS_SIGNATURE)).catch(() => Buffer.alloc(0))
  const signature = signer.verify(bytes, old) ? old : signer.sign(bytes)
  const envelope = await readFile(join(folder, ENVELOPE), 'utf8').catch(() => '')
  const files: readonly (readonly [name: string, contents: string | Buffer])[] = [
    [SUMS_SIGNATURE, signature],
    [SUMS_BUNDLE, toBundle(bytes, signature)],
    [
      ENVELOPE,
      envelope && isEnvelopeOf(envelope, statement, signer) ? envelope : toEnvelope(statement, signer),
    ],
    [PUBLIC_KEY, signer.publicKey],
  ]
  for (const [name, contents] of files) await writeFile(join(folder, name), contents)
  return files.map(([name]) => name)
}
