import { createFakeNode } from '../../test/support/fake-kubelet.ts'
import { addressIn, pathOf } from '../../test/support/services.ts'
import type { Story } from './stage.ts'

const SHORT = { PNAP_BLOCK_GRACE: '1m', PNAP_RELEASE_QUARANTINE: '1m' }
const manyNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `web-${index}`)

/** What seldom happens, and what others do beside. */
export const ODD_STORIES: readonly Story[] = [
  {
    name: 'two servers are called alike',
    async tell({ world, minutes }) {
      for (const _ of [1, 2]) world.cloud.backend.addServer({ hostname: 'node-a' })
      await minutes(5)
      const body = createFakeNode('node-a', { ready: true, machineID: 'a' })
      await world.request('system:node:node-a', { method: 'POST', path: '/api/v1/nodes', body })
      await minutes(3)
    },
  },
  {
    name: 'servers take addresses of a block',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      const { backend } = world.cloud
      const cidr = backend.ipBlocks()[0]?.cidr ?? ''
      const ips = [2, 3, 4].map(host => addressIn(cidr, host))
      backend.addMembership(world.networkId, { resourceId: 'server', ips })
      await minutes(2)
      for (const name of manyNames(5)) await create(name)
      await minutes(5)
    },
  },
  {
    name: 'a Service changes its type, and another one comes',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      for (const name of manyNames(5)) await create(name)
      await minutes(3)
      const body = { spec: { type: 'ClusterIP' } }
      await world.request('admin', { method: 'PATCH', path: pathOf('web-0'), patch: 'merge', body })
      await minutes(20)
      await create('thief')
      await minutes(5)
    },
  },
  {
    name: 'somebody else serves a Service',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      world.network.add({ to: 'admission', trouble: { kind: 'refused' } })
      await create('other', { annotations: { 'kube-vip.io/loadbalancerIPs': '192.0.2.9' } })
      const body = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } } }
      const path = `${pathOf('other')}/status`
      await world.request('admin', { method: 'PATCH', path, patch: 'merge', body })
      world.network.clear()
      await minutes(5)
    },
  },
  {
    name: 'blocks are left over beside a Service of another class',
    options: { blocks: ['/29', '/28'], environment: { ...SHORT, PNAP_MIN_FREE_ADDRESSES: '2' } },
    async tell({ create, minutes }) {
      await create('other', { spec: { loadBalancerClass: 'example.com/other' } })
      await minutes(30)
    },
  },
  {
    name: 'more is wanted than may be bought',
    options: { blocks: ['/29'], environment: { PNAP_MAX_BLOCKS: '1' } },
    watch: { canBuy: () => false },
    async tell({ create, minutes }) {
      for (const name of manyNames(9)) await create(name)
      await minutes(15)
    },
  },
  {
    name: 'a Service goes, and its block has a long grace',
    options: { blocks: ['/29'], environment: { ...SHORT, PNAP_BLOCK_GRACE: '6h' } },
    async tell({ create, remove, minutes }) {
      await create('web')
      await minutes(3)
      await remove('web')
      await minutes(20)
    },
  },
  {
    name: 'a block is never assigned',
    async tell({ world, create, minutes }) {
      const isFirst = (body: string): boolean =>
        body.includes(world.cloud.backend.ipBlocks()[0]?.id ?? 'none yet')
      world.network.add({
        to: 'cloud',
        matches: ({ isWrite, body }) => isWrite && isFirst(body),
        trouble: { kind: 'status', status: 400 },
      })
      await create('web')
      await minutes(25)
    },
  },
]
