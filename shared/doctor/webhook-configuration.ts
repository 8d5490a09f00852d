import { admissionPathSecret } from '../webhook-secret.ts'

/** The fields of a MutatingWebhookConfiguration that are read here. */
export interface WebhookConfiguration {
  readonly webhooks?: readonly Webhook[]
}

export interface Webhook {
  readonly name: string
  readonly clientConfig: ClientConfig
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[]
  readonly [field: string]: unknown
}

export interface ClientConfig {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly path?: string
    readonly port?: number
  }
  /** Base64 of PEM. */
  readonly caBundle?: string
}

/** Where the API server calls it. */
export interface WebhookTarget {
  readonly host: string
  readonly port: number
  readonly path: string
  /** PEM; undefined: the authorities of the API server's machine. */
  readonly ca: string | undefined
  /** True where only the cluster's own network leads there. */
  readonly inCluster: boolean
}

const HTTPS_PORT = 443

/** @returns undefined where the URL is none */
export function toTarget({ url, service, caBundle }: ClientConfig): WebhookTarget | undefined {
  const ca = caBundle ? Buffer.from(caBundle, 'base64').toString('utf8') : undefined
  if (service) {
    const { name, namespace, path = '/', port = HTTPS_PORT } = service
    return { host: `${name}.${namespace}.svc`, port, path, ca, inCluster: true }
  }
  const parsed = URL.parse(url ?? '')
  if (!parsed) return undefined
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  return { host, port: Number(parsed.port) || HTTPS_PORT, path: parsed.pathname, ca, inCluster: false }
}

/** How the handlers tell that the API server calls: by a path made of one of these tokens, or by the bearer token. */
export function judgePath(
  path: string,
  tokens: readonly string[],
): 'bearer' | 'current' | 'previous' | 'wrong' {
  const secret = /\/admission\/([^/]+)\/?$/.exec(path)?.[1]
  if (secret === undefined) return 'bearer'
  const place = tokens.findIndex(token => admissionPathSecret(token) === secret)
  if (place < 0) return 'wrong'
  return place === 0 ? 'current' : 'previous'
}
