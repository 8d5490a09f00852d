import type { PlanSettings } from '../../torture/histories/plan.ts'
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

/** Of a history in which nothing is out of the ordinary, and no block is there at its begin. */
export const PLAIN: PlanSettings = {
  announcer: 'kube-vip',
  allocation: 'packed',
  blockSize: '/29',
  rests: 'short',
  minFreeAddresses: 0,
  maxBlocks: 10,
  dualStack: false,
  hosts: ['serve'],
  webhook: true,
  audit: true,
  blocks: [],
  neighbours: [],
  latencyMs: 40,
  weather: undefined,
}
