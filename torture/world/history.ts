import { AsyncLocalStorage } from 'node:async_hooks'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { Change } from '../../shared/simulator/kubernetes/store.ts'
import type { Call, Entry, History, RequestDone, Trouble } from './contract.ts'

/** Who is at work, so that what is stored can be told from whom it came. */
interface Author {
  readonly by: string
  /** Of his request. */
  readonly number: number
  changed: boolean
}

/** The history from the world's side. */
export interface Recorder {
  readonly history: History
  /** Carries out a request in the name of its sender, and notes how it went. */
  carryOut<T extends { readonly status: number; readonly text: string }>(
    call: Call,
    trouble: Trouble | undefined,
    work: () => Promise<T>,
  ): Promise<T>
  /** A request that never arrived. */
  missed(call: Call, trouble: Trouble): void
  stored(change: Change): void
}

export interface RecorderOptions {
  readonly now: () => number
  readonly keepEntries: boolean
  readonly blocks: () => readonly IpBlock[]
  /** Everything else that a request can change in the cloud. */
  readonly restOfCloud: () => unknown
  /** Method and path pattern of the last request to the cloud. */
  readonly operation: () => string
}

/** From here on a status tells that nothing was done. */
const REFUSED = 400

const isOfWebhook = ({ to }: Call): boolean => to === 'admission' || to === 'audit'
const isOfToken = ({ to, path }: Call): boolean => to === 'cloud' && path.endsWith('/openid-connect/token')

export function createRecorder(options: RecorderOptions): Recorder {
  const entries: Entry[] = []
  const listeners: ((entry: Entry) => void)[] = []
  const authors = new AsyncLocalStorage<Author>()
  let lastTurn: Promise<unknown> = Promise.resolve()
  let requests = 0

  function add(entry: Entry): void {
    if (options.keepEntries) entries.push(entry)
    for (const listener of listeners) listener(entry)
  }

  /** One after the other, so that nobody else's change is taken for this one's. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(work)
    lastTurn = turn.catch(() => undefined)
    return turn
  }

  async function inCloud<T>(call: Call, author: Author, work: () => Promise<T>): Promise<T> {
    if (!call.isWrite) return work()
    const [before, rest] = [options.blocks(), JSON.stringify(options.restOfCloud())]
    const answer = await work()
    const after = options.blocks()
    const areSame = JSON.stringify(before) === JSON.stringify(after)
    author.changed = !areSame || rest !== JSON.stringify(options.restOfCloud())
    if (author.changed) {
      const { path, body } = call
      add({
        kind: 'cloud',
        at: options.now(),
        by: call.from,
        operation: options.operation(),
        path,
        body,
        before,
        after,
      })
    }
    return answer
  }

  /** A review is made while the request is under way that it is for. */
  function toOrigin({ to }: Call): Pick<RequestDone, 'within'> {
    const within = to === 'admission' ? authors.getStore()?.number : undefined
    return within === undefined ? {} : { within }
  }

  return {
    history: { entries, onEntry: listener => void listeners.push(listener) },
    async carryOut(call, trouble, work) {
      requests += 1
      const author: Author = { by: call.from, number: requests, changed: false }
      const answer = await authors.run(author, () =>
        call.to === 'cloud' ? inTurn(() => inCloud(call, author, work)) : work(),
      )
      const { status, text } = answer
      const struck = trouble ? { trouble: trouble.kind } : {}
      const isTold = isOfWebhook(call) || isOfToken(call) || (call.isWrite && status >= REFUSED)
      const told = isTold ? { answer: text } : {}
      add({
        kind: 'request',
        at: options.now(),
        by: call.from,
        call,
        status,
        changed: author.changed,
        ...toOrigin(call),
        ...told,
        ...struck,
      })
      return answer
    },
    missed(call, trouble) {
      add({
        kind: 'request',
        at: options.now(),
        by: call.from,
        call,
        status: 0,
        changed: false,
        ...toOrigin(call),
        trouble: trouble.kind,
        ...(trouble.kind === 'status' ? { madeUp: trouble.status } : {}),
      })
    },
    stored({ type, resource, object, previous }) {
      const author = authors.getStore()
      if (author) author.changed = true
      const by = author?.by ?? 'cluster'
      add({
        kind: 'stored',
        at: options.now(),
        by,
        type,
        resource: resource.resource,
        object,
        old: previous,
        ...(author ? { request: author.number } : {}),
      })
    },
  }
}
