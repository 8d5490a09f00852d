import { readFile } from 'node:fs/promises'
import t from 'tap'
import { isMap, type Pair, parse, parseDocument, type Scalar, type YAMLMap } from 'yaml'
import { CHART, renderChart } from '../../infra/helm.ts'
import { MANIFEST, toManifest, toRoleTemplates } from '../../infra/manifest.ts'
import { SETTINGS, type SettingName } from '../../shared/config.ts'
import { PROVIDER_SETTINGS, type Setting } from '../../shared/settings.ts'
import { VERSION } from '../../shared/version.ts'
import { envOf, helm, needsHelm, only, podOf, readChart, readSchema, render, type Schema } from './_chart.ts'

const INFRA = `${CHART}/../..`

t.test('version and image are those of the program', async t => {
  const chart = parse(await readChart('Chart.yaml')) as Record<string, unknown>
  const { version } = JSON.parse(await readFile(`${INFRA}/../package.json`, 'utf8')) as { version: string }
  t.match(chart, { version, appVersion: version })
  t.equal(version, VERSION)
})

t.test('roles are those that register applies (npm run manifest prints them)', async t => {
  for (const [path, text] of await toRoleTemplates()) t.equal(await readChart(path), text, path)
})

t.test('the plain manifest is the chart with its default values (npm run manifest)', needsHelm, async t => {
  const manifest = await readFile(MANIFEST, 'utf8')
  t.equal(manifest, toManifest(renderChart(helm)))
  t.notMatch(manifest, /helm\.sh|: Helm/, 'nothing in it says that Helm has applied it')
})

t.test('lint finds nothing', needsHelm, async t => {
  const { status, stdout, stderr } = helm(['lint', '--strict', CHART])
  t.equal(status, 0, stdout + stderr)
  t.notMatch(stdout, /\[(WARNING|ERROR)\]/)
})

const label = (release: string): string => `app.kubernetes.io/instance: ${release}\n`

t.test('a release elsewhere is told by its label alone: the program has its place', needsHelm, async t => {
  const { stdout } = helm(['template', 'other', CHART, '--namespace', 'elsewhere'])
  t.equal(stdout.replaceAll(label('other'), label('cloud-provider-phoenixnap')), renderChart(helm))
})

/** Comments in front of each value by its path, as one line; of what is a map of values, its own and those within. */
function readComments(
  map: YAMLMap,
  path: readonly string[] = [],
  first = map.commentBefore,
): [string, string][] {
  return (map.items as Pair<Scalar<string>>[]).flatMap(({ key, value }, index) => {
    const comment = key.commentBefore ?? (index === 0 ? first : undefined) ?? ''
    const at = [...path, key.value]
    const text = comment
      .split('\n')
      .map(line => line.trim())
      .join(' ')
    const within = isMap(value) && value.items.length > 0 ? readComments(value, at) : []
    return [[at.join('.'), text], ...within] as [string, string][]
  })
}

/** Descriptions of what can be given, by the same paths. */
const readDescriptions = ({ properties = {} }: Schema, path: readonly string[] = []): [string, string][] =>
  Object.entries(properties).flatMap(([name, schema]) => [
    [[...path, name].join('.'), schema.description ?? ''] as [string, string],
    ...readDescriptions(schema, [...path, name]),
  ])

t.test('every value is described, in values.yaml as in its schema', async t => {
  const values = parseDocument(await readChart('values.yaml'))
  const comments = new Map(readComments(values.contents as YAMLMap))
  const descriptions = new Map(readDescriptions(await readSchema()))
  const hasNoDefault = ['global', 'resources.limits.cpu']
  t.strictSame(
    [...comments.keys()].toSorted(),
    [...descriptions.keys()].filter(path => !hasNoDefault.includes(path)).toSorted(),
  )
  for (const [path, text] of comments) t.equal(text, descriptions.get(path), path)
  for (const [path, text] of descriptions) t.not(text, '', path)
})

t.test('the schema takes no value that it does not know', async t => {
  const closed = (schema: Schema, path: string): void => {
    if (schema.properties) t.equal(schema.additionalProperties, false, path)
    for (const [name, each] of Object.entries(schema.properties ?? {})) closed(each, `${path}.${name}`)
    if (schema.items) closed(schema.items, `${path}[]`)
  }
  closed(await readSchema(), 'values')
})

