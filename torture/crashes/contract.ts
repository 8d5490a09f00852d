import type { App } from '../../shared/compose.ts'
import type { Fate, UserAnswer, UserRequest, World, WorldOptions } from '../world/contract.ts'

/**
 * How many look after the cluster: `one` at a time, the next one takes over; `two` at once, which hear of the same
 * changes and make passes at the same moments, and of which one that is killed is started again.
 */
export type Mode = 'one' | 'two'

/** What becomes of whom at which of its effects. */
export interface Kill {
  /** Number of the process: 0 and, with two at once, 1 are there from the start; the next are those that take over. */
  readonly who: number
  /** Number of its effect, from 0. */
  readonly at: number
  readonly fate: Fate
}

/** All that it takes to tell a story again, step by step. */
export interface Telling {
  readonly scenario: string
  readonly mode: Mode
  readonly seed: number
  readonly kills: readonly Kill[]
}

/** What users, machines and operators do while one process after the other looks after the cluster. */
export interface Stage {
  readonly world: World
  /** A request of somebody, `admin` by default; two processes are at work meanwhile. @throws Error when it is refused */
  readonly request: (request: UserRequest, user?: string) => Promise<UserAnswer>
  /** Those who are alive work on what was rung and make passes, until there is nothing to do. */
  readonly work: () => Promise<void>
  readonly timePasses: (ms: number) => Promise<void>
  /** Ends every process as at SIGTERM: nobody looks after the cluster until the next `work`. */
  readonly stop: () => Promise<void>
  /** A command of an operator, who runs it again until it says that nothing is left to do. */
  readonly command: (run: (app: App) => Promise<boolean>) => Promise<void>
}

export interface Scenario {
  readonly name: string
  readonly options?: Omit<WorldOptions, 'seed'>
  /** What is there before anybody of ours looks. */
  readonly leave?: (world: World) => void
  /** Nobody of ours has looked before it is told: no gate is open, and there is no inventory. */
  readonly isFirstLook?: boolean
  /** What happens before anything can go wrong. */
  readonly prepare?: (stage: Stage) => Promise<void>
  readonly tell: (stage: Stage) => Promise<void>
  /** How it has to end, whatever happened. @returns what is wrong */
  readonly verify: (world: World) => readonly string[]
  /** Effects that are among those at which processes are killed. */
  readonly passes: readonly RegExp[]
  /** It ends without anything of ours: what holds for a cluster that we look after does not hold for it. */
  readonly isWayOut?: boolean
}
