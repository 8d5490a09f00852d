import type { Measure, Sample } from './contract.ts'

/** Takes values down one by one, for a process that hands them over at the end of each call and keeps none. */
export interface Recorder {
  readonly measure: Measure
  /** What was taken down since the last time. */
  take(): readonly Sample[]
}

/** A call makes some hundred; one that fails over and over must not fill the memory. */
const MOST = 10_000

export function createRecorder(): Recorder {
  let samples: Sample[] = []
  return {
    measure(name, labels, value = 1) {
      if (samples.length < MOST) samples.push({ name, labels, value })
    },
    take() {
      const taken = samples
      samples = []
      return taken
    },
  }
}
