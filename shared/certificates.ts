// The certificate library is built on decorators that want this polyfill loaded before it.
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

/** A certificate and its private key, both PEM (the key is PKCS #8). */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** What `createCertificates` makes: a throw-away authority, a server certificate and client certificates. */
export interface Certificates extends KeyPair {
  /** Certificate of the authority, PEM: for `ca` of a TLS client, and base64 of it for a webhook's `caBundle`. */
  readonly ca: string
  /** By name as given in `clientNames`. */
  readonly clients: Readonly<Record<string, KeyPair>>
}

export interface CertificateOptions {
  /** DNS names and IP addresses that the server is called by; the first is the subject's common name. */
  readonly hosts: readonly string[]
  /** Common names of client certificates: to an API server, the user's name. */
  readonly clientNames?: readonly string[]
  /** Milliseconds since 1970; the certificates are valid from an hour before it to a year after it. */
  readonly now?: number
  /** Common name of the authority. */
  readonly authority?: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** Clocks of those who check a certificate may be behind: it is valid from that much before it is made. */
export const BACKDATED_MS = 3_600_000
/** Public authorities give no more either, and nobody has to think of it where it renews itself. */
export const LIFE_MS = 365 * 24 * 3_600_000
/** RFC 5280 allows no longer common name; names of Services may be longer. */
const MOST_NAME = 64
/** RFC 5280 allows 20 octets; the first bit must be 0, or the number would be negative. */
const SERIAL_BYTES = 16

interface Authority {
  readonly cert: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
  readonly validity: { readonly notBefore: Date; readonly notAfter: Date }
}

/**
 * Certificates of a server and of its clients: a fresh authority with each call, whose private key is forgotten, so
 * that nothing else is ever signed by it. Takes a few milliseconds.
 */
export async function createCertificates(options: CertificateOptions): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto)
  const authority = await createAuthority(
    options.authority ?? 'cloud-provider-phoenixnap',
    options.now ?? Date.now(),
  )
  const server = await issue(authority, options.hosts[0] ?? 'localhost', [
    new x509.SubjectAlternativeNameExtension(
      options.hosts.map(host => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
    ),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
  ])
  const clients: Record<string, KeyPair> = {}
  for (const name of options.clientNames ?? []) {
    const usage = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])
    clients[name] = await issue(authority, name, [usage])
  }
  return { ca: authority.cert.toString('pem'), ...server, clients }
}

async function createAuthority(name: string, now: number): Promise<Authority> {
  const keys = await createKeys()
  const validity = { notBefore: new Date(now - BACKDATED_MS), notAfter: new Date(now + LIFE_MS) }
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: createSerial(),
    name: toSubject(name),
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert, keys, validity }
}

async function issue(authority: Authority, name: string, extensions: x509.Extension[]): Promise<KeyPair> {
  const keys = await createKeys()
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: createSerial(),
    subject: toSubject(name),
    issuer: authority.cert.subjectName.toJSON(),
    ...authority.validity,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ...extensions,
    ],
  })
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: cert.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') }
}

const createKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

/** As parts, not as text: a user's name such as `system:node:a` may hold what text would need escaped. */
const toSubject = (name: string): x509.JsonName => [{ CN: [name.slice(0, MOST_NAME)] }]

function createSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('hex')
}
