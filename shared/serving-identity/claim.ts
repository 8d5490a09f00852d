import type { KubeObject, WebhookTarget } from '../register/manifests.ts'

/** On the webhook configuration: which host registered what, and when by the API server's clock. */
export const REGISTERED = 'phoenixnap.com/registered'
/** For so long a registration of another host is left alone, unless this process has only begun. */
export const CLAIM_MS = 3_600_000

/** Where a webhook leads. */
export interface Place {
  /** Service or URL, without the path: what people are shown. */
  readonly host: string
  /** The same with the path, which holds a secret. */
  readonly target: string
}

/** What the stored configuration says. */
export interface Stored {
  /** Undefined where it is no webhook of one place. */
  readonly place: Place | undefined
  /** Base64 of the authorities. */
  readonly caBundle: string | undefined
  /** Of whoever wrote that place; undefined where an editor or the command `register` did. */
  readonly claimedAt: number | undefined
}

interface ClientConfig {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly port?: number
    readonly path?: string
  }
  readonly caBundle?: string
}

const DEFAULT_PORT = 443

export const toPlace = (url: WebhookTarget['url']): Place =>
  typeof url === 'string' ? toUrlPlace(url) : toServicePlace(url)

function toUrlPlace(url: string): Place {
  const host = URL.canParse(url) ? new URL(url).origin : url
  return { host, target: url }
}

function toServicePlace({ namespace, name, port, path }: NonNullable<ClientConfig['service']>): Place {
  const host = `${namespace}/${name}:${port ?? DEFAULT_PORT}`
  return { host, target: `${host}${path ?? ''}` }
}

/** Reads whatever is stored; never throws. */
export function readStored(object: KubeObject): Stored {
  const configs = ((object['webhooks'] ?? []) as readonly { readonly clientConfig?: ClientConfig }[]).map(
    ({ clientConfig }) => clientConfig,
  )
  const [first, ...others] = configs.map(config => (config ? toPlace(toUrl(config)) : undefined))
  const place = others.every(each => each?.target === first?.target) ? first : undefined
  const [, at = '', target] = /^(\S+) (\S+)$/.exec(object.metadata.annotations?.[REGISTERED] ?? '') ?? []
  const claimedAt = place && target === place.target ? Date.parse(at) : Number.NaN
  return {
    place,
    caBundle: configs[0]?.caBundle,
    claimedAt: Number.isNaN(claimedAt) ? undefined : claimedAt,
  }
}

const toUrl = ({ url, service }: ClientConfig): WebhookTarget['url'] =>
  url ?? { namespace: '', name: '', path: '', ...service, port: service?.port ?? DEFAULT_PORT }

export const toClaim = ({ target }: Place, now: number): string => `${new Date(now).toISOString()} ${target}`

/**
 * Whether what is stored is another host's and to be left alone. Of two hosts with different targets the one that
 * began last has its registered; the other one looks again after an hour, should that one have ended meanwhile.
 *
 * @param wanted targets that this process wanted to have registered, now or before
 * @param hasRegistered whether it was registered since it began
 */
export function isOfAnother(
  { place, claimedAt }: Stored,
  wanted: ReadonlySet<string>,
  hasRegistered: boolean,
  now: number,
): boolean {
  if (!hasRegistered || place === undefined || claimedAt === undefined || wanted.has(place.target))
    return false
  return Math.abs(now - claimedAt) < CLAIM_MS
}
