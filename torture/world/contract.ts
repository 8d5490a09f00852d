import type { Clock } from '../../shared/clock.ts'
import type { App } from '../../shared/compose.ts'
import type { ReconcileKey, ReconcileOutcome, ResyncReport } from '../../shared/controllers/contract.ts'
import type { Backend } from '../../shared/simulator/bmc/backend.ts'
import type { Faults } from '../../shared/simulator/bmc/faults.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { KubeStore } from '../../shared/simulator/kubernetes/backend.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'

/**
 * A whole world in one process: a cluster, a cloud, controllers and users on one virtual clock, without a socket or a
 * timer. Requests arrive in the order of their virtual times, so that a seed tells a history again, step by step.
 */
export interface World {
  readonly clock: WorldClock
  readonly random: Random
  readonly cluster: {
    readonly store: KubeStore
    /** A token with which a process acts as that user (KUBE_TOKEN). */
    tokenFor(user: string): string
  }
  readonly cloud: { readonly backend: Backend; readonly faults: Faults }
  readonly network: Network
  readonly history: History
  readonly processes: readonly Process[]
  /** Environment under which the controllers run. */
  readonly environment: Readonly<Record<string, string>>
  /** Public network of the load balancers. */
  readonly networkId: string
  /** UID of kube-system: value of the tag `cluster`. */
  readonly clusterUid: string
  /** Starts a controller; webhooks, audit events and rings go to one that is alive, drawn by the seed. */
  start(options?: ProcessOptions): Process
  /**
   * A request of somebody who is no controller, as `admin` or `system:node:node-a`, through reviews and audit. Time passes
   * until it is answered, unless it is called within `run`; so with `pass`, `work` and `end` of a process.
   */
  request(user: string, request: UserRequest): Promise<UserAnswer>
  /** Lets so much virtual time pass, and everything happen that falls into it. */
  advance(ms: number): Promise<void>
  /** Forgets what is kept for whoever looks: requests, old versions of objects, dead processes, log lines. For long runs. */
  forget(): void
  /** Runs the work to its end, and lets as much virtual time pass as it takes; an hour at the most. */
  run<T>(work: () => Promise<T>): Promise<T>
}

export interface WorldOptions {
  readonly seed: number
  /** Settings of the controllers over the world's own. */
  readonly environment?: Readonly<Record<string, string>>
  /** Prefix lengths (`/29`) of blocks that the cluster has from the start, assigned and empty. */
  readonly blocks?: readonly string[]
  /** `kube-vip` by default. */
  readonly announcer?: string
  /** Whether the webhook is registered and audit events are delivered; both by default. */
  readonly webhook?: boolean
  readonly audit?: boolean
  /** Milliseconds that a request takes there and back, drawn evenly; 1 to 40 by default. */
  readonly latencyMs?: readonly [least: number, most: number]
  readonly dualStack?: boolean
  /** False: entries are told to listeners and not kept, for long runs. */
  readonly keepEntries?: boolean
}

/** Virtual time; starts on a fixed day. */
export interface WorldClock extends Clock {
  /** What controllers, cluster or cloud believe beyond the true time, in milliseconds. */
  skew(whose: 'controllers' | 'cluster' | 'cloud', ms: number): void
  /** Time as they believe it is. */
  viewOf(whose: 'controllers' | 'cluster' | 'cloud'): Clock
}

/** Numbers that follow from the seed. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number in [least, most]. */
  between(least: number, most: number): number
  pick<T>(values: readonly T[]): T
  /** True with this probability. */
  chance(probability: number): boolean
}

export interface UserRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly patch?: 'json' | 'merge' | 'strategic' | 'apply'
  readonly body?: unknown
}

export interface UserAnswer {
  readonly status: number
  readonly body: KubeObject
  readonly warnings: readonly string[]
}

/** What a controller does to the world, as it is numbered from 0 in each process. */
export interface Effect {
  readonly side: 'cluster' | 'cloud'
  /** `PATCH /api/v1/namespaces/default/services/web`, `POST /ips/v1/ip-blocks`. */
  readonly name: string
  readonly index: number
}

/** What becomes of a process, or of its request, at one of its effects. */
export type Fate = 'killed before' | 'killed after' | 'not answered'

export interface ProcessOptions {
  /**
   * `serve`: a queue with workers and a schedule of its own. `functions`: the schedule rings a pass, reviews and audit
   * events invoke reconcile asynchronously (at least once, in any order, tried three times), each with its time limit.
   * `none`, for those who call `pass` and `reconcile` themselves: neither schedule nor queue, rings are kept in `rung`.
   */
  readonly host?: 'serve' | 'functions' | 'none'
  readonly name?: string
  /** Asked before each effect. */
  readonly fate?: (effect: Effect) => Fate | undefined
  readonly environment?: Readonly<Record<string, string>>
  /** Milliseconds between passes of hosts with a schedule; 60,000 by default. */
  readonly resyncIntervalMs?: number
}

