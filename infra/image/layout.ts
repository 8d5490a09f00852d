import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** https://github.com/opencontainers/image-spec/blob/main/image-layout.md: a folder that holds images by digest. */

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const REF_NAME = 'org.opencontainers.image.ref.name'
/** Folder in which `make image` leaves what it built, for `make cd` and `make release`. */
export const LAYOUT = 'dist/image'
/** The one name in our layouts. */
export const LAYOUT_TAG = 'latest'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly os: string; readonly architecture: string }
  readonly annotations?: Readonly<Record<string, string>>
}

interface Manifests {
  readonly manifests: readonly Descriptor[]
}

export interface LayoutImage {
  readonly digest: string
  readonly arch: string
  readonly labels: Readonly<Record<string, string>>
}

/** What is in a layout: one image, or an index of several. */
export interface Layout {
  /** Of the manifest or of the index: what a registry will show. */
  readonly digest: string
  readonly isIndex: boolean
  readonly images: readonly LayoutImage[]
}

/** @returns undefined where there is no layout @throws Error for one that is damaged */
export async function readLayout(folder: string): Promise<Layout | undefined> {
  const text = await readFile(join(folder, 'index.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { manifests } = JSON.parse(text) as Manifests
  const [root] = manifests
  if (root === undefined || manifests.length !== 1)
    throw new Error(`${folder} holds ${manifests.length} images, not one`)
  const isIndex = root.mediaType === INDEX
  const descriptors = isIndex ? (await readBlob<Manifests>(folder, root.digest)).manifests : [root]
  const images = await Promise.all(descriptors.map(({ digest }) => readImage(folder, digest)))
  return { digest: root.digest, isIndex, images }
}

async function readImage(folder: string, digest: string): Promise<LayoutImage> {
  const manifest = await readBlob<{ config: Descriptor }>(folder, digest)
  const { architecture, config } = await readBlob<{
    architecture: string
    config: { Labels?: Record<string, string> }
  }>(folder, manifest.config.digest)
  return { digest, arch: architecture, labels: config.Labels ?? {} }
}

async function readBlob<T>(folder: string, digest: string): Promise<T> {
  const bytes = await readFile(toBlobPath(folder, digest))
  if (toDigest(bytes) !== digest) throw new Error(`${toBlobPath(folder, digest)} is not what its name says`)
  return JSON.parse(bytes.toString('utf8')) as T
}

/** Leaves the images of a layout under one name: itself if it is one, otherwise an index, sorted by processor. */
export async function joinImages(folder: string): Promise<void> {
  const path = join(folder, 'index.json')
  const { manifests } = JSON.parse(await readFile(path, 'utf8')) as Manifests
  const images = await Promise.all(
    manifests.map(async ({ mediaType, digest, size }) => {
      const { arch } = await readImage(folder, digest)
      return { mediaType: mediaType || MANIFEST, digest, size, platform: { os: 'linux', architecture: arch } }
    }),
  )
  images.sort((a, b) => (a.platform.architecture < b.platform.architecture ? -1 : 1))
  const [only] = images
  const root = images.length === 1 && only ? only : await writeIndex(folder, images)
  const named = { ...root, annotations: { [REF_NAME]: LAYOUT_TAG } }
  await writeFile(path, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [named] }))
}

async function writeIndex(folder: string, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }))
  const digest = toDigest(bytes)
  await writeFile(toBlobPath(folder, digest), bytes)
  return { mediaType: INDEX, digest, size: bytes.length }
}

export const toDigest = (bytes: Uint8Array | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const toBlobPath = (folder: string, digest: string): string => join(folder, 'blobs', ...digest.split(':'))
