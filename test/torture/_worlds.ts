import type { UserAnswer, World } from '../../torture/world/contract.ts'

export const MINUTE = 60_000
export const SERVICES = '/api/v1/namespaces/default/services'

/** A plain Service, as its user would write it. */
export const toService = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'default', name },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
})

export const create = (world: World, name: string): Promise<UserAnswer> =>
  world.request('admin', { method: 'POST', path: SERVICES, body: toService(name) })