/** A controller; what it keeps in memory ends with it. */
export interface Process {
  readonly name: string
  readonly host: 'serve' | 'functions' | 'none'
  /** What it did so far, or was about to do when its fate came. */
  readonly effects: readonly Effect[]
  /** Keys rung that nobody has worked on, with host `none`. */
  readonly rung: readonly ReconcileKey[]
  /** Log lines, as JSON texts. */
  readonly log: readonly string[]
  isAlive(): boolean
  /** Nothing that it does from now on happens, and what it waits for never comes. */
  kill(): void
  /** Requests nothing any more once its work is done, as at SIGTERM. */
  end(): Promise<void>
  /** One pass now. @returns undefined when it was killed meanwhile */
  pass(options?: { dryRun?: boolean }): Promise<ResyncReport | undefined>
  /**
   * Works on what was rung, with host `none`, or on these keys: two processes may hear of the same change.
   *
   * @returns undefined when it was killed meanwhile
   */
  work(keys?: readonly ReconcileKey[]): Promise<readonly ReconcileOutcome[] | undefined>
  /**
   * Work of an operator's command (`migrate --back`, `unregister`, `cleanup`) with the clients of this process, which its
   * fate strikes as well.
   *
   * @returns undefined when it was killed meanwhile
   */
  command<T>(work: (app: App) => Promise<T>): Promise<T | undefined>
}

/** A request on its way: from controllers, users, or the API server itself (reviews and audit batches). */
export interface Call {
  readonly from: string
  readonly to: 'cluster' | 'cloud' | 'admission' | 'audit' | 'reconcile'
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: string
  readonly body: string
  /** Whether it may change something. */
  readonly isWrite: boolean
}

/** What goes wrong with a call. */
export type Trouble =
  /** Answered without effect. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** It had its effect, and something on the way answers this instead. */
  | { readonly kind: 'status after'; readonly status: number }
  | { readonly kind: 'reset before' }
  | { readonly kind: 'reset after' }
  | { readonly kind: 'refused' }
  /** Never answered; before or after the effect. */
  | { readonly kind: 'hang before' }
  | { readonly kind: 'hang after' }
  | { readonly kind: 'delay before'; readonly ms: number }
  | { readonly kind: 'delay after'; readonly ms: number }
  /** It has its effect, and half of the answer comes. */
  | { readonly kind: 'garbage' }
  /** A read is answered with what the same read was answered up to `ms` ago. */
  | { readonly kind: 'stale'; readonly ms: number }
  /** Of a list (a JSON array) only the first so many come. */
  | { readonly kind: 'cut'; readonly keep: number }
  /** A list of the cluster comes in pages of at most so many, as an API server may choose. */
  | { readonly kind: 'short pages'; readonly limit: number }
  /** It arrives a second time, `ms` after the first. */
  | { readonly kind: 'doubled'; readonly ms: number }
  /** It is never carried out though its sender hears 200: of audit batches and rings only. */
  | { readonly kind: 'lost' }

export interface NetworkFault {
  readonly to: Call['to']
  readonly matches?: (call: Call) => boolean
  /** Of those that match; 1 by default. */
  readonly probability?: number
  /** For so many calls; for all by default. */
  readonly times?: number
  readonly trouble: Trouble
}

export interface NetworkFaultHandle {
  /** Calls it has struck. */
  readonly hits: number
  remove(): void
}

export interface Network {
  /** Of several that match, the one added first strikes. */
  add(fault: NetworkFault): NetworkFaultHandle
  clear(): void
}

/** Everything that happened, in order. */
export interface History {
  readonly entries: readonly Entry[]
  /** Called with each entry as it is made. */
  onEntry(listener: (entry: Entry) => void): void
}

export type Entry = RequestDone | Stored | CloudChange

interface Happened {
  /** True virtual time. */
  readonly at: number
  /** Name of a process, user `admin`, …, or `cloud` and `cluster` for what they do by themselves. */
  readonly by: string
}

export interface RequestDone extends Happened {
  readonly kind: 'request'
  /** Of a review: number of the request that it was made for. */
  readonly within?: number
  readonly call: Call
  /** As the side answered it; 0 when it never arrived. */
  readonly status: number
  /** Whether a resourceVersion was given out, or the cloud's content changed, while it was carried out. */
  readonly changed: boolean
  /** Body of the answer to a review, an audit batch or who asks for a token, and to a write that was refused. */
  readonly answer?: string
  readonly trouble?: Trouble['kind']
  /** Status of an answer that was made up on the way. */
  readonly madeUp?: number
}

/** One version of an object as the cluster stored it. */
export interface Stored extends Happened {
  readonly kind: 'stored'
  /** Number of the request that led to it; absent for what the cluster does by itself. */
  readonly request?: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** Plural, as `services`. */
  readonly resource: string
  readonly object: KubeObject
  readonly old: KubeObject | undefined
}

/** The cloud's blocks after a request that changed them. */
export interface CloudChange extends Happened {
  readonly kind: 'cloud'
  /** Method and path pattern, as `POST /ips/v1/ip-blocks`. */
  readonly operation: string
  readonly path: string
  readonly body: string
  readonly before: readonly IpBlock[]
  readonly after: readonly IpBlock[]
}
