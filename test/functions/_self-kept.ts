import { createSelfKeeping, type SelfKeeping } from '../../functions/self-keeping.ts'
import { readConfig } from '../../shared/config.ts'
import { CcmError } from '../../shared/errors.ts'
import type { Kube, KubeAnswer, KubeRequest } from '../../shared/kubernetes/client.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'
import { collectLog, type Line } from '../support/collect-log.ts'

interface Stored {
  readonly data?: Record<string, string>
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

/** A cluster of one Secret and one webhook configuration. */
export interface SmallCluster {
  readonly kept: SelfKeeping
  readonly lines: Line[]
  readonly clock: TurnableClock
  /** Decoded. */
  readonly secret: () => Record<string, string>
  readonly write: (data: Record<string, string>, more?: object) => void
  /** PEM that the API server was told to trust; undefined without a registration. */
  readonly trusted: () => string | undefined
  /** What the registration fails with from now on. */
  failure: CcmError | undefined
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString()
const encode = (text: string): string => Buffer.from(text).toString('base64')

const toKind = (path: string): string => (path.includes('/secrets') ? 'secret' : 'webhook')

export function startSmallCluster(
  env: Record<string, string>,
  readFile: (path: string) => Promise<string>,
): SmallCluster {
  const { config } = readConfig({ env })
  const objects = new Map<string, Stored>()
  const lines: Line[] = []
  const clock = createTurnableClock()
  const get = (kind: string): Stored => {
    const object = objects.get(kind)
    if (!object) throw new CcmError('KUBE_NOT_FOUND', kind)
    return object
  }
  function answer({ method = 'GET', path, body }: KubeRequest): unknown {
    if (path === '/version' || path.endsWith('selfsubjectreviews')) return {}
    const kind = toKind(path)
    if (method === 'GET') return get(kind)
    if (kind === 'webhook' && cluster.failure) throw cluster.failure
    objects.set(kind, body as Stored)
    return body
  }
  const kube: Kube = {
    server: '',
    request: async <T>(request: KubeRequest): Promise<KubeAnswer<T>> => ({
      body: answer(request) as T,
      date: clock.now(),
    }),
    close: () => {},
    end: () => {},
  }
  const given = () => ({ current: config.webhookToken })
  const kept = createSelfKeeping({ config, kube, given, readFile, clock, log: collectLog(lines) })
  const cluster: SmallCluster = {
    kept,
    lines,
    clock,
    secret: () =>
      Object.fromEntries(Object.entries(get('secret').data ?? {}).map(([key, text]) => [key, decode(text)])),
    write: (data, more = {}) => {
      const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, encode(text)]))
      objects.set('secret', { ...more, metadata: { name: 'a' }, data: encoded } as Stored)
    },
    trusted: () => {
      const config = objects.get('webhook')?.webhooks?.[0]?.clientConfig
      return config && decode(config.caBundle ?? '')
    },
    failure: undefined,
  }
  return cluster
}
