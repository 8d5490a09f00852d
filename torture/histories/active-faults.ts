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
  /** An action is carried out: under every fault that is active, as soon as that strikes once more. */
  note(action: string): void
  /** Counts what has struck since the last look. */
  look(): void
  /** Ends all. */
  end(): void
  /** Calls struck so far. */
  readonly hits: number
}

interface Watched {
  readonly fault: Fault
  seen: number
  isOver: boolean
  /** Actions that were carried out under it and that it has not struck after yet. */
  actions: string[]
}

/** @param onPair hears of every action that was carried out under a fault that struck then */
export function createActiveFaults(onPair: (action: string, fault: string) => void): ActiveFaults {
  let watched: Watched[] = []
  let total = 0

  function end(entry: Watched): void {
    if (entry.isOver) return
    lookAt(entry)
    entry.isOver = true
    entry.fault.end()
  }

  function lookAt(entry: Watched): void {
    if (entry.isOver) return
    const [hits, { seen }] = [entry.fault.hits(), entry]
    entry.seen = hits
    total += hits - seen
    if (hits === seen) return
    for (const action of entry.actions.splice(0)) onPair(action, entry.fault.name)
  }

  return {
    begin(fault, agenda, ms) {
      const entry = { fault, seen: fault.hits(), isOver: false, actions: [] }
      watched.push(entry)
      agenda.after(ms, () => end(entry))
    },
    note: action => {
      for (const { actions } of watched) actions.push(action)
    },
    look() {
      watched.forEach(lookAt)
      watched = watched.filter(({ isOver }) => !isOver)
    },
    end: () => watched.forEach(end),
    get hits() {
      return total
    },
  }
}
