import { readFile } from 'node:fs/promises'
import t from 'tap'
import { CHART } from '../../infra/helm.ts'
import { CLOUD_SETTINGS, readConfig, SETTINGS, type SettingName } from '../../shared/config.ts'
import type { Setting } from '../../shared/settings.ts'
import { readSources } from '../../shared/sources.ts'
import {
  envOf,
  helm,
  needsHelm,
  only,
  podOf,
  type Rendered,
  render,
  renderWith,
  toObjects,
} from './_chart.ts'

type Value = string | number
/** What an operator may write, and what is refused: by the schema of the chart and by the program alike. */
const SAMPLES: Readonly<Partial<Record<SettingName, { good: readonly Value[]; bad: readonly Value[] }>>> = {
  location: { good: ['PHX'], bad: [] },
  loadBalancer: {
    good: ['kube-vip://60473', 'direct:///a-1'],
    bad: ['kube-vip', 'haproxy://1', 'metallb://'],
  },
  annotationIPLocation: { good: ['example.com/location'], bad: ['-a', 'a b'] },
  apiServerPort: { good: [0, 6443], bad: [-1, 65_536, 1.5] },
  serviceNodeSelector: { good: ['a=b,!c'], bad: [] },
  baseUrl: {
    good: ['https://api.example.com/x', 'http://127.0.0.1:8080'],
    bad: ['ftp://a', 'https://u:p@a', 'http://10.0.0.5:8080', 'http://127.0.0.1.example.com'],
  },
  tokenUrl: { good: ['https://auth.example.com/token'], bad: ['auth'] },
  resyncInterval: { good: ['90s', '1h30m'], bad: ['soon', '90', '1d'] },
  nodeDeleteGrace: { good: ['0s', '500ms'], bad: ['-1s'] },
  nodeDeleteMaxShare: { good: [0, 0.25, 1], bad: [1.5, -0.1] },
  providerIDFormat: { good: ['phoenixnap', 'cluster-api'], bad: ['aws'] },
  ipAllocation: { good: ['packed', 'dedicated'], bad: ['shared'] },
  ipBlockSize: { good: ['auto', '/29'], bad: ['/24'] },
  minFreeAddresses: { good: [0, 130], bad: [131] },
  maxBlocks: { good: [0, 10], bad: [11] },
  reservedAddresses: { good: ['203.0.113.4-203.0.113.6,2001:db8::/64'], bad: ['all of them'] },
  releaseQuarantine: { good: ['10m'], bad: ['ten'] },
  typeChangeQuarantine: { good: ['24h'], bad: ['h'] },
  blockGrace: { good: ['1.5h'], bad: ['1w'] },
  loadBalancerClasses: { good: ['a.example.com/b,c'], bad: [] },
  addressRequestNamespaces: { good: ['*', 'none', 'a, team-*'], bad: ['a b', 'A', '*-a'] },
  retainNamespaces: { good: ['a'], bad: ['-a'] },
  dedicatedNamespaces: { good: ['a-*'], bad: ['**'] },
  namespaceMaxAddresses: { good: [0, 20], bad: [-1] },
  namespaceMaxRetained: { good: [0], bad: ['many'] },
  namespaceMaxDedicated: { good: [10], bad: [11] },
  metallbNamespace: { good: ['metallb'], bad: ['../x'] },
  // A number that Helm reads as a floating one.
  maxBodyBytes: { good: [6_291_456, 67_108_864], bad: [1] },
  maxReviews: { good: [64], bad: [0] },
  maxWaitingReviews: { good: [0], bad: [-1] },
  maxAuditBatches: { good: [2], bad: [0] },
  maxEventLoopLag: { good: ['250ms'], bad: ['250'] },
  shutdownGrace: { good: ['20s'], bad: ['0'] },
  logLevel: { good: ['debug', 'trace'], bad: ['loud'] },
  v: { good: [0, 6], bad: [-1] },
}

