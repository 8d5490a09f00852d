import type { Layout } from '../image/layout.ts'
import type { Digests } from './sums.ts'

/** A thing that was made, by the SHA-256 of its bytes or of its manifest, hexadecimal. */
export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

export interface ProvenanceFacts {
  readonly subjects: readonly Subject[]
  /** Such as `v1.2.3`. */
  readonly version: string
  /** Full hash of the commit, with `-dirty` when files differed. */
  readonly revision: string
  /** Where the source is published; undefined if nobody says. */
  readonly source: string | undefined
  /** SHA-256 of package-lock.json, hexadecimal. */
  readonly lockDigest: string
  /** Node that built, and that is built in. */
  readonly nodeVersion: string
  /** Packages that hold Node's program for each platform. */
  readonly nodePackages: readonly { readonly name: string; readonly integrity: string }[]
  /** URI of whoever built. */
  readonly builder: string
}

export const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1'
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PROGRAM = 'cloud-provider-phoenixnap'

/** The artefacts, and the images by the digests that a registry shows. */
export const toSubjects = (digests: Digests, layout: Layout | undefined): Subject[] => [
  ...[...digests].map(([name, sha256]) => ({ name, digest: { sha256 } })),
  ...[...new Set([...(layout ? [layout] : []), ...(layout?.images ?? [])].map(({ digest }) => digest))].map(
    digest => ({
      name: `image@${digest}`,
      digest: { sha256: digest.replace(/^sha256:/, '') },
    }),
  ),
]

/** Says of what, from what and by whom: https://slsa.dev/spec/v1.0/provenance. Equal facts give equal bytes: no time in it. */
export function toStatement(facts: ProvenanceFacts): object {
  const { source = `urn:${PROGRAM}:source`, revision } = facts
  return {
    _type: STATEMENT_TYPE,
    subject: facts.subjects,
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: `urn:${PROGRAM}:make-artefacts:1`,
        externalParameters: { version: facts.version, revision },
        internalParameters: { node: facts.nodeVersion },
        resolvedDependencies: [
          { uri: `git+${source}@${revision}`, digest: { gitCommit: revision.replace(/-dirty$/, '') } },
          { name: 'package-lock.json', uri: 'file:package-lock.json', digest: { sha256: facts.lockDigest } },
          ...facts.nodePackages.map(({ name, integrity }) => ({
            uri: `pkg:npm/${name}@${facts.nodeVersion}`,
            digest: { sha512: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') },
          })),
        ],
      },
      runDetails: { builder: { id: facts.builder } },
    },
  }
}

/** Who builds: what BUILDER_ID says, the workflow of GitHub that runs, or somebody. */
export function readBuilder(env: NodeJS.ProcessEnv): string {
  const { BUILDER_ID, GITHUB_SERVER_URL, GITHUB_WORKFLOW_REF } = env
  if (BUILDER_ID) return BUILDER_ID
  return GITHUB_SERVER_URL && GITHUB_WORKFLOW_REF
    ? `${GITHUB_SERVER_URL}/${GITHUB_WORKFLOW_REF}`
    : `urn:${PROGRAM}:somebody`
}
