import { createFakeNode } from '../../test/support/fake-kubelet.ts'
import { createManifest, pathOf, type ServiceWish } from '../../test/support/services.ts'
import type { Violation } from '../invariants/contract.ts'
import { type WatchOptions, watchWorld } from '../invariants/of-world.ts'
import type { UserAnswer, World, WorldOptions } from '../world/contract.ts'
import { createWorld } from '../world/world.ts'

/** What happens to users and machines while one controller looks after a small world. */
export interface Story {
  readonly name: string
  readonly options?: Partial<WorldOptions>
  readonly watch?: WatchOptions
  tell(stage: Stage): Promise<void>
}

export interface Stage {
  readonly world: World
  readonly create: (service: string, wish?: ServiceWish) => Promise<UserAnswer>
  /** With a manifest that holds nothing of ours. */
  readonly replace: (service: string) => Promise<UserAnswer>
  readonly remove: (service: string) => Promise<UserAnswer>
  /** A machine of this name comes, and its kubelet registers. @returns the id of its server */
  readonly join: (name: string) => Promise<string>
  /** The kubelet of that node registers. */
  readonly register: (name: string, providerID?: string) => Promise<void>
  readonly notReady: (name: string) => void
  /** Its condition Ready from now on. */
  readonly report: (name: string, status: 'True' | 'Unknown') => void
  readonly minutes: (count: number) => Promise<void>
}

/** What became of a story. */
export interface Told {
  readonly violations: readonly Violation[]
  /** Requests of everybody to everything. */
  readonly requests: number
}

const MINUTE = 60_000
/** Passes after the end of a story before it is looked at. */
const SETTLE_MINUTES = 12
/** And after that: more than the ten minutes for which this or that is kept. */
const REST_MINUTES = 12

/** Tells a story, lets everything come to rest, and says what must never happen and has. */
export async function tellStory(story: Story, seed: number): Promise<Told> {
  const world = await createWorld({ seed, latencyMs: [1, 5], keepEntries: false, ...story.options })
  const { checker, violations } = watchWorld(world, story.watch)
  let requests = 0
  world.history.onEntry(({ kind }) => {
    if (kind === 'request') requests += 1
  })
  const process = world.start()
  const stage = createStage(world)
  await stage.minutes(1)
  await story.tell(stage)
  await stage.minutes(SETTLE_MINUTES)
  const atRest = checker.atRest()
  checker.rest()
  await stage.minutes(REST_MINUTES)
  process.kill()
  return { violations: [...violations, ...atRest], requests }
}

function createStage(world: World): Stage {
  const { store } = world.cluster

  function report(name: string, status: 'True' | 'Unknown'): void {
    store.merge('nodes', name, { status: { conditions: [{ type: 'Ready', status }] } })
  }

  async function register(name: string, providerID?: string): Promise<void> {
    const options = { ready: true, machineID: `machine-of-${name}`, ...(providerID && { providerID }) }
    const body = createFakeNode(name, options)
    await world.request(`system:node:${name}`, { method: 'POST', path: '/api/v1/nodes', body })
  }

  return {
    world,
    create: (service, wish) =>
      world.request('admin', {
        method: 'POST',
        path: pathOf(service).slice(0, pathOf(service).lastIndexOf('/')),
        body: createManifest(service, wish),
      }),
    async replace(service) {
      const { metadata, spec } = createManifest(service)
      const body = { apiVersion: 'v1', kind: 'Service', metadata, spec }
      return world.request('admin', { method: 'PUT', path: pathOf(service), body })
    },
    remove: service => world.request('admin', { method: 'DELETE', path: pathOf(service) }),
    async join(name) {
      const { id } = world.cloud.backend.addServer({ hostname: name })
      await register(name)
      return id
    },
    register,
    notReady: name => report(name, 'Unknown'),
    report,
    minutes: count => world.advance(count * MINUTE),
  }
}
