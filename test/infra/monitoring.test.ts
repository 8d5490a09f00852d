import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { DASHBOARD, ROWS, toDashboard } from '../../infra/monitoring/dashboard.ts'
import type { Definition } from '../../shared/metrics/contract.ts'
import { METRICS } from '../../shared/metrics/definitions.ts'

const ROOT = join(import.meta.dirname, '../..')
const DEFINITIONS: Readonly<Record<string, Definition>> = METRICS

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}

async function readAlerts(): Promise<readonly Alert[]> {
  const { groups } = parse(await readFile(join(ROOT, 'infra/monitoring/alerts.yaml'), 'utf8')) as {
    groups: { rules: Alert[] }[]
  }
  return groups.flatMap(({ rules }) => rules)
}

/** What an expression names that is not defined: metrics, labels and their values. */
function findUnknown(expr: string): readonly string[] {
  const names =
    /\b((?:phoenixnap_ccm|node_controller|service_controller|cloud_controller_manager|cloudprovider_phoenixnap|rest_client|workqueue|process|nodejs)_[a-z_]+?)(_bucket|_count|_sum)?(?:\{([^}]*)\})?(?![a-z_])/g
  return [...expr.matchAll(names)].flatMap(([whole, name = '', part, matchers = '']) => {
    const definition = DEFINITIONS[name]
    if (!definition || (part !== undefined) !== (definition.type === 'histogram')) return [whole]
    return [...matchers.matchAll(/([a-z]+)=~?"([^"]*)"/g)].flatMap(([, label = '', values = '']) =>
      label === 'job' ? [] : values.split('|').filter(value => !definition.labels[label]?.includes(value)),
    )
  })
}

t.test('an expression that names what is not there is found', async t => {
  for (const [expr, unknown] of [
    ['max(phoenixnap_ccm_nodes{state="waiting"}) > 0', []],
    ['phoenixnap_ccm_nodez', ['phoenixnap_ccm_nodez']],
    ['phoenixnap_ccm_nodes{state=~"waiting|lost"}', ['lost']],
    ['phoenixnap_ccm_nodes{place="waiting"}', ['waiting']],
    ['rate(phoenixnap_ccm_resync_duration_seconds[5m])', ['phoenixnap_ccm_resync_duration_seconds']],
    ['rate(phoenixnap_ccm_resync_duration_seconds_bucket[5m])', []],
    ['workqueue_depth_count', ['workqueue_depth_count']],
  ] as const)
    t.strictSame(findUnknown(expr), unknown, expr)
})

t.test('alerts ask for what is counted, and lead to what to do', async t => {
  const alerts = await readAlerts()
  const page = await readFile(join(ROOT, 'docs/guides/troubleshooting.md'), 'utf8')
  const sections = [...page.matchAll(/^### (PhoenixnapCcm\w+)$/gm)].map(([, name]) => name)
  t.strictSame(
    alerts.map(({ alert }) => alert),
    sections,
  )
  for (const { alert, expr, labels, annotations } of alerts) {
    t.strictSame(findUnknown(expr), [], alert)
    t.match(expr, /phoenixnap_(ccm|api)_/, alert)
    t.match(labels.severity, /^(critical|warning|info)$/, alert)
    t.match(annotations, { summary: /\.$|\)\.$/, description: /\.$/ }, alert)
    t.equal(annotations['runbook_url'], `docs/guides/troubleshooting.md#${alert.toLowerCase()}`, alert)
  }
})

t.test('the dashboard is fresh (npm run dashboard prints it) and asks for what is counted', async t => {
  t.equal(await readFile(DASHBOARD, 'utf8'), toDashboard())
  const panels = ROWS.flatMap(([, list]) => list)
  for (const { title, expr } of panels) t.strictSame(findUnknown(expr), [], title)
  const { panels: printed } = JSON.parse(toDashboard()) as {
    panels: { id: number; type: string; gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[]
  }
  t.equal(printed.length, panels.length + ROWS.length)
  t.equal(new Set(printed.map(({ id }) => id)).size, printed.length)
  const cells = printed.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  )
  t.equal(new Set(cells).size, cells.length, 'no panel lies on another')
  t.ok(printed.every(({ gridPos: { x, w } }) => x + w <= 24))
})