const isTaken = (name: SettingName, value: Value): boolean => {
  const setting: Setting<unknown> = SETTINGS[name]
  try {
    setting.parse(String(value))
    return true
  } catch {
    return false
  }
}

/** Samples of all settings, some at a time: the first of each, the second of each, and so on. */
function* inTurns(kind: 'good' | 'bad'): Generator<readonly (readonly [SettingName, Value])[]> {
  const samples = Object.entries(SAMPLES) as [
    SettingName,
    { good: readonly Value[]; bad: readonly Value[] },
  ][]
  const most = Math.max(...samples.map(([, each]) => each[kind].length))
  for (let turn = 0; turn < most; turn += 1)
    yield samples.flatMap(([name, { [kind]: values }]) => {
      const value = values[turn]
      return value === undefined ? [] : [[name, value] as const]
    })
}

t.test('settings reach the program as they are written', needsHelm, async t => {
  for (const settings of inTurns('good')) {
    const env = envOf(renderWith({ settings: Object.fromEntries(settings) }))
    for (const [name, value] of settings) {
      t.equal(env[SETTINGS[name].env], `${value}`, name)
      t.ok(isTaken(name, value), `${name}: the program takes ${value}`)
    }
  }
})

t.test('a setting that the program does not take is refused by the chart', needsHelm, async t => {
  for (const settings of inTurns('bad')) {
    const { stderr } = helm(
      ['template', CHART, '--values', '-'],
      JSON.stringify({ settings: Object.fromEntries(settings) }),
    )
    for (const [name, value] of settings) {
      t.match(stderr, `at '/settings/${name}': `)
      t.notOk(isTaken(name, value), `${name}: the program does not take ${value}`)
    }
  }
})

t.test('every setting has a sample', needsHelm, async t => {
  const values = toObjects(await readFile(`${CHART}/values.yaml`, 'utf8'))[0] as unknown as {
    settings: object
  }
  t.strictSame(Object.keys(SAMPLES).toSorted(), Object.keys(values.settings).toSorted())
})

t.test('wrong values are refused with their place and what is wanted', needsHelm, async t => {
  const cases: [values: string, says: RegExp][] = [
    ['replicas=two', /at '\/replicas': got string, want integer/],
    ['replica=2', /at '': additional properties 'replica' not allowed/],
    ['settings.clientSecret=a', /at '\/settings': additional properties 'clientSecret' not allowed/],
    ['tls.mode=cert-manager', /at '\/tls\/mode': value must be one of 'selfMade', 'secret', 'certManager'/],
    ['credentials.clientID=a', /at '\/credentials\/clientSecret': minLength/],
    ['credentials.clientSecret=a', /at '\/credentials\/clientSecret': maxLength/],
    ['image.digest=sha256:12', /at '\/image\/digest': 'sha256:12' does not match/],
    ['port=70000', /at '\/port': maximum: got 70,000, want 65,535/],
    ['hostNetwork=yes', /at '\/hostNetwork': got string, want boolean/],
    ['tolerations[0].effect=Never', /at '\/tolerations\/0\/effect': value must be one of/],
    ['terminationGracePeriodSeconds=5', /at '\/terminationGracePeriodSeconds': minimum: got 5, want 6/],
    ['webhook.register=false', /at '\/tls\/mode': value must be one of 'secret', 'certManager'/],
    ['port=443', /at '\/port': minimum: got 443, want 1,024/],
    ['listenHost=10.0.0.5', /at '\/listenHost': value must be one of '0\.0\.0\.0', '\[::\]'/],
    ['podDisruptionBudget.maxUnavailable=0', /at '\/podDisruptionBudget\/maxUnavailable'/],
    ['dnsPolicy=None', /at '\/dnsPolicy': value must be one of/],
  ]
  for (const [values, says] of cases) t.throws(() => render('--set', values), { message: says }, values)
})

function withoutLabels({ metadata, ...object }: Rendered): object {
  const { name, namespace } = metadata
  return { ...object, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }
}

