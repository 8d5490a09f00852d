import t from 'tap'
import { type EnvVar, needsHelm, only, podOf, type Rendered, renderWith } from './_chart.ts'

type Values = Readonly<Record<string, unknown>>

const ON = { enabled: true }

const objectsOf = (values: Values): Rendered[] => renderWith(values)
const envOf = (values: Values): readonly EnvVar[] => podOf(objectsOf(values)).containers[0].env
const monitorsOf = (values: Values): Rendered[] =>
  objectsOf(values).filter(({ kind }) => kind === 'PodMonitor')

t.test('by default nothing is told, and nothing says where', needsHelm, async t => {
  t.notMatch(JSON.stringify(renderWith({})), /metrics|prometheus/i)
})

t.test('a pod tells on its own address alone', needsHelm, async t => {
  const env = envOf({ metrics: ON })
  const at = (name: string): number => env.findIndex(one => one.name === name)
  t.match(env[at('PNAP_METRICS_LISTEN')], { value: '$(POD_IP):9402' })
  t.match(env[at('POD_IP')], { valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } })
  t.ok(at('POD_IP') < at('PNAP_METRICS_LISTEN'), 'which is known when the other one needs it')
  t.match(podOf(objectsOf({ metrics: ON })).containers[0].ports, [
    {},
    { name: 'metrics', containerPort: 9402 },
  ])
  t.match(envOf({ metrics: { ...ON, listenHost: '[$(POD_IP)]', port: 9999 } })[at('PNAP_METRICS_LISTEN')], {
    value: '[$(POD_IP)]:9999',
  })
})

const annotationsOf = (values: Values): unknown => {
  const { spec } = only(objectsOf(values), 'Deployment') as unknown as {
    spec: { template: { metadata: { annotations?: object } } }
  }
  return spec.template.metadata.annotations
}

t.test('Prometheus finds the pods in the way that is chosen, and in no other', needsHelm, async t => {
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '9402',
    'prometheus.io/path': '/metrics',
  }
  const annotated = { metrics: { ...ON, discovery: 'annotations' } }
  const monitored = {
    metrics: { ...ON, discovery: 'podMonitor', interval: '30s', podMonitorLabels: { a: 'b' } },
  }
  t.strictSame(annotationsOf(annotated), annotations)
  t.strictSame(annotationsOf({ ...annotated, podAnnotations: { team: 'a', 'prometheus.io/port': '1' } }), {
    ...annotations,
    team: 'a',
    'prometheus.io/port': '1',
  })
  t.strictSame([annotationsOf({ metrics: ON }), annotationsOf(monitored)], [undefined, undefined])
  t.strictSame([monitorsOf({ metrics: ON }), monitorsOf(annotated)], [[], []])
  t.match(monitorsOf(monitored), [
    {
      metadata: { namespace: 'kube-system', labels: { a: 'b' } },
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/name': 'cloud-provider-phoenixnap' } },
        podMetricsEndpoints: [{ port: 'metrics', path: '/metrics', interval: '30s' }],
      },
    },
  ])
  t.strictSame(monitorsOf({ metrics: { discovery: 'podMonitor' } }), [], 'and none where nothing is told')
})

const portsOf = (values: Values): unknown =>
  (
    only(objectsOf({ hostNetwork: false, ...values }), 'NetworkPolicy') as unknown as {
      spec: { ingress: unknown }
    }
  ).spec.ingress

t.test('the network policy lets Prometheus in', needsHelm, async t => {
  t.strictSame(portsOf({}), [{ ports: [{ port: 'serving', protocol: 'TCP' }] }])
  t.strictSame(portsOf({ metrics: ON, networkPolicy: { ingressFrom: ['10.0.0.0/8'] } }), [
    { ports: [{ port: 'serving', protocol: 'TCP' }], from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
    { ports: [{ port: 'metrics', protocol: 'TCP' }] },
  ])
})

t.test('values that are wrong are refused', needsHelm, async t => {
  for (const metrics of [
    { ...ON, port: 10258 },
    { port: 0 },
    { discovery: 'yes' },
    { interval: 'soon' },
    { listenHost: '' },
    { listenHost: '::1' },
    { token: 'a' },
  ])
    t.throws(() => renderWith({ metrics }), JSON.stringify(metrics))
})
