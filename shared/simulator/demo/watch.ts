import { request } from 'node:https'
import { createInterface } from 'node:readline'
import type { Clock } from '../../clock.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { StoryError } from './contract.ts'
import { isUninitialized } from './node-state.ts'

/** A version of a node as a client of the API saw it. */
export interface Sighting {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly node: KubeNode
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a client sees that watches the nodes, from the first one on. */
export interface NodeView {
  /** Every version of every node, in the order in which they came. */
  readonly sightings: readonly Sighting[]
  /** The newest version; undefined when there is no such node (any more). */
  node(name: string): KubeNode | undefined
  /** Whether any version of the node carried the uninitialized taint. */
  wasSeenUninitialized(name: string): boolean
  /**
   * Waits until the node passes the test.
   *
   * @returns the sighting with which it did
   * @throws StoryError `what` when it does not within `timeoutMs`
   */
  until(
    name: string,
    what: string,
    test: (node: KubeNode | undefined) => boolean,
    timeoutMs?: number,
  ): Promise<Sighting>
}

export interface WatchTarget {
  readonly url: string
  readonly ca: string
  readonly token: string
}

/** Five passes of the controller: nothing in the story takes longer, however busy the machine is. */
const PATIENCE_MS = 30_000
const REOPEN_MS = 200

/** Watches until the signal ends it; resolves when the first watch is open. */
export async function watchNodes(target: WatchTarget, clock: Clock, signal: AbortSignal): Promise<NodeView> {
  const sightings: Sighting[] = []
  const waiting = new Set<() => void>()
  const opened = Promise.withResolvers<void>()

  function see(line: string): void {
    const { type, object } = JSON.parse(line) as { type: string; object: KubeNode }
    if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return
    sightings.push({ type, node: object, at: clock.now() })
    for (const check of waiting) check()
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const from = sightings.at(-1)?.node.metadata.resourceVersion
      await readWatch(target, from, signal, see, opened.resolve).catch(() => {})
      await clock.sleep(REOPEN_MS, signal).catch(() => {})
    }
    opened.resolve()
  }

  const last = (name: string): Sighting | undefined =>
    sightings.findLast(({ node }) => node.metadata.name === name)
  const present = (name: string): KubeNode | undefined => {
    const sighting = last(name)
    return sighting?.type === 'DELETED' ? undefined : sighting?.node
  }

  async function until(
    name: string,
    what: string,
    test: (node: KubeNode | undefined) => boolean,
    timeoutMs = PATIENCE_MS,
  ): Promise<Sighting> {
    const { promise, resolve, reject } = Promise.withResolvers<Sighting>()
    const over = new AbortController()
    const check = (): void => {
      const sighting = last(name)
      if (sighting && test(present(name))) resolve(sighting)
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
  return {
    sightings,
    node: present,
    wasSeenUninitialized: name =>
      sightings.some(({ node }) => node.metadata.name === name && isUninitialized(node)),
    until,
  }
}

/** One watch, until the server or the signal ends it. */
function readWatch(
  { url, ca, token }: WatchTarget,
  from: string | undefined,
  signal: AbortSignal,
  see: (line: string) => void,
  opened: () => void,
): Promise<void> {
  const path = `${url}/api/v1/nodes?watch=true${from === undefined ? '' : `&resourceVersion=${from}`}`
  return new Promise((resolve, reject) => {
    const call = request(path, { ca, signal, headers: { authorization: `Bearer ${token}` } }, response => {
      opened()
      // An interface passes on the errors of what it reads: without a listener one would end the process.
      createInterface(response).on('line', see).on('close', resolve).on('error', reject)
    })
    call.on('error', reject)
    call.end()
  })
}