const isSelf = ({ metadata }: Rendered): boolean => metadata.name.endsWith('-self')

t.test('the chart holds the roles that register applies, field by field', needsHelm, async t => {
  const objects = render()
  for (const file of ['rbac', 'rbac-self']) {
    const shipped = toObjects(await readFile(`${CHART}/../../${file}.yaml`, 'utf8'))
    for (const each of shipped)
      t.strictSame(withoutLabels(only(objects, each.kind, each.metadata.name)), each, each.metadata.name)
  }
  const kinds = /^(ServiceAccount|(Cluster)?Role(Binding)?)$/
  t.equal(objects.filter(({ kind }) => kinds.test(kind)).length, 9)
  t.notOk(render('--set', 'rbac.create=false').some(({ kind }) => kinds.test(kind)))
})

t.test('rights over Secrets and webhooks only where they are used', needsHelm, async t => {
  const given = 'tls.mode=secret,webhook.token.secretName=a'
  t.equal(render('--set', `${given},webhook.register=false`).filter(isSelf).length, 0)
  t.equal(render('--set', given).filter(isSelf).length, 4)
  t.equal(render('--set', 'webhook.register=false,tls.mode=secret').filter(isSelf).length, 4)
})

t.test(
  'the token of the status page is a file from a Secret, and without one there is no page',
  needsHelm,
  async t => {
    const objects = render('--set', 'status.token.secretName=people,status.token.key=status')
    const pod = podOf(objects)
    const path = '/etc/cloud-provider-phoenixnap/status'
    t.match(envOf(objects), { PNAP_STATUS_TOKEN_FILE: `${path}/token` })
    t.match(
      pod.volumes?.find(({ name }) => name === 'status'),
      { secret: { secretName: 'people', items: [{ key: 'status', path: 'token' }] } },
    )
    t.match(
      pod.containers[0]?.volumeMounts?.find(({ name }) => name === 'status'),
      { mountPath: path, readOnly: true },
    )
    t.notMatch(JSON.stringify(podOf(render())), /STATUS_TOKEN|"status"/)
  },
)

t.test('off the network of the node', needsHelm, async t => {
  const [on, off] = [render(), render('--set', 'hostNetwork=false')]
  t.notOk(on.some(({ kind }) => kind === 'NetworkPolicy'))
  const { spec } = only(off, 'NetworkPolicy') as unknown as { spec: Record<string, unknown> }
  t.strictSame(spec['ingress'], [{ ports: [{ port: 'serving', protocol: 'TCP' }] }])
  t.strictSame(spec['policyTypes'], ['Ingress', 'Egress'])
  t.equal(podOf(off).hostNetwork, false)
  t.match(JSON.stringify(podOf(on)), /"host":"127\.0\.0\.1"/, 'a probe needs no address of the pod')
  t.notMatch(JSON.stringify(podOf(off)), /"host":/)
  t.equal(podOf(off).dnsPolicy, 'Default', 'cluster DNS does not run before there is an initialised node')
  t.notOk(
    render('--set', 'hostNetwork=false,networkPolicy.enabled=false').some(
      ({ kind }) => kind === 'NetworkPolicy',
    ),
  )
})

t.test('another address of the API server', needsHelm, async t => {
  t.match(envOf(render('--set', 'apiServer.host=10.0.0.4')), {
    KUBERNETES_SERVICE_HOST: '10.0.0.4',
    KUBERNETES_SERVICE_PORT: '6443',
  })
  t.notOk('KUBERNETES_SERVICE_HOST' in envOf(render()))
})

