import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { BuildProblem } from '../problem.ts'

/** Signs as cosign does with a key of its own: ECDSA on P-256 over SHA-256, DER. OpenSSL reads it too. */
export interface Signer {
  sign(bytes: Uint8Array): Buffer
  /** Whether a signature is of this key. */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean
  /** PEM. */
  readonly publicKey: string
  /** SHA-256 of the public key (DER), hexadecimal: what people compare. */
  readonly fingerprint: string
}

/** What is to be done about signatures. */
export type SigningPlan =
  | { readonly do: 'sign'; readonly key: string; readonly password: string | undefined }
  | { readonly do: 'nothing' }
  | { readonly do: 'refuse'; readonly problems: readonly string[] }

export interface SigningInputs {
  /** SIGN as it was given. */
  readonly sign: string | undefined
  /** SIGNING_KEY: the key itself, PEM. */
  readonly key: string | undefined
  /** What is in the file that SIGNING_KEY_FILE names; undefined when none is named. */
  readonly file: string | undefined
  /** SIGNING_KEY_PASSWORD, for a key that is encrypted. */
  readonly password: string | undefined
}

/**
 * A release without a signature is somebody's decision and never a forgotten variable: it has to be said.
 */
export function planSigning({ sign, key, file, password }: SigningInputs): SigningPlan {
  const found = [key, file].filter(text => text !== undefined)
  if (sign === 'false')
    return found.length === 0
      ? { do: 'nothing' }
      : { do: 'refuse', problems: ['SIGN=false, and there is a key: leave one of them away'] }
  if (sign !== undefined && sign !== 'true')
    return { do: 'refuse', problems: [`SIGN=${sign}: true or false is expected`] }
  if (found.length !== 1 || found[0] === undefined) {
    const said = found.length === 0 ? 'there is no key' : 'there are two keys'
    return {
      do: 'refuse',
      problems: [
        `${said}: give SIGNING_KEY or SIGNING_KEY_FILE, or say SIGN=false for a release without signatures`,
      ],
    }
  }
  return { do: 'sign', key: found[0], password }
}

/** @throws BuildProblem BUILD_REFUSED for what is no such key; its text is in no message */
export function createSigner(pem: string, password?: string): Signer {
  const key = readKey(pem, password)
  const publicKey = createPublicKey(key)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return {
    sign: bytes => sign('sha256', bytes, key),
    verify: (bytes, signature) => verify('sha256', bytes, publicKey, signature),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
    fingerprint: createHash('sha256').update(der).digest('hex'),
  }
}

function readKey(pem: string, passphrase: string | undefined): KeyObject {
  const key = tryKey(pem, passphrase)
  if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  throw new BuildProblem(
    'BUILD_REFUSED',
    `SIGNING_KEY is no private key on the curve P-256 in PEM${passphrase === undefined ? ', or is encrypted and SIGNING_KEY_PASSWORD is missing' : ', or SIGNING_KEY_PASSWORD is wrong'}`,
  )
}

function tryKey(key: string, passphrase: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch {
    return undefined
  }
}
