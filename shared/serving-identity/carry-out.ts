import type { KeyPair } from '../certificates.ts'
import type { CertificateDecision } from './decide-certificate.ts'
import { KEYS, type SecretData } from './state.ts'

/** What a fresh authority signed, and its own certificate; all PEM. */
export interface MadePair extends KeyPair {
  readonly ca: string
}

export type MakePair = (hosts: readonly string[], now: number) => Promise<MadePair>

const NO_NEXT = { [KEYS.nextCert]: undefined, [KEYS.nextKey]: undefined } as const

/** Keys of the Secret that a step changes, undefined for those that it removes. Takes a few milliseconds. */
export async function toSecretChange(
  decision: CertificateDecision,
  make: MakePair,
  now: number,
): Promise<SecretData> {
  const since = { [KEYS.since]: new Date(now).toISOString() }
  switch (decision.do) {
    case 'keep':
      return {}
    case 'retire':
      return { [KEYS.authorities]: toBundle(decision.authorities) }
    case 'promote': {
      const { cert, key } = decision.pair
      return { [KEYS.cert]: cert, [KEYS.key]: key, ...NO_NEXT, ...since }
    }
    case 'make': {
      const { ca, cert, key } = await make(decision.hosts, now)
      const authorities = { [KEYS.authorities]: toBundle([...decision.authorities, ca]) }
      return { [KEYS.cert]: cert, [KEYS.key]: key, ...authorities, ...NO_NEXT, ...since }
    }
    case 'publish': {
      const { ca, cert, key } = await make(decision.hosts, now)
      const authorities = { [KEYS.authorities]: toBundle([...decision.authorities, ca]) }
      return { [KEYS.nextCert]: cert, [KEYS.nextKey]: key, ...authorities }
    }
  }
}

const toBundle = (pems: readonly string[]): string => pems.map(pem => `${pem.trim()}\n`).join('')
