import type { Fate, Process, World } from '../world/contract.ts'

/** What is to become of a process at one of its next effects. */
export interface Doom {
  readonly what: Fate
  /** After so many more effects. */
  readonly after: number
  /** Until it is started again. */
  readonly downMs: number
}

/** Where a process runs. */
export interface Place {
  readonly host: 'serve' | 'functions'
  process: Process
  doom: Doom | undefined
  /** When a dead one is started again; undefined while nobody has seen that it is dead. */
  startAt: number | undefined
  downMs: number
}

/** Keeps the controllers running, as the cluster or the platform does: who has died is started again after a time. */
export interface Supervisor {
  readonly places: readonly Place[]
  kill(place: Place, downMs: number): void
  /** Ends it as at SIGTERM when another one runs already (a rolling update). */
  replace(place: Place): void
  /**
   * Replaces all, and gives those that start from now on these settings over the world's own, instead of those that
   * were given under the same name before.
   */
  configure(name: string, environment: Readonly<Record<string, string>>): void
  /** The process of this place meets its fate. */
  doom(place: Place, doom: Doom): void
  /** Starts again who is due; to be called often. */
  look(): void
  /** Everybody runs, and meets no fate any more. */
  heal(): void
  /** How often a fate has come. */
  met(what: Fate): number
}

const DOWN_MS = 5000

export function createSupervisor(
  world: World,
  hosts: readonly ('serve' | 'functions')[],
  tell: (line: string) => void,
): Supervisor {
  const met: Fate[] = []
  const given = new Map<string, Readonly<Record<string, string>>>()
  const places = hosts.map(host => {
    const place: Omit<Place, 'process'> = { host, doom: undefined, startAt: undefined, downMs: DOWN_MS }
    return Object.assign(place, { process: start(host, () => meet(place)) })
  })

  function start(host: Place['host'], fate: () => Fate | undefined): Process {
    let isOld = false
    const environment = Object.assign({}, ...given.values()) as Record<string, string>
    const process = world.start({ host, environment, fate: () => (isOld ? undefined : fate()) })
    const end = process.end.bind(process)
    return Object.assign(process, {
      end: () => {
        isOld = true
        return end()
      },
    })
  }

  function restart(place: Place): void {
    place.process = start(place.host, () => meet(place))
    place.startAt = undefined
    tell(`${place.process.name} starts`)
  }

  function meet(place: Pick<Place, 'doom' | 'downMs'>): Fate | undefined {
    const { doom } = place
    if (!doom) return undefined
    if (doom.after > 0) {
      place.doom = { ...doom, after: doom.after - 1 }
      return undefined
    }
    place.doom = undefined
    place.downMs = doom.downMs
    met.push(doom.what)
    tell(`one of its effects meets its fate: ${doom.what}`)
    return doom.what
  }

  function replace(place: Place): void {
    const old = place.process
    if (!old.isAlive()) return
    restart(place)
    // Whether it ends is looked at where processes end.
    old.end().catch(() => undefined)
  }

  return {
    places,
    replace,
    configure(name, environment) {
      given.set(name, environment)
      for (const place of places) replace(place)
    },
    kill(place, downMs) {
      if (!place.process.isAlive()) return
      place.process.kill()
      place.startAt = world.clock.now() + downMs
    },
    doom(place, doom) {
      place.doom = doom
    },
    look() {
      for (const place of places) {
        if (place.process.isAlive()) continue
        place.startAt ??= world.clock.now() + place.downMs
        if (place.startAt <= world.clock.now()) restart(place)
      }
    },
    heal() {
      for (const place of places) {
        place.doom = undefined
        place.downMs = 0
        if (!place.process.isAlive()) restart(place)
      }
    },
    met: what => met.filter(other => other === what).length,
  }
}
