import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from '../pipeline/registry.ts'
import { BuildProblem } from '../problem.ts'
import { PREDICATE_TYPE } from './provenance.ts'
import {
  readSignatureImage,
  type SignatureLayer,
  toPayloadLayer,
  toSignature,
  toSignatureTag,
  toStatementLayer,
  writeSignatureImage,
} from './signature-image.ts'
import { isEnvelopeOf, toEnvelope, toImagePayload } from './signed-formats.ts'
import type { Signer } from './signer.ts'

export interface ImageSigning {
  readonly registry: Registry
  readonly signer: Signer
  /** Name of the image with its registry. */
  readonly reference: string
  readonly tag: string
  /** Of the image, and of those of each processor in an index: engines look at either. */
  readonly digests: readonly string[]
  /** The statement of where it comes from. */
  readonly statement: string
}

/**
 * Puts signatures and statements beside an image, before the image has its name. What is there already from this key
 * stays, and so do the signatures of others.
 *
 * @returns names that were pushed
 */
export async function signImage(signing: ImageSigning): Promise<string[]> {
  const pushed: string[] = []
  for (const digest of signing.digests) {
    const payload = toImagePayload(signing.reference, digest, signing.tag)
    pushed.push(
      ...(await add(signing.registry, toSignatureTag(digest, 'sig'), toSigned(signing.signer, payload))),
    )
    pushed.push(...(await add(signing.registry, toSignatureTag(digest, 'att'), toStated(signing))))
  }
  return pushed
}

interface Addition {
  readonly isThere: (layer: SignatureLayer) => boolean
  readonly make: () => SignatureLayer
}

const toSigned = (signer: Signer, payload: string): Addition => ({
  isThere: layer => layer.bytes.toString() === payload && signer.verify(layer.bytes, toSignature(layer)),
  make: () => toPayloadLayer(payload, signer.sign(Buffer.from(payload))),
})

const toStated = ({ signer, statement }: ImageSigning): Addition => ({
  isThere: layer => isEnvelopeOf(layer.bytes.toString(), statement, signer),
  make: () => toStatementLayer(toEnvelope(statement, signer), PREDICATE_TYPE),
})

async function add(registry: Registry, tag: string, { isThere, make }: Addition): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signature-'))
  try {
    const remote = await registry.look(tag)
    // Taken for none, the signatures of others would be lost.
    if (remote.state === 'unknown')
      throw new BuildProblem(
        'BUILD_PUSH_FAILED',
        `the registry does not say whether it has ${tag}: ${remote.why}`,
      )
    const { state } = remote
    const old = join(folder, 'old')
    if (state === 'present') await registry.download(tag, old)
    const layers = state === 'present' ? await readSignatureImage(old) : []
    if (layers.some(isThere)) return []
    await writeSignatureImage(join(folder, 'new'), [...layers, make()], tag)
    await registry.uploadAs(join(folder, 'new'), tag)
    return [tag]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
