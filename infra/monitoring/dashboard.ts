import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Prints the Grafana dashboard from the list below: npm run dashboard. */

export const DASHBOARD = join(import.meta.dirname, 'dashboard.json')

/** One panel: what it asks Prometheus for, and how a line is called. */
export interface Panel {
  readonly title: string
  readonly expr: string
  readonly legend: string
  readonly unit?: 's' | 'bytes' | 'short' | 'percentunit' | 'reqps' | 'dtdurations'
  /** A number in the place of a graph. */
  readonly isNumber?: boolean
}

const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}[$__rate_interval]))`
/** Of many lines those that are not 0. */
const busy = (metric: string, by: string): string => `${rate(metric, by)} > 0`
const quantile = (metric: string, by = ''): string =>
  `histogram_quantile(0.99, sum by (${by}${by && ', '}le) (rate(${metric}_bucket[$__rate_interval])))`

const BMC = 'cloudprovider_phoenixnap_api_requests_total'

/** Rows of panels, from what an operator looks at first. */
export const ROWS: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  [
    'At a glance',
    [
      {
        title: 'Age of the last complete pass',
        expr: 'time() - max(phoenixnap_ccm_resync_last_complete_timestamp_seconds)',
        legend: 'age',
        unit: 'dtdurations',
        isNumber: true,
      },
      {
        title: 'Requests that BMC answers',
        expr: `sum(rate(${BMC}{result=~"ok|refused|unauthorized|limited"}[$__rate_interval])) / sum(rate(${BMC}[$__rate_interval]))`,
        legend: 'answered',
        unit: 'percentunit',
        isNumber: true,
      },
      {
        title: 'Nodes waiting',
        expr: 'max(phoenixnap_ccm_nodes{state="waiting"})',
        legend: 'nodes',
        isNumber: true,
      },
      {
        title: 'Services waiting',
        expr: 'max(phoenixnap_ccm_services{state="waiting"})',
        legend: 'Services',
        isNumber: true,
      },
      {
        title: 'Free addresses',
        expr: 'max(phoenixnap_ccm_addresses_free)',
        legend: 'free',
        isNumber: true,
      },
      {
        title: 'Held back',
        expr: 'sum(max by (reason) (phoenixnap_ccm_held_decisions))',
        legend: 'held',
        isNumber: true,
      },
    ],
  ],
  [
    'Nodes and Services',
    [
      { title: 'Nodes', expr: 'max by (state) (phoenixnap_ccm_nodes)', legend: '{{state}}' },
      { title: 'Services', expr: 'max by (state) (phoenixnap_ccm_services)', legend: '{{state}}' },
      { title: 'Addresses by claim', expr: 'max by (state) (phoenixnap_ccm_claims)', legend: '{{state}}' },
      { title: 'IP blocks', expr: 'max by (state) (phoenixnap_ccm_blocks)', legend: '{{state}}' },
      {
        title: 'Time to initialise (99 %)',
        expr: quantile('node_controller_initial_node_sync_delay_seconds'),
        legend: 'not in review',
        unit: 's',
      },
      {
        title: 'Time to an address (99 %)',
        expr: quantile('phoenixnap_ccm_service_address_delay_seconds'),
        legend: 'delay',
        unit: 's',
      },
    ],
  ],
  [
    'Decisions',
    [
      { title: 'Changes', expr: busy('cloud_controller_manager_operations_total', 'op'), legend: '{{op}}' },
      { title: 'Problems', expr: busy('phoenixnap_ccm_problems_total', 'code'), legend: '{{code}}' },
      { title: 'Held back', expr: 'max by (reason) (phoenixnap_ccm_held_decisions)', legend: '{{reason}}' },
      { title: 'Passes', expr: rate('phoenixnap_ccm_resync_passes_total', 'state'), legend: '{{state}}' },
      {
        title: 'Duration of passes (99 %)',
        expr: quantile('phoenixnap_ccm_resync_duration_seconds'),
        legend: 'pass',
        unit: 's',
      },
    ],
  ],
  [
    'Webhooks and queue',
    [
      {
        title: 'Reviews',
        expr: rate('phoenixnap_ccm_reviews_total', 'kind, result'),
        legend: '{{kind}} {{result}}',
        unit: 'reqps',
      },
      {
        title: 'Duration of reviews (99 %)',
        expr: quantile('phoenixnap_ccm_review_duration_seconds', 'kind'),
        legend: '{{kind}}',
        unit: 's',
      },
      {
        title: 'Answers',
        expr: rate('phoenixnap_ccm_webhook_requests_total', 'webhook, code'),
        legend: '{{webhook}} {{code}}',
        unit: 'reqps',
      },
      { title: 'Load shed', expr: rate('phoenixnap_ccm_load_shed_total', 'what'), legend: '{{what}}' },
      { title: 'Queue', expr: 'sum by (name) (workqueue_depth)', legend: '{{name}}' },
      {
        title: 'Wait in the queue (99 %)',
        expr: quantile('workqueue_queue_duration_seconds', 'name'),
        legend: '{{name}}',
        unit: 's',
      },
    ],
  ],
  [
    'Both sides',
    [
      {
        title: 'Requests to BMC',
        expr: busy('cloudprovider_phoenixnap_api_requests_total', 'request, result'),
        legend: '{{request}} {{result}}',
        unit: 'reqps',
      },
      {
        title: 'BMC, 99 %',
        expr: quantile('cloudprovider_phoenixnap_api_request_duration_seconds', 'request'),
        legend: '{{request}}',
        unit: 's',
      },
      {
        title: 'Requests to the API server',
        expr: busy('rest_client_requests_total', 'method, code'),
        legend: '{{method}} {{code}}',
        unit: 'reqps',
      },
      {
        title: 'API server, 99 %',
        expr: quantile('rest_client_request_duration_seconds', 'verb'),
        legend: '{{verb}}',
        unit: 's',
      },
    ],
  ],
  [
    'Process',
    [
      {
        title: 'CPU',
        expr: 'rate(process_cpu_seconds_total{job="$job"}[$__rate_interval])',
        legend: '{{instance}}',
      },
      {
        title: 'Memory',
        expr: 'process_resident_memory_bytes{job="$job"}',
        legend: '{{instance}}',
        unit: 'bytes',
      },
      {
        title: 'Event loop lag',
        expr: 'nodejs_eventloop_lag_seconds{job="$job"}',
        legend: '{{instance}}',
        unit: 's',
      },
    ],
  ],
]

const COLUMNS = 24
const HEIGHT = { number: 4, graph: 8 }

/** The dashboard in the form that Grafana imports (schema 39, Grafana 11 and newer). */
export function toDashboard(): string {
  const panels: object[] = []
  let y = 0
  for (const [title, list] of ROWS) {
    panels.push({
      type: 'row',
      title,
      id: panels.length + 1,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    })
    y += 1
    const width = list.every(({ isNumber }) => isNumber) ? COLUMNS / list.length : COLUMNS / 3
    const height = list.every(({ isNumber }) => isNumber) ? HEIGHT.number : HEIGHT.graph
    for (const [index, panel] of list.entries()) {
      const [column, line] = [(index * width) % COLUMNS, Math.floor((index * width) / COLUMNS)]
      const gridPos = { x: column, y: y + line * height, w: width, h: height }
      panels.push({ ...toPanel(panel), id: panels.length + 1, gridPos })
    }
    y += Math.ceil((list.length * width) / COLUMNS) * height
  }
  return `${JSON.stringify({ ...HEAD, panels }, undefined, 2)}\n`
}

const SOURCE = { type: 'prometheus', uid: '${datasource}' }

const toPanel = ({ title, expr, legend, unit = 'short', isNumber }: Panel): object => ({
  type: isNumber ? 'stat' : 'timeseries',
  title,
  datasource: SOURCE,
  targets: [{ refId: 'A', datasource: SOURCE, expr, legendFormat: legend }],
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
})

const HEAD = {
  uid: 'cloud-provider-phoenixnap',
  title: 'phoenixNAP cloud controller manager',
  schemaVersion: 39,
  timezone: '',
  refresh: '1m',
  time: { from: 'now-6h', to: 'now' },
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus' },
      {
        name: 'job',
        type: 'query',
        datasource: SOURCE,
        query: 'label_values(phoenixnap_ccm_build_info, job)',
        refresh: 2,
      },
    ],
  },
}

if (import.meta.main) {
  const before = await readFile(DASHBOARD, 'utf8').catch(() => '')
  const now = toDashboard()
  if (before !== now) await writeFile(DASHBOARD, now)
}
