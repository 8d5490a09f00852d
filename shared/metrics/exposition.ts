import type { Definition } from './contract.ts'

/** One row of a metric: with these label values, this much. A histogram has its buckets as well. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** Of a histogram: the sum of what was observed. */
  value: number
  count: number
  /** How many were observed in each bucket alone, the last one without a bound. */
  readonly buckets: number[]
}

/** A metric with all its rows, by the values of its labels. */
export interface Family {
  readonly name: string
  readonly definition: Definition
  readonly series: Map<string, Series>
}

/** Of the text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics in Prometheus's text format. */
export const toText = (families: readonly Family[]): string =>
  families.flatMap(toLines).join('\n').concat('\n')

function toLines({ name, definition, series }: Family): string[] {
  const head = [
    `# HELP ${name} ${definition.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${definition.type}`,
  ]
  const rows = [...series.values()].flatMap(one =>
    definition.type === 'histogram'
      ? toHistogram(name, definition.buckets ?? [], one)
      : [`${name}${toLabels(one.labels)} ${one.value}`],
  )
  return [...head, ...rows]
}

function toHistogram(
  name: string,
  bounds: readonly number[],
  { labels, value, count, buckets }: Series,
): string[] {
  let sum = 0
  const rows = [...bounds.map(String), '+Inf'].map((le, index) => {
    sum += buckets[index] ?? 0
    return `${name}_bucket${toLabels({ ...labels, le })} ${sum}`
  })
  return [...rows, `${name}_sum${toLabels(labels)} ${value}`, `${name}_count${toLabels(labels)} ${count}`]
}

function toLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escape(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
