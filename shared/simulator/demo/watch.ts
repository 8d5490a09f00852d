import { request } from 'node:https'
import { createInterface } from 'node:readline'
import type { Clock } from '../../clock.ts'
import type { KubeNode, KubeService, ObjectMeta } from '../../kubernetes/types.ts'
import { StoryError } from './contract.ts'

interface Named {
  readonly metadata: ObjectMeta
}

/** A version of an object as a client of the API saw it. */
export interface Sighting<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: T
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a client sees that watches one collection, from the first object on. */
export interface View<T> {
  /** Every version of every object, in the order in which they came. */
  readonly sightings: readonly Sighting<T>[]
  /** The newest version; undefined when there is no such object (any more). */
  find(name: string): T | undefined
  /**
   * Waits until the object passes the test.
   *
   * @returns the sighting with which it did
   * @throws StoryError `what` when it does not within `timeoutMs`
   */
  until(
    name: string,
    what: string,
    test: (object: T | undefined) => boolean,
    timeoutMs?: number,
  ): Promise<Sighting<T>>
}

export type NodeView = View<KubeNode>
export type ServiceView = View<KubeService>

export interface WatchTarget {
  readonly url: string
  readonly ca: string
  readonly token: string
  /** Of a collection: `/api/v1/nodes`. */
  readonly path: string
}

/** Five passes of the controller: nothing in the story takes longer, however busy the machine is. */
const PATIENCE_MS = 30_000
const REOPEN_MS = 200

/** Watches until the signal ends it; resolves when the first watch is open. */
export async function watchObjects<T extends Named>(
  target: WatchTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<View<T>> {
  const sightings: Sighting<T>[] = []
  const waiting = new Set<() => void>()
  const opened = Promise.withResolvers<void>()

  function see(line: string): void {
    const { type, object } = JSON.parse(line) as { type: string; object: T }
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return
    sightings.push({ type, object, at: clock.now() })
    for (const check of waiting) check()
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const from = sightings.at(-1)?.object.metadata.resourceVersion
      await readWatch(target, from, signal, see, opened.resolve).catch(() => {})
      await clock.sleep(REOPEN_MS, signal).catch(() => {})
    }
    opened.resolve()
  }

  const last = (name: string): Sighting<T> | undefined =>
    sightings.findLast(({ object }) => object.metadata.name === name)
  const find = (name: string): T | undefined => {
    const sighting = last(name)
    return sighting?.type === 'DELETED' ? undefined : sighting?.object
  }

  async function until(
    name: string,
    what: string,
    test: (object: T | undefined) => boolean,
    timeoutMs = PATIENCE_MS,
  ): Promise<Sighting<T>> {
    const { promise, resolve, reject } = Promise.withResolvers<Sighting<T>>()
    const over = new AbortController()
    const check = (): void => {
      const sighting = last(name)
      if (sighting && test(find(name))) resolve(sighting)
    }
    waiting.add(check)
    check()
    const ends = AbortSignal.any([signal, over.signal])
    clock.sleep(timeoutMs, ends).then(
      () => reject(new StoryError(`${what}, within ${timeoutMs / 1000} s`)),
      () => reject(signal.reason),
    )
    try {
      return await promise
    } finally {
      waiting.delete(check)
      over.abort()
    }
  }

  void run()
  await opened.promise
  return { sightings, find, until }
}

/** One watch, until the server or the signal ends it. */
function readWatch(
  { url, ca, token, path }: WatchTarget,
  from: string | undefined,
  signal: AbortSignal,
  see: (line: string) => void,
  opened: () => void,
): Promise<void> {
  const target = `${url}${path}?watch=true${from === undefined ? '' : `&resourceVersion=${from}`}`
  return new Promise((resolve, reject) => {
    const call = request(target, { ca, signal, headers: { authorization: `Bearer ${token}` } }, response => {
      opened()
      // An interface passes on the errors of what it reads: without a listener one would end the process.
      createInterface(response).on('line', see).on('close', resolve).on('error', reject)
    })
    call.on('error', reject)
    call.end()
  })
}