/** Settings that the chart gives from other values, or that are of no use in a pod. */
const NOT_AMONG_SETTINGS: Readonly<Partial<Record<SettingName, string>>> = {
  clientID: 'credentials',
  clientSecret: 'credentials',
  webhookToken: 'webhook.token',
  webhookTokenPrevious: 'webhook.token',
  listen: 'port, listenHost',
  tlsCert: 'tls',
  tlsKey: 'tls',
  tlsClientCa: 'extraEnv: an API server shows a certificate only where its files say so',
  webhookService: 'webhook.register, service.port',
  webhookUrl: 'for hosts outside the cluster',
  webhookCa: 'tls.caKey',
  servingSecret: 'tls.mode, webhook.token',
  metricsListen: 'metrics',
  metricsNamespace: 'for functions',
  statusToken: 'status.token',
  reconcileFunction: 'for functions',
  kubeconfig: 'the service account of the pod',
  kubeContext: 'the service account of the pod',
  kubeApiServer: 'the service account of the pod',
  kubeCaData: 'the service account of the pod',
  kubeToken: 'the service account of the pod',
}

t.test('every setting can be given, by its name and with its explanation', async t => {
  const { properties: known } = await readSchema()
  const settings = known?.['settings']?.properties ?? {}
  const names = (Object.keys(SETTINGS) as SettingName[]).filter(name => !(name in NOT_AMONG_SETTINGS))
  t.strictSame(Object.keys(settings).toSorted(), names.toSorted())
  for (const name of names) t.equal(settings[name]?.description, SETTINGS[name].doc, name)
})

t.test('no setting of the provider is left out but secrets', async t => {
  for (const [name, setting] of Object.entries<Setting<unknown>>(PROVIDER_SETTINGS)) {
    t.equal(name in NOT_AMONG_SETTINGS, setting.secret ?? false, name)
  }
})

t.test('what is not given is left to the program', needsHelm, async t => {
  const names = Object.keys(envOf(render()))
  t.strictSame(names, ['PNAP_LISTEN', 'PNAP_CLOUD_CONFIG', 'PNAP_WEBHOOK_SERVICE', 'PNAP_SERVING_SECRET'])
})

const imageOf = (...args: string[]): string => podOf(render(...args)).containers[0].image

t.test('image, by tag and by digest', needsHelm, async t => {
  t.equal(imageOf(), `phoenixnap/cloud-provider-phoenixnap:v${VERSION}`)
  t.equal(imageOf('--set', 'image.tag=main,image.repository=registry:5000/ccm'), 'registry:5000/ccm:main')
  const digest = `sha256:${'a'.repeat(64)}`
  t.equal(imageOf('--set', `image.digest=${digest}`), `phoenixnap/cloud-provider-phoenixnap@${digest}`)
})

t.test('a pod finds all the files that its environment names', needsHelm, async t => {
  for (const args of [
    [],
    ['--set', 'credentials.file='],
    ['--set', 'credentials.clientID=a,credentials.clientSecret=b'],
    ['--set', 'tls.mode=secret'],
    ['--set', 'tls.mode=certManager,webhook.register=false'],
    ['--set', 'webhook.token.secretName=a,webhook.token.previousKey=b'],
  ]) {
    const pod = podOf(render(...args))
    const [{ env, volumeMounts }] = pod.containers
    const files = volumeMounts.flatMap(({ name, mountPath }) => {
      const volume = pod.volumes.find(volume => volume.name === name)
      return volume?.secret.items.map(({ path }) => `${mountPath}/${path}`) ?? []
    })
    const named = env.map(({ value }) => value).filter(value => value.startsWith('/'))
    t.strictSame(named.toSorted(), files.toSorted(), args.join(' '))
  }
})

t.test('a Secret made from values holds what the pod reads', needsHelm, async t => {
  const objects = render('--set', 'credentials.clientID=the-id,credentials.clientSecret=the-secret')
  const secret = only(objects, 'Secret')
  t.match(secret, { stringData: { clientID: 'the-id', clientSecret: 'the-secret' } })
  const volume = podOf(objects).volumes.find(({ name }) => name === 'credentials')
  t.equal(volume?.secret.secretName, secret.metadata.name)
  t.notMatch(JSON.stringify(podOf(objects)), /the-secret/)
})
