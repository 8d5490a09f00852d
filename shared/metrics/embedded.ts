import type { Definition, MetricName, Sample } from './contract.ts'
import { METRICS } from './definitions.ts'
import { toValue } from './registry.ts'

/** Where lines are counted. */
export interface EmbeddedTarget {
  /** Of CloudWatch. */
  readonly namespace: string
  /** Value of the dimension `function`. */
  readonly functionName: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** AWS charges for each metric with each of its dimensions, and these say little of functions. */
const LEFT_OUT: readonly MetricName[] = ['rest_client_requests_total', 'rest_client_request_duration_seconds']
/** Of one metric in one line (embedded metric format, specification). */
const MAX_VALUES = 100

/**
 * Samples as lines of CloudWatch's embedded metric format, one for each set of dimensions: a counter's are summed up, a
 * gauge's last one counts, a histogram's are told one by one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function toEmbedded(samples: readonly Sample[], target: EmbeddedTarget): readonly string[] {
  const groups = Map.groupBy(
    samples.filter(({ name }) => !LEFT_OUT.includes(name)).map(toBounded),
    ({ labels }) => JSON.stringify(labels),
  )
  return [...groups.values()].flatMap(group => toLines(group, target))
}

/** With its labels in the order of the definition, and no value that is not defined. */
function toBounded({ name, labels, value }: Sample): Sample {
  const { labels: defined }: Definition = METRICS[name]
  const entries = Object.entries(defined).map(([label, known]) => [
    label,
    toValue(known, labels[label] ?? ''),
  ])
  return { name, labels: Object.fromEntries(entries) as Sample['labels'], value }
}

function toLines(group: readonly Sample[], target: EmbeddedTarget): string[] {
  const values = Map.groupBy(group, ({ name }) => name)
  const metrics = [...values].map(([name, list]) => ({ name, chunks: toChunks(name, list) }))
  const lines = Math.max(...metrics.map(({ chunks }) => chunks.length))
  return Array.from({ length: lines }, (_, index) => {
    const told = metrics.flatMap(({ name, chunks }) =>
      chunks[index] === undefined ? [] : [{ name, value: chunks[index] }],
    )
    return toLine(told, group[0]?.labels ?? {}, target)
  })
}

/** What stands in each line: a number, or up to a hundred. */
function toChunks(name: MetricName, samples: readonly Sample[]): readonly (number | readonly number[])[] {
  const { type }: Definition = METRICS[name]
  const values = samples.map(({ value }) => value)
  if (type === 'gauge') return values.slice(-1)
  if (type === 'counter') return [values.reduce((sum, value) => sum + value, 0)]
  return Array.from({ length: Math.ceil(values.length / MAX_VALUES) }, (_, index) =>
    values.slice(index * MAX_VALUES, (index + 1) * MAX_VALUES),
  )
}

interface Told {
  readonly name: MetricName
  readonly value: number | readonly number[]
}

function toLine(told: readonly Told[], labels: Sample['labels'], target: EmbeddedTarget): string {
  const { namespace, functionName, now } = target
  const directive = {
    Namespace: namespace,
    Dimensions: [['function', ...Object.keys(labels)]],
    Metrics: told.map(({ name }) => ({ Name: name, Unit: toUnit(METRICS[name]) })),
  }
  return JSON.stringify({
    _aws: { Timestamp: now, CloudWatchMetrics: [directive] },
    function: functionName,
    ...labels,
    ...Object.fromEntries(told.map(({ name, value }) => [name, value])),
  })
}

const toUnit = ({ type, unit }: Definition): 'Seconds' | 'Bytes' | 'Count' => {
  if (type === 'histogram' || unit === 'seconds') return 'Seconds'
  return unit === 'bytes' ? 'Bytes' : 'Count'
}
