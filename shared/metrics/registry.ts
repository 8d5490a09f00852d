import type { Definition, Measure, MetricName } from './contract.ts'
import { METRICS } from './definitions.ts'
import { type Family, type Series, toText } from './exposition.ts'

/** Values of all metrics, made by the host and handed to whoever counts. */
export interface Registry {
  readonly measure: Measure
  /** Sets what passes find to 0: another replica has seen it since, and the largest of all counts. */
  forgetPass(): void
  /** Has something set its gauges right before each reading. */
  onRead(set: (measure: Measure) => void): void
  /** Everything in Prometheus's text format. */
  readonly read: () => string
}

/** What a label has whose value is none of those that are defined. */
const OTHER = 'other'

const NAMES = Object.keys(METRICS) as MetricName[]

/** A registry in which every series whose labels are known stands with 0 already. */
export function createRegistry(): Registry {
  const families = new Map(NAMES.map(name => [name, toFamily(name)]))
  const readers: ((measure: Measure) => void)[] = []
  const measure: Measure = (name, labels, value) => {
    const family = families.get(name)
    if (family) take(family, labels, value ?? 1)
  }
  return {
    measure,
    forgetPass() {
      for (const { definition, series } of families.values())
        if (definition.ofPass) for (const one of series.values()) one.value = 0
    },
    onRead: set => void readers.push(set),
    read() {
      for (const set of readers) set(measure)
      return toText([...families.values()])
    },
  }
}

/** With its labels as a list: each value that is taken asks for them. */
interface Counted extends Family {
  readonly labels: readonly (readonly [name: string, known: readonly string[] | null])[]
}

function toFamily(name: MetricName): Counted {
  const definition: Definition = METRICS[name]
  const family: Counted = { name, definition, series: new Map(), labels: Object.entries(definition.labels) }
  for (const labels of toStart(definition)) find(family, labels)
  return family
}

/** Every combination of the values from the start; none for a label that only the program itself knows. */
function toStart({ labels, start }: Definition): Record<string, string>[] {
  let rows: Record<string, string>[] = [{}]
  for (const [label, values] of Object.entries(labels)) {
    const known = start?.[label] ?? values ?? []
    rows = rows.flatMap(row => known.map(value => ({ ...row, [label]: value })))
  }
  return rows
}

function find(
  { definition, series, labels: known }: Counted,
  given: Readonly<Record<string, string>>,
): Series {
  const values = known.map(([name, ones]) => toValue(ones, given[name] ?? ''))
  const key = values.join('\n')
  const found = series.get(key)
  if (found) return found
  const labels = Object.fromEntries(known.map(([name], index) => [name, values[index] ?? '']))
  const made = { labels, value: 0, count: 0, buckets: Array.from({ length: toLength(definition) }, () => 0) }
  series.set(key, made)
  return made
}

const toLength = ({ buckets }: Definition): number => (buckets ? buckets.length + 1 : 0)

export const toValue = (known: readonly string[] | null, value: string): string =>
  known === null || known.includes(value) ? value : OTHER

function take(family: Counted, labels: Readonly<Record<string, string>>, value: number): void {
  const { definition } = family
  if (!Number.isFinite(value)) return
  const series = find(family, labels)
  if (definition.type === 'gauge') series.value = value
  // A clock that was set back makes no time shorter than none, and no counter smaller.
  else series.value += Math.max(0, value)
  if (definition.type !== 'histogram') return
  series.count += 1
  const index = (definition.buckets ?? []).findIndex(bound => value <= bound)
  const at = index === -1 ? series.buckets.length - 1 : index
  series.buckets[at] = (series.buckets[at] ?? 0) + 1
}
