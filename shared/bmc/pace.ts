import type { Clock } from '../clock.ts'

/** What a caller may bear before its request is sent. */
export interface Turn {
  readonly signal: AbortSignal
  /** Milliseconds since 1970 after which waiting is of no use; a change waits for nothing and says 0. */
  readonly patience: number
}

/** A request that was let through. */
export interface Ticket {
  /** @param answer undefined when nothing was answered */
  leave(answer: Answer | undefined): void
}

/** What an answer tells of the pace. */
export interface Answer {
  /** True for one that asks to come again later. */
  readonly slowDown: boolean
  /** For how long, where it says so. */
  readonly retryAfterMs?: number | undefined
}

/** The pace of all requests of one process to one host: none is sent while the host has asked to wait. */
export interface Pace {
  /** When requests may be sent again (ms since 1970); undefined while they may. */
  limitedUntil(): number | undefined
  /** Others were asked to wait until then (ms since 1970). */
  holdOff(until: number): void
  /**
   * Waits until a request may be sent.
   *
   * @returns the time (ms since 1970) before which none may be sent, when the caller will not wait for it
   * @throws the signal's reason
   */
  enter(turn: Turn): Promise<Ticket | number>
}

/** A host that says nothing more than "slower": doubled with each refusal of a request that had waited. */
const FIRST_MS = 1000
const MOST_MS = 30_000
/** What is read for so long and more is looked at once before its time: a host may say a year. */
const LONGEST_MS = 15 * 60_000
/** A caller without a deadline waits no longer than this. */
const PATIENCE_MS = 60_000
/** So many requests at once without a refusal, and the pace is free again. */
const FREE = 16

/**
 * After a refusal one request goes out when its time has come; each good answer lets one more go beside it. So a host
 * that is still busy refuses one request, not all that have waited.
 */
export function createPace(clock: Clock, random: () => number): Pace {
  let until = 0
  let round = 0
  let refusals = 0
  let width = Number.POSITIVE_INFINITY
  let sent = 0
  let line: (() => void)[] = []

  function limitedUntil(): number | undefined {
    const leftMs = until - clock.now()
    // A clock that was set back must not make a wait of hours.
    return leftMs > 0 && leftMs <= LONGEST_MS ? until : undefined
  }

  function callUp(): void {
    const next = line.splice(0, Math.max(width - sent, 0))
    for (const go of next) go()
  }

  function holdOff(time: number): void {
    const ends = Math.min(time, clock.now() + LONGEST_MS)
    if (ends <= Math.max(until, clock.now())) return
    until = ends
    width = 1
    round += 1
  }

  function slowDown(retryAfterMs: number | undefined, isOfThisRound: boolean): void {
    if (isOfThisRound) refusals += 1
    const ownMs = random() * Math.min(FIRST_MS * 2 ** (refusals - 1), MOST_MS)
    holdOff(clock.now() + (retryAfterMs ?? (isOfThisRound ? ownMs : 0)))
    if (isOfThisRound) width = 1
  }

  function widen(): void {
    refusals = 0
    width = width + 1 < FREE ? width + 1 : Number.POSITIVE_INFINITY
  }

  function admit(): Ticket {
    const mine = round
    sent += 1
    return {
      leave(answer) {
        sent -= 1
        if (answer?.slowDown) slowDown(answer.retryAfterMs, mine === round)
        else if (answer && mine === round) widen()
        callUp()
      },
    }
  }

  async function wait({ signal, patience }: Turn): Promise<Ticket | number> {
    for (;;) {
      signal.throwIfAborted()
      const limited = limitedUntil()
      if (limited !== undefined) {
        if (limited >= patience || limited - clock.now() > PATIENCE_MS) return limited
        await clock.sleep(limited - clock.now(), signal)
      } else if (sent < width || patience === 0) return admit()
      else await standInLine(signal)
    }
  }

  /** Who turns away may have been called up: the next one is called in its place. */
  async function enter(turn: Turn): Promise<Ticket | number> {
    let turned: Ticket | number | undefined
    try {
      turned = await wait(turn)
      return turned
    } finally {
      if (typeof turned !== 'object') callUp()
    }
  }

  function standInLine(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        line = line.filter(other => other !== go)
        reject(signal.reason)
      }
      const go = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      line.push(go)
    })
  }

  return { limitedUntil, holdOff, enter }
}
