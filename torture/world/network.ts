import type { EventClock } from './clock.ts'
import type { Call, Random, Trouble } from './contract.ts'
import { createFaults, type Striking } from './faults.ts'
import type { Recorder } from './history.ts'

/** What came back. */
export interface Delivered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

export type Headers = Readonly<Record<string, string>>

/** A side of the world that carries calls out. Headers hold tokens, so they are no part of a call's history. */
export type Side = (call: Call, headers: Headers) => Promise<Delivered>

export interface Sending {
  readonly headers?: Headers | undefined
  readonly signal?: AbortSignal | undefined
  /** Of somebody who is no controller. */
  readonly isUsers?: boolean
}

/** The network from the world's side. */
export interface Wires extends Striking {
  /**
   * There and back, through whatever goes wrong on the way; an aborted call may have had its effect.
   *
   * @throws what node-fetch throws for a connection that breaks or a signal that aborts
   */
  send(call: Call, sending?: Sending): Promise<Delivered>
  /** The answers that stale ones would be taken from. */
  readonly forget: () => void
}

export interface WiresOptions {
  readonly clock: EventClock
  readonly random: Random
  readonly recorder: Recorder
  readonly latencyMs: readonly [least: number, most: number]
  readonly sides: Readonly<Record<Call['to'], Side>>
}

/** What strikes a call once it had its effect. */
type After = Extract<
  Trouble,
  { readonly kind: 'status after' | 'reset after' | 'hang after' | 'delay after' | 'garbage' | 'cut' }
>

/** Reads that a stale answer may come from; older ones of the same path are forgotten. */
const KEPT_READS = 5

interface Read {
  readonly at: number
  readonly answer: Delivered
}

export function createWires(options: WiresOptions): Wires {
  const { clock, random, recorder, sides } = options
  const faults = createFaults(random)
  const reads = new Map<string, Read[]>()

  const oneWay = (): number => random.between(...options.latencyMs) / 2

  async function carryOut(call: Call, headers: Headers, trouble: Trouble | undefined): Promise<Delivered> {
    const answer = await recorder.carryOut(call, trouble, () => sides[call.to](call, headers))
    if (!call.isWrite) remember(call, answer)
    return answer
  }

  function remember(call: Call, answer: Delivered): void {
    const key = toKey(call)
    reads.set(key, [...(reads.get(key) ?? []), { at: clock.now(), answer }].slice(-KEPT_READS))
  }

  /** The oldest answer that is young enough. */
  function recall(call: Call, ms: number): Delivered | undefined {
    return reads.get(toKey(call))?.find(({ at }) => at >= clock.now() - ms)?.answer
  }

  async function meet(call: Call, headers: Headers, trouble: Trouble | undefined): Promise<Delivered> {
    if (!trouble) return carryOut(call, headers, trouble)
    switch (trouble.kind) {
      case 'status': {
        recorder.missed(call, trouble)
        const more = { 'content-type': 'application/json', ...trouble.headers }
        return { status: trouble.status, headers: more, text: trouble.body ?? toErrorBody(trouble.status) }
      }
      case 'reset before':
        recorder.missed(call, trouble)
        throw broken('ECONNRESET')
      case 'refused':
        recorder.missed(call, trouble)
        throw broken('ECONNREFUSED')
      case 'hang before':
        recorder.missed(call, trouble)
        return never()
      case 'lost':
        recorder.missed(call, trouble)
        return { status: 200, headers: {}, text: '{}' }
      case 'delay before':
        await clock.sleep(trouble.ms)
        return carryOut(call, headers, trouble)
      case 'doubled':
        repeat(call, headers, trouble).catch(() => undefined)
        return carryOut(call, headers, trouble)
      case 'stale': {
        const old = call.isWrite ? undefined : recall(call, trouble.ms)
        if (!old) return carryOut(call, headers, trouble)
        recorder.missed(call, trouble)
        return redate(old, clock.viewOf(call.to === 'cloud' ? 'cloud' : 'cluster').now())
      }
      case 'short pages':
        return carryOut({ ...call, query: toShortPages(call.query, trouble.limit) }, headers, trouble)
      case 'status after':
      case 'reset after':
      case 'hang after':
      case 'delay after':
      case 'garbage':
      case 'cut':
        return spoil(await carryOut(call, headers, trouble), trouble)
      default:
        return trouble satisfies never
    }
  }

  async function repeat(
    call: Call,
    headers: Headers,
    trouble: Trouble & { readonly kind: 'doubled' },
  ): Promise<void> {
    await clock.sleep(trouble.ms)
    await carryOut(call, headers, trouble)
  }

  /** It had its effect. */
  async function spoil(answer: Delivered, trouble: After): Promise<Delivered> {
    switch (trouble.kind) {
      case 'status after':
        return { ...answer, status: trouble.status, text: toErrorBody(trouble.status) }
      case 'reset after':
        throw broken('ECONNRESET')
      case 'hang after':
        return never()
      case 'delay after':
        await clock.sleep(trouble.ms)
        return answer
      case 'garbage':
        return { ...answer, text: answer.text.slice(0, Math.ceil(answer.text.length / 2)) }
      case 'cut':
        return { ...answer, text: toCutList(answer.text, trouble.keep) }
      default:
        return trouble satisfies never
    }
  }

  async function travel(call: Call, { headers = {}, signal, isUsers = false }: Sending): Promise<Delivered> {
    await clock.sleep(oneWay())
    if (signal?.aborted) throw aborted()
    const answer = await meet(call, headers, faults.strike(call, isUsers))
    await clock.sleep(oneWay())
    return answer
  }

  return {
    ...faults,
    forget: () => reads.clear(),
    send: (call, sending = {}) => untilAborted(travel(call, sending), sending.signal),
  }
}

function toCutList(text: string, keep: number): string {
  const list: unknown = JSON.parse(text)
  return Array.isArray(list) ? JSON.stringify(list.slice(0, keep)) : text
}

function toShortPages(query: string, limit: number): string {
  const asked = new URLSearchParams(query)
  asked.set('limit', String(limit))
  return asked.toString()
}

/** A cache within the other side answers with an old body, and yet by its clock. */
const redate = (old: Delivered, now: number): Delivered => ({
  ...old,
  headers: { ...old.headers, date: new Date(now).toUTCString() },
})
const toKey = ({ to, path, query }: Call): string => `${to} ${path}?${query}`
const never = (): Promise<never> => new Promise(() => {})
const toErrorBody = (status: number): string =>
  JSON.stringify({ message: 'A fault was injected.', code: status })

/** As node-fetch tells of a connection that breaks. */
function broken(code: 'ECONNRESET' | 'ECONNREFUSED'): Error {
  const during = code === 'ECONNREFUSED' ? { erroredSysCall: 'connect' } : {}
  return Object.assign(new Error(`request failed, reason: ${code}`), { code, type: 'system', ...during })
}

const aborted = (): Error => Object.assign(new Error('The operation was aborted.'), { name: 'AbortError' })

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted())
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
