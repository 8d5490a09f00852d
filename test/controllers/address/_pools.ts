import type { PoolEntry } from '../../../shared/announcers/contract.ts'
import type { Kube, KubeRequest } from '../../../shared/kubernetes/client.ts'
import type { ObjectMeta } from '../../../shared/kubernetes/types.ts'
import { METALLB_NAMESPACE } from '../../support/metallb.ts'

export const METALLB_POOLS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`

export interface Pool {
  readonly metadata: ObjectMeta
  readonly spec: Readonly<Record<string, unknown>>
}

/** The same client, and the methods of the writes that went through it. */
export function recordWrites(kube: Kube): { kube: Kube; writes: string[] } {
  const writes: string[] = []
  const request: Kube['request'] = call => {
    if (call.method && call.method !== 'GET') writes.push(call.method)
    return kube.request(call)
  }
  return { kube: { ...kube, request }, writes }
}

/** The same client, which sends what `change` makes of a call. */
export const alterRequests = (kube: Kube, change: (call: KubeRequest) => KubeRequest): Kube => ({
  ...kube,
  request: call => kube.request(change(call)),
})

export async function listPools(kube: Kube, path: string): Promise<Pool[]> {
  return (await kube.request<{ items: Pool[] }>({ path })).body.items
}

export const createNamespace = (kube: Kube, name: string): Promise<unknown> =>
  kube.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })

/** `web=203.0.113.9` as a claim of default/web. */
export const claimsOf = (...texts: string[]): PoolEntry[] =>
  texts.map(text => {
    const [name = '', address = ''] = text.split('=')
    return {
      address,
      family: address.includes(':') ? 'IPv6' : 'IPv4',
      service: { namespace: 'default', name },
    }
  })
