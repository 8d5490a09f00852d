import { X509Certificate } from 'node:crypto'
import type { KeyPair } from '../certificates.ts'
import type { ServingIdentity } from './identity.ts'

/** The pair that is served, which may be older than the one of the Secret. */
export interface ServedPair {
  readonly certificate: () => Promise<KeyPair>
  /** The API server was told of the authority of this one. */
  readonly trust: (pair: KeyPair | undefined) => void
}

/**
 * A new certificate is served once its authority is registered, so that the API server goes on trusting while it cannot
 * be told; at once where the one before is of no use, or where this process does not register.
 */
export function createServedPair(
  identity: Pick<ServingIdentity, 'certificate' | 'isStored' | 'now'>,
  isRegistering: boolean,
): ServedPair {
  let served: KeyPair | undefined
  let isOfUse = false
  let trusted: string | undefined
  return {
    async certificate() {
      const latest = await identity.certificate()
      const waits = isRegistering && isOfUse && latest.cert !== trusted
      if (served && waits && !isExpired(served, identity.now())) return served
      served = latest
      isOfUse = identity.isStored()
      return latest
    },
    trust: pair => {
      trusted = pair?.cert
    },
  }
}

const isExpired = ({ cert }: KeyPair, now: number): boolean =>
  new X509Certificate(cert).validToDate.getTime() <= now
