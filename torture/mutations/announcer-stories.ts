import { addressIn, pathOf } from '../../test/support/services.ts'
import type { World } from '../world/contract.ts'
import type { Stage, Story } from './stage.ts'

const KUBE_VIP = 'kube-vip.io/loadbalancerIPs'
/** As many addresses as Services can have of a /29. */
const ALL_OF_BLOCK = 5

const cidrOf = ({ cloud }: World): string => cloud.backend.ipBlocks()[0]?.cidr ?? ''

async function annotate(
  { world }: Stage,
  service: string,
  annotations: Readonly<Record<string, string>>,
): Promise<void> {
  const body = { metadata: { annotations } }
  await world.request('admin', { method: 'PATCH', path: pathOf(service), patch: 'merge', body })
}

const twoLive = (announcer: string): Story => ({
  name: `two Services live under ${announcer}`,
  options: { blocks: ['/29'], announcer },
  async tell({ create, minutes }) {
    await create('web')
    await create('api')
    await minutes(3)
  },
})

/** Of who asks for which address, and of what announcers are told of it. */
export const ANNOUNCER_STORIES: readonly Story[] = [
  ...['metallb', 'cilium', 'purelb', 'direct'].map(twoLive),
  {
    name: 'Services ask for addresses',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      for (const [place, name] of ['a', 'b', 'c', 'd'].entries()) {
        const address = addressIn(cidrOf(world), place + 2)
        const byField = place % 2 === 0
        await create(
          name,
          byField ? { spec: { loadBalancerIP: address } } : { annotations: { [KUBE_VIP]: address } },
        )
      }
      await minutes(3)
    },
  },
  {
    name: 'a Service asks for what another one has',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      const address = addressIn(cidrOf(world), 3)
      await create('web', { spec: { loadBalancerIP: address } })
      await minutes(2)
      await create('thief', { annotations: { [KUBE_VIP]: address } })
      await minutes(3)
    },
  },
  {
    name: 'a Service lives, and says how it is to be treated',
    options: { blocks: ['/29'] },
    async tell(stage) {
      await stage.create('web')
      await stage.minutes(3)
      await annotate(stage, 'web', { 'phoenixnap.com/retain-ip': 'true', 'phoenixnap.com/manage': 'true' })
      await annotate(stage, 'web', { 'phoenixnap.com/ip-allocation': 'dedicated' })
      await stage.minutes(3)
    },
  },
  {
    name: 'a Service goes, and its address is retained',
    options: { blocks: ['/29'] },
    async tell({ create, remove, minutes }) {
      await create('web', { annotations: { 'phoenixnap.com/retain-ip': 'true' } })
      await minutes(3)
      await remove('web')
      await minutes(30)
      await create('web')
      await minutes(3)
    },
  },
  {
    name: 'a Service goes, and others come',
    options: { blocks: ['/29'] },
    async tell({ create, remove, minutes }) {
      await create('web')
      await minutes(3)
      await remove('web')
      await minutes(3)
      for (let index = 0; index < ALL_OF_BLOCK; index++) await create(`other-${index}`)
      await minutes(5)
    },
  },
  {
    name: 'a deleted Service is kept by others',
    options: { blocks: ['/29'] },
    async tell({ create, remove, minutes }) {
      await create('web', { finalizers: ['example.com/hold'] })
      await minutes(3)
      await remove('web')
      await minutes(15)
      await create('api')
      await minutes(3)
    },
  },
  {
    name: 'a Service hides what another one has',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      const address = addressIn(cidrOf(world), 3)
      await create('web', { spec: { loadBalancerIP: address } })
      await minutes(2)
      const outside = { spec: { loadBalancerIP: '192.0.2.1' } }
      await create('thief', { annotations: { [KUBE_VIP]: address }, ...outside })
      await create('other', { ...outside, annotations: { [KUBE_VIP]: `${address}${',x'.repeat(20)}` } })
      const spec = { loadBalancerClass: 'kube-vip.io/kube-vip-class' }
      await create('of-a-class', { annotations: { [KUBE_VIP]: address }, spec })
      await minutes(3)
    },
  },
  {
    name: 'a Service is replaced by a ClusterIP',
    options: { blocks: ['/29'] },
    async tell({ world, create, minutes }) {
      const { body } = await create('web')
      await minutes(3)
      const { name, namespace } = body.metadata
      const spec = { type: 'ClusterIP', ports: [{ name: '80', port: 80 }] }
      const replaced = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec }
      await world.request('admin', { method: 'PUT', path: pathOf('web'), body: replaced })
      await minutes(3)
    },
  },
  {
    name: 'Services of two families come',
    options: { blocks: ['/29'], dualStack: true },
    async tell({ create, minutes }) {
      await create('web', { spec: { ipFamilyPolicy: 'RequireDualStack' } })
      await create('api', { spec: { ipFamilyPolicy: 'PreferDualStack' } })
      await minutes(10)
    },
  },
]
