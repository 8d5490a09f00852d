import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate of `serve` with its key, both PEM, and what there is to know of them. Times in ms since 1970. */
export interface ServingPair {
  readonly cert: string
  readonly key: string
  /** PEM of the authority in the bundle that signed it. */
  readonly authority: string
  readonly validFrom: number
  readonly validUntil: number
  /** Names and addresses that it is valid for. */
  readonly hosts: readonly string[]
  /** Those asked for that it is not valid for. */
  readonly missing: readonly string[]
}

/** What became of reading a pair: a damaged one says why. */
export type PairReading =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'intact'; readonly pair: ServingPair }

export interface Authority {
  readonly pem: string
  readonly validUntil: number
}

/** The certificates in the Secret. */
export interface CertificateState {
  /** What is served. */
  readonly current: PairReading
  /** What will be served once everybody has seen its authority. */
  readonly next: PairReading
  /** Authorities that the API server is to trust, oldest first. */
  readonly authorities: readonly Authority[]
  /** Since when `current` is served, in ms since 1970; undefined where nobody noted it. */
  readonly since: number | undefined
}

/** Keys of the Secret. */
export const KEYS = {
  cert: 'tls.crt',
  key: 'tls.key',
  authorities: 'ca.crt',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  since: 'tls-since',
} as const

export type SecretData = Readonly<Record<string, string | undefined>>

/** Reads whatever the Secret holds; never throws. @param hosts names and addresses that `serve` is called by */
export function readCertificateState(data: SecretData, hosts: readonly string[]): CertificateState {
  const authorities = splitCertificates(data[KEYS.authorities] ?? '')
  const since = Date.parse(data[KEYS.since] ?? '')
  return {
    current: readPair(data[KEYS.cert], data[KEYS.key], authorities, hosts),
    next: readPair(data[KEYS.nextCert], data[KEYS.nextKey], authorities, hosts),
    authorities: authorities.map(toAuthority),
    since: Number.isNaN(since) ? undefined : since,
  }
}

/** The certificates of a PEM bundle, each once and in order; whatever else stands there is passed over. */
export function splitCertificates(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const found = blocks.flatMap(block => readCertificate(block) ?? [])
  return [...new Map(found.map(certificate => [certificate.fingerprint256, certificate])).values()]
}

const toAuthority = (certificate: X509Certificate): Authority => ({
  pem: certificate.toString(),
  validUntil: certificate.validToDate.getTime(),
})

function readPair(
  cert: string | undefined,
  key: string | undefined,
  authorities: readonly X509Certificate[],
  hosts: readonly string[],
): PairReading {
  if (!cert && !key) return { state: 'absent' }
  const certificate = splitCertificates(cert ?? '')[0]
  if (!certificate) return { state: 'damaged', why: 'the certificate cannot be read' }
  const privateKey = readKey(key ?? '')
  if (!privateKey) return { state: 'damaged', why: 'the key cannot be read' }
  if (!certificate.checkPrivateKey(privateKey))
    return { state: 'damaged', why: 'the key is of another certificate' }
  const authority = authorities.find(
    one => one.ca && certificate.checkIssued(one) && certificate.verify(one.publicKey),
  )
  if (!authority) return { state: 'damaged', why: 'its authority is missing' }
  const pair = {
    cert: cert ?? '',
    key: key ?? '',
    authority: authority.toString(),
    validFrom: certificate.validFromDate.getTime(),
    validUntil: certificate.validToDate.getTime(),
    hosts: toHosts(certificate),
    missing: hosts.filter(host => !isValidFor(certificate, host)),
  }
  return { state: 'intact', pair }
}

const isValidFor = (certificate: X509Certificate, host: string): boolean =>
  (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined

/** Node writes `DNS:name, IP Address:10.0.0.5`. */
const toHosts = ({ subjectAltName = '' }: X509Certificate): string[] =>
  subjectAltName
    .split(', ')
    .map(entry => entry.replace(/^(?:DNS|IP Address):/, '').toLowerCase())
    .filter(host => isIP(host) !== 0 || /^[a-z0-9.-]+$/.test(host))

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function readKey(pem: string): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
