import { createHash } from 'node:crypto'
import type { Signer } from './signer.ts'

/** What is signed, and how it is written down, in the formats that cosign, in-toto and containers' policies read. */

export const STATEMENT_MEDIA_TYPE = 'application/vnd.in-toto+json'

/**
 * What a signature of an image says: https://github.com/containers/image/blob/main/docs/containers-signature.5.md.
 *
 * @param reference name of the image with its registry @param digest of the manifest, `sha256:…`
 */
export const toImagePayload = (reference: string, digest: string, tag: string): string =>
  JSON.stringify({
    critical: {
      identity: { 'docker-reference': reference },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: { tag },
  })

/** A statement in its signed envelope: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. */
export function toEnvelope(statement: string, signer: Signer): string {
  const sig = signer.sign(toPae(STATEMENT_MEDIA_TYPE, statement)).toString('base64')
  return JSON.stringify({
    payloadType: STATEMENT_MEDIA_TYPE,
    payload: Buffer.from(statement).toString('base64'),
    signatures: [{ keyid: '', sig }],
  })
}

/** Whether an envelope holds this statement and a signature of this key. */
export function isEnvelopeOf(text: string, statement: string, signer: Signer): boolean {
  const { payload = '', signatures = [] } = JSON.parse(text) as {
    payload?: string
    signatures?: { sig: string }[]
  }
  const isSame = Buffer.from(payload, 'base64').toString() === statement
  const pae = toPae(STATEMENT_MEDIA_TYPE, statement)
  return isSame && signatures.some(({ sig }) => signer.verify(pae, Buffer.from(sig, 'base64')))
}

/** Type and text with their lengths: nobody can shift the border between them. */
function toPae(type: string, text: string): Buffer {
  return Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${Buffer.byteLength(text)} ${text}`)
}

/** The signature of a file as newer releases of cosign want it: https://docs.sigstore.dev/about/bundle. */
export const toBundle = (bytes: Uint8Array, signature: Uint8Array): string =>
  JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [] },
    messageSignature: {
      messageDigest: {
        algorithm: 'SHA2_256',
        digest: createHash('sha256').update(bytes).digest('base64'),
      },
      signature: Buffer.from(signature).toString('base64'),
    },
  })
