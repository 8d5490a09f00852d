import type { Stage } from './stage.ts'

export type ClockOwner = 'controllers' | 'cluster' | 'cloud'

/** Sets a clock that goes wrong by so many milliseconds; 0 sets it right. */
export function setClock({ world, watch }: Stage, whose: ClockOwner, ms: number): void {
  world.clock.skew(whose, ms)
  if (whose === 'cluster') watch.clusterIsOff(ms)
}
