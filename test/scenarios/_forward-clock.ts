import { type Clock, systemClock } from '../../shared/clock.ts'

/** The machine's clock, which a test may put forward: for what ages beside an API server that has its own time. */
export interface ForwardClock extends Clock {
  forward(ms: number): void
}

export function createForwardClock(): ForwardClock {
  let ahead = 0
  return {
    now: () => systemClock.now() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    forward: ms => {
      ahead += ms
    },
  }
}
