import type { World } from '../world/contract.ts'

/** What is to happen at a later moment, whatever step the history is at by then. */
export interface Agenda {
  after(ms: number, work: () => void): void
  /** Ends after so much virtual time, and does what falls into it. */
  elapse(ms: number): Promise<void>
}

interface Entry {
  readonly at: number
  readonly work: () => void
}

export function createAgenda({ clock }: Pick<World, 'clock'>): Agenda {
  let entries: Entry[] = []

  function workUntil(now: number): void {
    for (;;) {
      const next = entries.filter(({ at }) => at <= now).sort((one, other) => one.at - other.at)[0]
      if (!next) return
      entries = entries.filter(entry => entry !== next)
      next.work()
    }
  }

  return {
    after: (ms, work) => {
      entries = [...entries, { at: clock.now() + ms, work }]
    },
    async elapse(ms) {
      const end = clock.now() + ms
      do {
        const next = Math.min(end, ...entries.map(({ at }) => at))
        await clock.sleep(next - clock.now())
        workUntil(clock.now())
      } while (clock.now() < end)
    },
  }
}
