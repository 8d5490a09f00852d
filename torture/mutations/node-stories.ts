import { createFakeNode } from '../../test/support/fake-kubelet.ts'
import type { Story } from './stage.ts'

const NODES = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e']

export const NODE_STORIES: readonly Story[] = [
  {
    name: 'a node joins',
    async tell({ join, minutes }) {
      await join('node-a')
      await minutes(2)
    },
  },
  {
    name: 'servers go',
    async tell({ world, join, notReady, minutes }) {
      const ids: string[] = []
      for (const name of NODES) ids.push(await join(name))
      await minutes(2)
      for (const [index, id] of ids.slice(0, 2).entries()) {
        world.cloud.backend.removeServer(id)
        notReady(NODES[index] ?? '')
      }
      await minutes(15)
    },
  },
  {
    name: 'servers go, and come back',
    options: { environment: { PNAP_NODE_DELETE_GRACE: '5m' } },
    async tell({ world, join, notReady, minutes }) {
      const id = await join('node-a')
      await minutes(2)
      world.cloud.backend.removeServer(id)
      notReady('node-a')
      await minutes(3)
      world.cloud.backend.addServer({ id, hostname: 'node-a' })
      await minutes(5)
    },
  },
  {
    name: 'the list of servers is cut',
    async tell({ world, join, notReady, minutes }) {
      await join('node-a')
      await minutes(2)
      notReady('node-a')
      const list = world.cloud.faults.cutServerList(0)
      world.network.add({
        to: 'cloud',
        matches: ({ path }) => path.startsWith('/bmc/v1/servers/'),
        trouble: { kind: 'status', status: 500 },
      })
      await minutes(10)
      list.remove()
      world.network.clear()
    },
  },
  {
    name: "another provider's node is not ready",
    async tell({ register, notReady, minutes }) {
      await register('node-x', 'aws:///eu-1a/i-0abc')
      notReady('node-x')
      await minutes(10)
    },
  },
  {
    name: 'a server loses its addresses',
    async tell({ world, join, minutes }) {
      const id = await join('node-a')
      await minutes(2)
      world.cloud.backend.updateServer(id, { privateIpAddresses: [], publicIpAddresses: [] })
      await minutes(3)
    },
  },
  {
    name: 'a node has no server',
    async tell({ world, register, minutes }) {
      world.cloud.backend.addServer({ hostname: 'node-a' })
      await minutes(2)
      await register('node-z')
      await minutes(3)
    },
  },
  {
    name: 'a server cannot be read',
    async tell({ world, join, minutes }) {
      world.cloud.backend.addServer({ hostname: 'odd', type: null })
      await minutes(2)
      await join('node-a')
      await minutes(3)
    },
  },
  {
    name: 'a kubelet asks for no initialiser',
    async tell({ world, minutes }) {
      world.cloud.backend.addServer({ hostname: 'node-a' })
      await minutes(2)
      const body = createFakeNode('node-a', { ready: true, external: false })
      await world.request('system:node:node-a', { method: 'POST', path: '/api/v1/nodes', body })
      await minutes(3)
    },
  },
  {
    name: 'servers are powered off, and one on again',
    async tell({ world, join, report, minutes }) {
      const ids = [await join('node-a'), await join('node-b')]
      await minutes(2)
      for (const id of ids) world.cloud.backend.powerOff(id)
      for (const name of ['node-a', 'node-b']) report(name, 'Unknown')
      await minutes(3)
      world.cloud.backend.powerOn(ids[0] ?? '')
      report('node-a', 'True')
      await minutes(3)
    },
  },
  {
    name: 'a node may not be written to',
    options: { webhook: false, audit: false },
    watch: { isSpoilt: text => /\bnode-a\b/.test(text) },
    async tell({ world, join, minutes }) {
      world.network.add({
        to: 'cluster',
        matches: ({ isWrite, from, path }) =>
          isWrite && !from.startsWith('system:') && path.includes('/nodes/node-a'),
        trouble: { kind: 'status', status: 403 },
      })
      await join('node-a')
      await join('node-b')
      await minutes(3)
    },
  },
]
