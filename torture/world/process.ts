import { type Clock, toSteadyNow } from '../../shared/clock.ts'
import { type App, createApp } from '../../shared/compose.ts'
import { type Config, readConfig, type Sources } from '../../shared/config.ts'
import { createLog, type Log } from '../../shared/log.ts'
import { createLife, type EventClock, type Life } from './clock.ts'
import type { Effect, Fate, Process, ProcessOptions, Random } from './contract.ts'
import { createFetch, untilDeath } from './doors.ts'
import { type Host, openHost } from './hosts.ts'
import type { Wires } from './network.ts'

/** A process from the world's side. */
export interface Living extends Process {
  /** Reviews, audit batches and rings that come from outside. */
  readonly door: Host
  readonly life: Life
  /** Whether it takes reviews, audit batches and rings: one that ends answers only those that it has. */
  isOpen(): boolean
  /** What it logged so far. */
  readonly forget: () => void
}

export interface ProcessParts {
  readonly clock: EventClock
  readonly random: Random
  readonly wires: Wires
  readonly environment: Readonly<Record<string, string>>
  /** Lets time pass until the work ends, unless somebody does so already. */
  readonly drive: <T>(work: () => Promise<T>) => Promise<T>
  readonly newName: () => string
}

/** What the hosts of a process are made of. */
export interface Body {
  readonly life: Life
  readonly clock: Clock
  readonly log: Log
  readonly config: Config
  readonly sources: Sources
  readonly random: Random
  readonly wires: Wires
  readonly name: string
  /** A controller with a memory of its own. */
  readonly createApp: () => Promise<App>
  readonly write: (line: string) => void
}

/** Limit of a pass that is asked for, in virtual milliseconds. */
const PASS_MS = 60_000
const WORK_MS = 20_000

export function startProcess(parts: ProcessParts, options: ProcessOptions = {}): Living {
  const { clock, random, wires, drive } = parts
  const { host: kind = 'serve', name = parts.newName(), fate } = options
  const life = createLife()
  let isEnding = false
  const effects: Effect[] = []
  const log: string[] = []
  const meetFate = (side: Effect['side'], what: string): Fate | undefined => {
    const effect = { side, name: what, index: effects.length }
    effects.push(effect)
    return fate?.(effect)
  }
  const wall = clock.viewOf('controllers', life)
  const ofControllers = {
    ...wall,
    now: toSteadyNow(
      () => wall.now(),
      () => clock.now(),
    ),
  }
  const fetch = createFetch(wires, { name, life, meetFate, kill: life.kill })
  const sources: Sources = { env: { ...parts.environment, ...options.environment } }
  const { config } = readConfig(sources)
  const write = (line: string): void => void log.push(line)
  const body = async (): Promise<Body> => {
    const ownLog = await createLog({ level: config.logLevel, write })
    return {
      life,
      clock: ofControllers,
      log: ownLog,
      config,
      sources,
      random,
      wires,
      name,
      write,
      createApp: () =>
        createApp({
          config,
          readSources: async () => sources,
          clock: ofControllers,
          random: () => random.next(),
          fetch,
          log: ownLog,
        }),
    }
  }
  const host = openHost(kind, body, options)
  const ifAlive = <T>(work: Promise<T>): Promise<T | undefined> =>
    Promise.race([untilDeath({ life }, work), life.died])

  return {
    name,
    host: kind,
    door: host,
    life,
    forget: () => void log.splice(0),
    effects,
    log,
    get rung() {
      return host.rung()
    },
    isAlive: () => !life.isDead,
    isOpen: () => !life.isDead && !isEnding,
    kill: life.kill,
    end: () => {
      isEnding = true
      return drive(async () => ifAlive(host.end()))
    },
    pass: (call = {}) =>
      drive(() => ifAlive(host.pass({ ...call, deadline: ofControllers.now() + PASS_MS }))),
    work: keys => drive(() => ifAlive(host.work({ deadline: ofControllers.now() + WORK_MS }, keys))),
    command: work => drive(() => ifAlive(host.app().then(work))),
  }
}
