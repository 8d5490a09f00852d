import type { Agenda } from './agenda.ts'

/** Something that goes wrong for a while. */
export interface Fault {
  /** Column of the coverage, as `cloud: reset after`. */
  readonly name: string
  /** Calls it has struck so far. */
  readonly hits: () => number
  readonly end: () => void
}

/** What goes wrong now. */
export interface ActiveFaults {
  /** Begins it, and ends it after a time. */
  begin(fault: Fault, agenda: Agenda, ms: number): void
  /** What was, or is, wrong since the last call of this, and struck meanwhile. */
  struck(): readonly string[]
  /** Ends all. */
  end(): void
  /** Calls struck so far. */
  readonly hits: number
}

interface Watched {
  readonly fault: Fault
  seen: number
  isOver: boolean
}

export function createActiveFaults(): ActiveFaults {
  let watched: Watched[] = []
  let total = 0

  function end(entry: Watched): void {
    if (entry.isOver) return
    entry.isOver = true
    entry.fault.end()
  }

  /** @returns whether it has struck since the last look */
  function look(entry: Watched): boolean {
    const [hits, { seen }] = [entry.fault.hits(), entry]
    entry.seen = hits
    total += hits - seen
    return hits > seen
  }

  return {
    begin(fault, agenda, ms) {
      const entry = { fault, seen: fault.hits(), isOver: false }
      watched.push(entry)
      agenda.after(ms, () => end(entry))
    },
    struck() {
      const names = watched.filter(look).map(({ fault }) => fault.name)
      watched = watched.filter(({ isOver }) => !isOver)
      return [...new Set(names)]
    },
    end: () => watched.forEach(end),
    get hits() {
      return total
    },
  }
}
