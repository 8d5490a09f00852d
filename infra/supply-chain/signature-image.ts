import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toDigest } from '../image/layout.ts'

/**
 * Signatures lie in the registry as an image of their own, a layer each, under a name made of the digest that they are
 * of: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md.
 */

export interface SignatureLayer {
  readonly mediaType: string
  readonly annotations: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const SIGNATURE = 'dev.cosignproject.cosign/signature'

/** Tag of the signatures, or of the statements, about a digest. */
export const toSignatureTag = (digest: string, kind: 'sig' | 'att'): string =>
  `${digest.replace(':', '-')}.${kind}`

export const toPayloadLayer = (payload: string, signature: Buffer): SignatureLayer => ({
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  annotations: { [SIGNATURE]: signature.toString('base64') },
  bytes: Buffer.from(payload),
})

export const toStatementLayer = (envelope: string, predicateType: string): SignatureLayer => ({
  mediaType: 'application/vnd.dsse.envelope.v1+json',
  annotations: { [SIGNATURE]: '', predicateType },
  bytes: Buffer.from(envelope),
})

export const toSignature = ({ annotations }: Pick<SignatureLayer, 'annotations'>): Buffer =>
  Buffer.from(annotations[SIGNATURE] ?? '', 'base64')

/** Writes the image as a layout with one name in it. */
export async function writeSignatureImage(
  folder: string,
  layers: readonly SignatureLayer[],
  name: string,
): Promise<void> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  const put = async (bytes: Buffer): Promise<{ digest: string; size: number }> => {
    const digest = toDigest(bytes)
    await writeFile(toPath(folder, digest), bytes)
    return { digest, size: bytes.length }
  }
  const described: Descriptor[] = []
  for (const { mediaType, annotations, bytes } of layers)
    described.push({ mediaType, ...(await put(bytes)), annotations })
  const config = {
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: described.map(({ digest }) => digest) },
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, ...(await put(Buffer.from(JSON.stringify(config)))) },
    layers: described,
  }
  const root = { mediaType: MANIFEST, ...(await put(Buffer.from(JSON.stringify(manifest)))) }
  const named = { ...root, annotations: { 'org.opencontainers.image.ref.name': name } }
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [named] }
  await writeFile(join(folder, 'index.json'), JSON.stringify(index))
}

/** The layers of such an image, out of a layout that holds it alone. */
export async function readSignatureImage(folder: string): Promise<SignatureLayer[]> {
  const { manifests } = await readJson<{ manifests: Descriptor[] }>(join(folder, 'index.json'))
  const [root] = manifests
  if (root === undefined) return []
  const { layers } = await readJson<{ layers: Descriptor[] }>(toPath(folder, root.digest))
  return Promise.all(
    layers.map(async ({ mediaType, digest, annotations = {} }) => ({
      mediaType,
      annotations,
      bytes: await readFile(toPath(folder, digest)),
    })),
  )
}

const readJson = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, 'utf8')) as T

const toPath = (folder: string, digest: string): string => join(folder, 'blobs', ...digest.split(':'))
