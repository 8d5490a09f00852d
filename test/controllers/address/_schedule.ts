import type { Kube, KubeRequest } from '../../../shared/kubernetes/client.ts'

/** Several handlers at work on one cluster, of which one request at a time is let through. */
export interface Schedule {
  /** What the n-th request was chosen from, and which one was taken. */
  readonly choices: readonly Choice[]
  /** Requests in the order in which they were sent, as `claimer POST 203.0.113.2`. */
  readonly story: readonly string[]
}

interface Choice {
  readonly taken: number
  readonly of: number
  /** The handler of the request before could go on, as index 0: taking any other one interrupts it. */
  readonly goesOn: boolean
}

export type Handler = (kube: Kube) => Promise<unknown>

interface Actor {
  readonly name: string
  isOver: boolean
  /** Lets the request that it waits with go through. */
  pass: () => void
  story: string
  /** Settles when it waits with its next request, or is over. */
  idle: Promise<void>
  signalIdle: () => void
}

/**
 * Runs handlers together, in the order that `prefix` says, then always the first one that can go on.
 *
 * @param prefix for each request an index among the handlers that are not over yet
 */
export async function runInOrder(
  kube: Kube,
  handlers: Readonly<Record<string, Handler>>,
  prefix: readonly number[] = [],
): Promise<Schedule> {
  const actors = Object.entries(handlers).map(([name, handler]) => start(kube, name, handler))
  const choices: Choice[] = []
  const story: string[] = []
  let last: Actor | undefined
  for (;;) {
    await Promise.all(actors.map(({ idle }) => idle))
    const others = actors.filter(actor => !actor.isOver && actor !== last)
    const waiting = last && !last.isOver ? [last, ...others] : others
    const taken = prefix[choices.length] ?? 0
    const next = waiting[taken]
    if (!next) return { choices, story }
    choices.push({ taken, of: waiting.length, goesOn: waiting[0] === last })
    last = next
    story.push(`${next.name} ${next.story}`)
    expectNews(next)
    next.pass()
  }
}

function expectNews(actor: Actor): void {
  const { promise, resolve } = Promise.withResolvers<void>()
  actor.idle = promise
  actor.signalIdle = resolve
}

function start(kube: Kube, name: string, handler: Handler): Actor {
  const actor: Actor = {
    name,
    isOver: false,
    pass: () => {},
    story: '',
    idle: Promise.resolve(),
    signalIdle: () => {},
  }
  expectNews(actor)
  const request = async (call: KubeRequest): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    actor.pass = resolve
    actor.story = describe(call)
    actor.signalIdle()
    await promise
    return kube.request(call)
  }
  const end = (): void => {
    actor.isOver = true
    actor.signalIdle()
  }
  handler({ ...kube, request: request as Kube['request'] }).then(end, end)
  return actor
}

/** As `PATCH 203.0.113.0`. */
const describe = ({ method = 'GET', path }: KubeRequest): string =>
  `${method} ${decodeURIComponent(path.split('/').at(-1) ?? '')}`

/**
 * Runs `once` for every order in which the requests of its handlers can follow one another.
 *
 * @param once sets the stage, calls runInOrder with the prefix, and checks what came of it
 * @param most how often at the most a handler is interrupted by another: orders grow factorially without a bound
 * @returns how many orders there were
 */
export async function forEachOrder(
  once: (prefix: readonly number[]) => Promise<Schedule>,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  let prefix: number[] | undefined = []
  for (let count = 0; ; count++) {
    if (prefix === undefined) return count
    const { choices } = await once(prefix)
    prefix = toNext(choices, most)
  }
}

/** The next order: the last choice that has an alternative takes it. */
function toNext(choices: readonly Choice[], most: number): number[] | undefined {
  for (let at = choices.length - 1; at >= 0; at--) {
    const next = choices
      .slice(0, at + 1)
      .map((choice, n) => (n === at ? { ...choice, taken: choice.taken + 1 } : choice))
    const isPossible = next.every(({ taken, of }) => taken < of)
    if (isPossible && next.filter(({ taken, goesOn }) => goesOn && taken > 0).length <= most)
      return next.map(({ taken }) => taken)
  }
  return undefined
}

/** The end of a process: nothing catches it but the test. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

/** A client of a process that is killed once `passed` requests have gone through and been carried out. */
export function killAfter(kube: Kube, passed: number): Kube {
  let sent = 0
  const request = async (call: KubeRequest): Promise<unknown> => {
    sent += 1
    if (sent > passed) throw new Killed()
    const answer = await kube.request(call)
    if (sent === passed) throw new Killed()
    return answer
  }
  return { ...kube, request: request as Kube['request'] }
}

/** What is killed, and what is looked at afterwards. */
export interface KillPlay {
  readonly run: (kill: (kube: Kube) => Kube, passed: number) => Promise<unknown>
  readonly afterwards: (passed: number) => Promise<unknown>
}

/** Runs it killed after its first request, its second, and so on, until it is not killed any more. @returns how often */
export async function forEachKill({ run, afterwards }: KillPlay): Promise<number> {
  for (let passed = 1; ; passed++) {
    const isKilled = await run(kube => killAfter(kube, passed), passed).then(() => false, expectKilled)
    await afterwards(passed)
    if (!isKilled) return passed
  }
}

function expectKilled(error: unknown): true {
  if (error instanceof Killed) return true
  throw error
}
