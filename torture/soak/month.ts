import type { Process, World } from '../world/contract.ts'

/** Something that happens at a moment of true virtual time. */
interface Due {
  readonly at: number
  readonly run: () => Promise<void> | void
}

/** A world in which things happen at their time, with a controller that is started anew now and then. */
export interface Month {
  readonly world: World
  /** Who looks after the cluster now. */
  readonly process: () => Process
  /** How often each kind of thing happened. */
  readonly kinds: Map<string, number>
  readonly later: (ms: number, run: Due['run']) => void
  /** Lets time pass, and everything happen that falls into it. */
  readonly elapse: (ms: number) => Promise<void>
  readonly restart: (isKilled: boolean) => Promise<void>
}

export function createMonth(world: World, start: () => Process): Month {
  let due: Due[] = []
  let process = start()

  function takeNext(until: number): Due | undefined {
    const [next] = due
    if (!next || next.at > until) return undefined
    due = due.slice(1)
    return next
  }

  return {
    world,
    process: () => process,
    kinds: new Map(),
    later(ms, run) {
      const at = world.clock.now() + ms
      const index = due.findIndex(other => other.at > at)
      due.splice(index < 0 ? due.length : index, 0, { at, run })
    },
    async elapse(ms) {
      const end = world.clock.now() + ms
      for (let next = takeNext(end); next; next = takeNext(end)) {
        await world.advance(Math.max(0, next.at - world.clock.now()))
        await next.run()
      }
      await world.advance(Math.max(0, end - world.clock.now()))
    },
    async restart(isKilled) {
      if (!isKilled) await process.end()
      process.kill()
      process = start()
    },
  }
}
