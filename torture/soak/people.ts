import type { KubeService } from '../../shared/kubernetes/types.ts'
import { createManifest, pathOf } from '../../test/support/services.ts'
import type { UserRequest } from '../world/contract.ts'
import type { Month } from './month.ts'

/** Load balancers among the Services; a public network has room for some 130. */
const BALANCERS = 0.24
const MINUTE = 60_000
const SERVICES = '/api/v1/namespaces/default/services'
const REFUSED = 500

/** What users do with Services. */
export interface People {
  /** So many Services, before anybody counts. */
  readonly fill: (count: number) => Promise<void>
  /** One thing that somebody does. */
  readonly act: () => Promise<void>
  readonly removeAll: () => Promise<void>
}

export function createPeople(month: Month, wanted: number): People {
  const { world, kinds } = month
  const { random } = world
  let made = 0

  const services = (): KubeService[] =>
    world.cluster.store
      .list<KubeService>('services', { namespace: 'default' })
      .filter(({ metadata }) => metadata.name !== 'kubernetes' && !metadata.deletionTimestamp)

  async function ask(request: UserRequest): Promise<void> {
    const { status, body } = await world.request('admin', request)
    if (status >= REFUSED) throw new Error(`${request.method} ${request.path}: ${JSON.stringify(body)}`)
  }

  const create = (name = `web-${made++}`): Promise<void> => {
    const type = random.chance(BALANCERS) ? 'LoadBalancer' : 'ClusterIP'
    return ask({ method: 'POST', path: SERVICES, body: createManifest(name, { spec: { type } }) })
  }
  const remove = (name: string): Promise<void> => ask({ method: 'DELETE', path: pathOf(name) })
  const change = (name: string, body: object): Promise<void> =>
    ask({ method: 'PATCH', path: pathOf(name), patch: 'merge', body })

  const acts: Readonly<Record<string, (service: KubeService) => Promise<void>>> = {
    'Service deleted': ({ metadata }) => remove(metadata.name),
    'Service deleted, created again': async ({ metadata: { name } }) => {
      await remove(name)
      month.later(random.between(0, 20) * MINUTE, () => create(name))
    },
    'Service changed its type': ({ metadata: { name }, spec }) =>
      change(name, { spec: { type: spec?.type === 'LoadBalancer' ? 'ClusterIP' : flip() } }),
    'Service labelled': ({ metadata: { name } }) =>
      change(name, { metadata: { labels: { release: `r${random.between(0, 99_999)}` } } }),
    'Service with a block of its own': async ({ metadata: { name } }) =>
      change(name, { metadata: { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } } }),
  }
  /** As many become load balancers as cease to be. */
  const flip = (): string => (random.chance(BALANCERS / (1 - BALANCERS)) ? 'LoadBalancer' : 'NodePort')
  const kindsOfActs = Object.keys(acts)

  return {
    async fill(count) {
      for (let index = 0; index < count; index++) await create()
    },
    async act() {
      const there = services()
      const isMissing = there.length < wanted * (0.9 + random.next() / 5)
      const kind = there.length === 0 || isMissing ? 'Service created' : random.pick(kindsOfActs)
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      await (isMissing || there.length === 0 ? create() : acts[kind]?.(random.pick(there)))
    },
    async removeAll() {
      for (const { metadata } of services()) await remove(metadata.name)
    },
  }
}
