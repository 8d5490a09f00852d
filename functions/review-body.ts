import type { Readable } from 'node:stream'
import type { Clock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import type { Leave, Overload } from './overload.ts'
import { LARGE_BODY_BYTES } from './overload-plan.ts'
import { readReviewHead } from './review-head.ts'
import { tooLarge } from './webhook.ts'

/** A review's body as far as it was read. */
export interface ReviewBody {
  readonly text: string
  /** True when the rest was not read: the review is to be let through. */
  readonly isCut: boolean
  /** To be called when the review has been answered. */
  readonly leave: Leave
}

export interface BodyReading {
  readonly clock: Clock
  readonly overload?: Pick<Overload, 'body' | 'tooSlow'> | undefined
  readonly maxBodyBytes: number
  /** What the caller announced; NaN where he did not. */
  readonly length: number
  /** When the review must have its answer, in milliseconds since 1970. */
  readonly deadline: number
}

/** A caller in the same network needs a fraction of it for 6 MiB; over 10 Mbit/s they take as long. */
const LONGEST_MS = 5000
/** Half of the time that is left is for the work. */
const READING_SHARE = 0.5

/**
 * Reads a review. One that is large is read to its end only while there is room for it, and only for a few seconds: else
 * its beginning is returned, which says what the answer needs.
 *
 * @throws CcmError WEBHOOK_BODY_TOO_LARGE, WEBHOOK_BODY_INVALID
 */
export async function readReviewBody(stream: Readable, reading: BodyReading): Promise<ReviewBody> {
  const body = collect(stream, reading)
  if (await body.read(LARGE_BODY_BYTES)) return { text: body.text(), isCut: false, leave: () => {} }
  const { clock, overload, length, maxBodyBytes, deadline } = reading
  const { kind } = readReviewHead(body.text())
  const bytes = Number.isNaN(length) ? maxBodyBytes : length
  const leave = overload ? await overload.body(kind, bytes, deadline, body.gone) : () => {}
  if (!leave) return body.cut()
  try {
    const ms = Math.min((deadline - clock.now()) * READING_SHARE, LONGEST_MS)
    if (await inTime(clock, ms, body.read(Number.POSITIVE_INFINITY)))
      return { text: body.text(), isCut: false, leave }
  } catch (error) {
    leave()
    throw error
  }
  leave()
  overload?.tooSlow(kind)
  return body.cut()
}

/** A reason of our own costs no stack, which an abort without one would. */
const OVER = 'the reading is over'

/** False when the time was over first. */
async function inTime(clock: Clock, ms: number, reading: Promise<boolean>): Promise<boolean> {
  const over = new AbortController()
  const limit = clock.sleep(Math.max(ms, 0), over.signal).then(
    () => false,
    () => false,
  )
  try {
    return await Promise.race([reading, limit])
  } finally {
    over.abort(OVER)
  }
}

interface Collector {
  /** True when the body has ended, false when there are so many bytes and more to come. */
  read(bytes: number): Promise<boolean>
  text(): string
  /** Lets the rest come and go. */
  cut(): ReviewBody
  /** The caller has left before the end of the body. */
  readonly gone: AbortSignal
}

function collect(stream: Readable, { length, maxBodyBytes }: BodyReading): Collector {
  const gone = new AbortController()
  const chunks: Buffer[] = []
  let [received, wanted] = [0, 0]
  let state: 'open' | 'ended' | 'cut' = 'open'
  let failure: CcmError | undefined
  let wake: (() => void) | undefined

  stream.on('data', (chunk: Buffer) => {
    if (state === 'cut') return
    chunks.push(chunk)
    received += chunk.length
    if (received > maxBodyBytes) end(tooLarge(maxBodyBytes))
    else if (received >= wanted) {
      stream.pause()
      wake?.()
    }
  })
  stream.on('end', () => {
    if (state === 'open') state = 'ended'
    const isWhole = Number.isNaN(length) || received === length
    end(isWhole ? undefined : unreadable())
  })
  stream.on('error', () => end(unreadable()))
  stream.on('close', () => {
    if (state === 'open') end(unreadable())
  })

  function end(error: CcmError | undefined): void {
    failure ??= error
    if (error) {
      state = 'cut'
      chunks.length = 0
      gone.abort(OVER)
    }
    wake?.()
  }

  return {
    // Made when it is asked for: a small review is read without one.
    get gone() {
      return gone.signal
    },
    async read(bytes) {
      wanted = bytes
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      if (failure || state === 'ended') resolve()
      else stream.resume()
      await promise
      if (failure) throw failure
      return state === 'ended'
    },
    text: () => toBuffer(chunks).toString('utf8'),
    cut() {
      const text = Buffer.concat(chunks).subarray(0, LARGE_BODY_BYTES).toString('utf8')
      state = 'cut'
      chunks.length = 0
      stream.resume()
      return { text, isCut: true, leave: () => {} }
    },
  }
}

/** Most reviews come in one piece, which needs no copy. */
const toBuffer = (chunks: readonly Buffer[]): Buffer =>
  chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)

const unreadable = (): CcmError => new CcmError('WEBHOOK_BODY_INVALID', 'the body could not be read')
