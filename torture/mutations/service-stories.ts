import type { Story } from './stage.ts'

const CROWD = 5

export const SERVICE_STORIES: readonly Story[] = [
  {
    name: 'a Service lives',
    options: { blocks: ['/29'] },
    async tell({ create, replace, minutes }) {
      await create('web')
      await minutes(3)
      await replace('web')
      await minutes(3)
    },
  },
  {
    name: 'a Service lives without webhooks',
    options: { blocks: ['/29'], webhook: false, audit: false },
    async tell({ create, replace, minutes }) {
      await create('web')
      await minutes(3)
      await replace('web')
      await minutes(3)
    },
  },
  {
    name: 'a Service lives long',
    options: { blocks: ['/29'] },
    async tell({ create, minutes }) {
      await create('web')
      await minutes(20)
    },
  },
  {
    name: 'a crowd of Services',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      const names = Array.from({ length: CROWD }, (_, index) => `crowd-${index}`)
      await world.run(() => Promise.all(names.map(name => create(name))))
      await minutes(3)
    },
  },
  {
    name: 'a Service comes and goes',
    options: { blocks: ['/29'] },
    async tell({ create, remove, minutes }) {
      await create('web')
      await minutes(3)
      await remove('web')
      await minutes(30)
    },
  },
  {
    name: 'a Service is refused after its review',
    options: { blocks: ['/29'] },
    async tell({ create, minutes }) {
      await create('web', { spec: { ports: [{ port: 0 }] } })
      await minutes(10)
    },
  },
  {
    name: 'a Service cannot be read',
    options: { blocks: ['/29'], webhook: false, audit: false },
    async tell({ create, minutes }) {
      const annotations = { 'phoenixnap.com/assigned-ips': '198.19.0.18,'.repeat(200) }
      await create('odd', { annotations })
      await create('web')
      await minutes(3)
    },
  },
  {
    name: 'a Service may not be written to',
    options: { blocks: ['/29'], webhook: false, audit: false },
    watch: { isSpoilt: text => /\brefused\b/.test(text) },
    async tell({ world, create, minutes }) {
      world.network.add({
        to: 'cluster',
        matches: ({ isWrite, from, path }) =>
          isWrite && from !== 'admin' && path.includes('/services/refused'),
        trouble: { kind: 'status', status: 403 },
      })
      await create('refused')
      await create('web')
      await minutes(3)
    },
  },
  {
    name: 'the list of blocks is cut',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      await create('web')
      await minutes(3)
      const fault = world.network.add({
        to: 'cloud',
        matches: ({ method, path }) => method === 'GET' && path === '/ips/v1/ip-blocks',
        trouble: { kind: 'status', status: 200, body: '[]' },
      })
      await minutes(5)
      fault.remove()
    },
  },
  {
    name: 'a block is bought',
    async tell({ create, minutes }) {
      await create('web')
      await minutes(10)
    },
  },
  {
    name: 'a block is kept in reserve',
    options: { blocks: ['/29'], environment: { PNAP_MIN_FREE_ADDRESSES: '3' } },
    tell: ({ minutes }) => minutes(3),
  },
  {
    name: 'a crowd goes, and spare addresses are kept',
    options: {
      blocks: ['/29'],
      environment: {
        PNAP_MIN_FREE_ADDRESSES: '2',
        PNAP_IP_BLOCK_SIZE: '/29',
        PNAP_BLOCK_GRACE: '60s',
        PNAP_RELEASE_QUARANTINE: '60s',
      },
    },
    async tell({ create, remove, minutes }) {
      const names = Array.from({ length: CROWD }, (_, index) => `crowd-${index}`)
      for (const name of names) await create(name)
      await minutes(5)
      for (const name of names) await remove(name)
      await minutes(10)
    },
  },
  {
    name: 'another cluster has a block',
    async tell({ world, minutes }) {
      const tags = { usage: 'cloud-provider-phoenixnap-auto', cluster: 'another' }
      world.cloud.backend.addIpBlock({
        tags: Object.entries(tags).map(([name, value]) => ({ name, value })),
      })
      await minutes(20)
    },
  },
  {
    name: 'no token is to be had',
    options: { blocks: ['/29'] },
    async tell({ world, minutes }) {
      world.cloud.backend.revokeTokens()
      world.network.add({
        to: 'cloud',
        matches: ({ path }) => path.endsWith('/token'),
        trouble: { kind: 'status', status: 500 },
      })
      await minutes(20)
      world.network.clear()
    },
  },
]