t.test('three ways to a certificate', needsHelm, async t => {
  const own = render()
  t.notOk('PNAP_TLS_CERT' in envOf(own))
  t.equal(envOf(own)['PNAP_SERVING_SECRET'], 'kube-system/cloud-provider-phoenixnap-serving')

  const given = render('--set', 'tls.mode=secret,tls.secretName=mine,tls.caKey=tls.crt')
  const { volumes } = podOf(given)
  t.match(volumes, [
    {},
    { secret: { secretName: 'mine', items: [{}, {}, { key: 'tls.crt', path: 'ca.crt' }] } },
  ])

  const managed = render('--set', 'tls.mode=certManager')
  const certificate = only(managed, 'Certificate', 'cloud-provider-phoenixnap')
  t.match(certificate['spec'], {
    secretName: 'cloud-provider-phoenixnap-tls',
    dnsNames: ['cloud-provider-phoenixnap.kube-system.svc'],
    issuerRef: { kind: 'Issuer', name: 'cloud-provider-phoenixnap' },
  })
  t.equal(managed.filter(({ apiVersion }) => apiVersion === 'cert-manager.io/v1').length, 4)
  const issuer =
    'tls.mode=certManager,tls.certManager.issuerRef.name=corp,tls.certManager.issuerRef.kind=ClusterIssuer'
  const foreign = render('--set', issuer).filter(({ apiVersion }) => apiVersion === 'cert-manager.io/v1')
  t.match(foreign, [
    { spec: { issuerRef: { kind: 'ClusterIssuer', name: 'corp', group: 'cert-manager.io' } } },
  ])
  t.equal(foreign.length, 1)
})

/** What lies in the files of a pod. */
const readFileOfPod = async (path: string): Promise<string> =>
  path.endsWith('.json') ? '{"clientID": "a", "clientSecret": "b"}' : 'a-text-of-sixteen-characters'

t.test('the program takes the environment, whatever the values are', needsHelm, async t => {
  for (const credentials of ['file=cloud-sa.json', 'file=', 'clientID=a,credentials.clientSecret=b'])
    for (const token of ['', 'mine'])
      for (const [register, mode] of [
        ['true', 'selfMade'],
        ['true', 'secret'],
        ['false', 'certManager'],
      ] as const) {
        const args = `credentials.${credentials},webhook.token.secretName=${token},webhook.register=${register},tls.mode=${mode}`
        const inputs = { env: envOf(render('--set', args)), readFile: readFileOfPod }
        const { notices } = readConfig(await readSources(inputs), CLOUD_SETTINGS)
        t.same(notices, [], args)
      }
})

t.test('a matrix of values renders, each object once', needsHelm, async t => {
  for (const network of ['true', 'false'])
    for (const mode of ['selfMade', 'secret', 'certManager'])
      for (const antiAffinity of ['required', 'preferred'])
        for (const type of ['RollingUpdate', 'Recreate']) {
          const args = `hostNetwork=${network},tls.mode=${mode},antiAffinity=${antiAffinity},updateStrategy.type=${type}`
          const names = render('--set', args).map(({ kind, metadata }) => `${kind}/${metadata.name}`)
          t.equal(new Set(names).size, names.length, args)
        }
})

t.test('what operators add is there', needsHelm, async t => {
  const objects = renderWith({
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy' }],
    podAnnotations: { a: '1' },
    podLabels: { team: 'x' },
    nodeSelector: { zone: 'a' },
    imagePullSecrets: [{ name: 'registry' }],
    affinity: { nodeAffinity: {} },
    networkPolicy: { ingressFrom: ['10.0.0.0/8'] },
    hostNetwork: false,
  })
  t.equal(envOf(objects)['HTTPS_PROXY'], 'http://proxy')
  t.match(only(objects, 'Deployment')['spec'], {
    template: {
      metadata: { annotations: { a: '1' }, labels: { team: 'x' } },
      spec: {
        nodeSelector: { zone: 'a' },
        imagePullSecrets: [{ name: 'registry' }],
        affinity: { nodeAffinity: {} },
      },
    },
  })
  t.match(only(objects, 'NetworkPolicy')['spec'], {
    ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
  })
  t.strictSame(helm(['lint', '--strict', CHART, '--set', 'podLabels.team=x']).status, 0)
})
