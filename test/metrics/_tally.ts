import type { Measure, Sample } from '../../shared/metrics/contract.ts'

/** What was taken down, as `name label=value …` with the sum of its values; of seconds only how often. */
export interface Tally {
  readonly measure: Measure
  readonly counts: () => Readonly<Record<string, number>>
}

export function createTally(): Tally {
  const samples: Sample[] = []
  return {
    measure: (name, labels, value = 1) => void samples.push({ name, labels, value }),
    counts() {
      const counts: Record<string, number> = {}
      for (const { name, labels, value } of samples) {
        const key = [name, ...Object.entries(labels).map(([label, text]) => `${label}=${text}`)].join(' ')
        counts[key] = (counts[key] ?? 0) + (name.endsWith('_seconds') ? 1 : value)
      }
      return counts
    },
  }
}
