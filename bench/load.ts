import { connect } from 'node:net'

/** What is sent, and how. */
export interface Load {
  readonly port: number
  /** Whole requests as they go over the wire, sent in turn. */
  readonly requests: readonly Buffer[]
  /** Each has one request under way at any time. */
  readonly connections: number
  /** How many requests are sent in all. */
  readonly count: number
  /** A part of each good answer's body: whatever lacks it is a measurement of something else. */
  readonly expected: string
}

export interface LoadOutcome {
  readonly seconds: number
  /** Milliseconds from a request to its answer, of each. */
  readonly times: readonly number[]
  /** Body of the last answer. */
  readonly last: string
}

/** Above every answer that is measured. */
const MOST_BYTES = 65_536
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Sends the requests. It reads into one buffer of each connection and looks at no more than it must: a server that waits for its
 * caller would be measured together with it.
 *
 * @throws Error with an answer that is not good
 */
export async function sendLoad(load: Load): Promise<LoadOutcome> {
  const times: number[] = []
  let [sent, last] = [0, '']
  const next = (): Buffer | undefined =>
    sent < load.count ? load.requests[sent++ % load.requests.length] : undefined
  const startedAt = performance.now()
  const take = (body: Buffer, ms: number): void => {
    times.push(ms)
    if (times.length === load.count) last = body.toString('latin1')
  }
  const awake = stayAwake()
  try {
    await Promise.all(Array.from({ length: load.connections }, () => converse(load, next, take)))
  } finally {
    awake.end()
  }
  return { seconds: (performance.now() - startedAt) / 1000, times, last }
}

/**
 * Keeps this process from sleeping. To wake up a caller that waits is work of the kernel in the name of whoever answers, and how
 * much of it hangs on what else the machine does.
 */
function stayAwake(): { end(): void } {
  let isOver = false
  const turn = (): void => {
    if (!isOver) setImmediate(turn)
  }
  turn()
  return {
    end() {
      isOver = true
    },
  }
}

/** One connection: a request, its answer, the next request. */
function converse(
  { port, expected }: Load,
  next: () => Buffer | undefined,
  take: (body: Buffer, ms: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const received = Buffer.alloc(MOST_BYTES)
    const wanted = Buffer.from(expected)
    let [length, sentAt] = [0, 0]
    const send = (): void => {
      const request = next()
      length = 0
      sentAt = performance.now()
      if (request) socket.write(request)
      else socket.end(() => resolve())
    }
    const read = (count: number, chunk: Uint8Array): boolean => {
      received.set(chunk.subarray(0, count), length)
      length += count
      const body = readBody(received.subarray(0, length))
      if (body === undefined) return true
      if (!body.includes(wanted))
        reject(new Error(`not the answer that is measured: ${received.toString('latin1', 0, length)}`))
      take(body, performance.now() - sentAt)
      send()
      return true
    }
    const onread = { buffer: Buffer.alloc(MOST_BYTES), callback: read }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    socket.on('error', reject).on('connect', send)
  })
}

/** Body of a response, once all of it is there. */
export function readBody(response: Buffer): Buffer | undefined {
  const end = response.indexOf(HEAD_END)
  if (end < 0) return undefined
  const length = /^content-length: (\d+)/im.exec(response.toString('latin1', 0, end))?.[1]
  const body = response.subarray(end + HEAD_END.length)
  return body.length === Number(length) ? body : undefined
}
