import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { CHART, renderChart } from '../../infra/helm.ts'
import { MANIFEST } from '../../infra/manifest.ts'
import { applyObject, find, toPath } from '../../shared/register/apply.ts'
import { readRbac } from '../../shared/register/manifests.ts'
import { assets, CONTROLLER, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { CERT_MANAGER } from './_cert-manager.ts'
import { helm, needsHelm, podOf, type Rendered, render, toObjects } from './_chart.ts'

t.setTimeout(200_000)

const NAME = 'cloud-provider-phoenixnap'
const needs = assets ? needsHelm : { skip: 'needs a real API server (KUBEBUILDER_ASSETS)' }

/** Objects of the chart, which kubectl and the API server read with every unknown field an error. */
async function apply(cluster: TestCluster, yaml: string, ...flags: string[]): Promise<string> {
  const args = ['apply', '--validate=strict', '--filename=-', ...flags]
  const { code, stdout, stderr } = await cluster.kubectl(args, { stdin: yaml })
  if (code !== 0) throw new Error(stderr)
  return stdout
}

t.test('the chart on a real API server', needs, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver', crds: CERT_MANAGER })
  const kubeconfig = await cluster.kubeconfigFile()

  async function kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cluster.kubectl(args)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }

  const versions = (): Promise<string> =>
    kubectl('get', '-f', MANIFEST, '-o', 'jsonpath={.items[*].metadata.resourceVersion}')

  /** Helm with the cluster at hand. */
  function run(t: Test, ...args: string[]): string {
    const { status, stdout, stderr } = helm([
      ...args,
      '--kubeconfig',
      kubeconfig,
      '--namespace',
      'kube-system',
    ])
    t.equal(status, 0, stderr)
    return stdout
  }

  t.test('takes every object, whatever the values are', async t => {
    for (const values of [
      'replicas=2',
      'hostNetwork=false',
      'tls.mode=certManager,hostNetwork=false',
      'tls.mode=secret,webhook.token.secretName=a,webhook.token.previousKey=b',
      'antiAffinity=preferred,updateStrategy.type=Recreate,podDisruptionBudget.maxUnavailable=50%',
      'credentials.clientID=a,credentials.clientSecret=b,webhook.register=false,tls.mode=secret,apiServer.host=10.0.0.1',
    ]) {
      const yaml = renderChart(helm, ['--set', values])
      const said = await apply(cluster, yaml, '--dry-run=server')
      t.equal(said.trim().split('\n').length, toObjects(yaml).length, values)
    }
  })

  t.test('is installed, upgraded and taken out by Helm', async t => {
    const notes = run(t, 'install', 'ccm', CHART, '--set', 'hostNetwork=false,tls.mode=certManager')
    t.match(
      notes,
      /kubectl -n kube-system create secret generic pnap-cloud-config --from-file=cloud-sa\.json/,
    )
    t.match(notes, /cert-manager itself does not start on\nnodes that are not initialised yet/)
    t.notMatch(notes, /WARNING/)
    for (const object of render('--set', 'hostNetwork=false,tls.mode=certManager'))
      await kubectl('-n', 'kube-system', 'get', object.kind, object.metadata.name)

    await kubectl('-n', 'kube-system', 'create', 'secret', 'generic', 'pnap-cloud-config')
    const upgraded = run(t, 'upgrade', 'ccm', CHART, '--set', 'settings.logLevel=debug')
    t.notMatch(upgraded, /create secret/)
    const deployment = await kubectl('-n', 'kube-system', 'get', 'deployment', NAME, '-o', 'yaml')
    t.match(deployment, /name: PNAP_LOG_LEVEL\n +value: debug/)
    t.match(deployment, /hostNetwork: true/)
    t.equal(await kubectl('-n', 'kube-system', 'get', 'networkpolicies,certificates', '-o', 'name'), '')

    run(t, 'uninstall', 'ccm')
    const kinds = 'deployments,services,serviceaccounts,roles,clusterroles,poddisruptionbudgets'
    const left = await kubectl('-n', 'kube-system', 'get', kinds, '-o', 'name')
    t.notMatch(left, NAME)
  })

  t.test('takes over the roles that register applied, and gets on with a register beside it', async t => {
    const admin = await cluster.kube()
    const registered = await readRbac(CONTROLLER)
    for (const object of registered) await applyObject(admin, object, false)
    run(t, 'install', 'ccm', CHART, '--take-ownership', '--force-conflicts')
    for (const object of registered) await applyObject(admin, object, false)
    run(t, 'upgrade', 'ccm', CHART, '--set', 'settings.logLevel=debug', '--force-conflicts')
    run(t, 'uninstall', 'ccm')
    for (const object of registered) t.equal(await find(admin, toPath(object)), undefined, object.kind)

    for (const object of registered) await applyObject(admin, object, false)
    run(t, 'install', 'ccm', CHART, '--set', 'rbac.create=false')
    run(t, 'uninstall', 'ccm')
    for (const object of registered) {
      t.ok(await find(admin, toPath(object)), object.kind)
      await admin.request({ method: 'DELETE', path: toPath(object) })
    }
  })

  t.test('warns of what will not go well', async t => {
    const values = 'credentials.clientID=a,credentials.clientSecret=b'
    await apply(cluster, 'apiVersion: v1\nkind: Node\nmetadata: { name: the-one }\n')
    const notes = run(t, 'install', 'ccm', CHART, '--dry-run=server', '--set', values)
    t.match(notes, /WARNING: the BMC credentials came in as values/)
    t.match(notes, /WARNING: this cluster has one node/)
    t.notMatch(run(t, 'install', 'ccm', CHART, '--dry-run=server', '--set', 'replicas=1'), /WARNING/)
  })

  t.test('takes the plain manifest, twice', async t => {
    const manifest = await readFile(MANIFEST, 'utf8')
    t.notMatch(await apply(cluster, manifest), /unchanged/)
    const before = await versions()
    t.equal(before.split(' ').length, toObjects(manifest).length)
    await apply(cluster, manifest)
    t.equal(await versions(), before)
  })

  t.test('takes its pods under the Pod Security level that is documented', async t => {
    const cases = [
      { level: 'privileged', values: 'hostNetwork=true', isTaken: true },
      { level: 'baseline', values: 'hostNetwork=true', isTaken: false },
      { level: 'baseline', values: 'hostNetwork=false', isTaken: true },
      { level: 'restricted', values: 'hostNetwork=false,tls.mode=secret', isTaken: true },
    ]
    for (const { level, values, isTaken } of cases) {
      const namespace = `${level}-${isTaken}-${values.includes('tls') ? 'tls' : 'own'}`
      await kubectl('create', 'namespace', namespace)
      await kubectl('label', 'namespace', namespace, `pod-security.kubernetes.io/enforce=${level}`)
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'a', namespace },
        spec: podOf(render('--set', values)),
      }
      const told = apply(cluster, JSON.stringify(pod))
      if (isTaken) t.match(await told, /pod\/a created/, `${level}: ${values}`)
      else await t.rejects(told, { message: /violates PodSecurity "baseline:latest": host namespaces/ })
    }
  })

  t.test('gives the service account what the roles say, and nothing else', async t => {
    await apply(cluster, renderChart(helm))
    const kube = await cluster.kube(CONTROLLER)
    const { body } = await kube.request<{ status: { resourceRules: Rule[] } }>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace: 'kube-system' },
      },
    })
    const shipped = (await Promise.all(['rbac', 'rbac-self'].map(readShipped))).flat()
    t.strictSame(
      toRights(body.status.resourceRules).filter(right => !OF_EVERYBODY.test(right)),
      toRights(shipped),
    )
  })
})

interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** What each user may ask of the API server about itself. */
const OF_EVERYBODY = /^create self\S+\.(authorization|authentication)\.k8s\.io$/

const readShipped = async (file: string): Promise<Rule[]> =>
  toObjects(await readFile(`${CHART}/../../${file}.yaml`, 'utf8')).flatMap(
    (object: Rendered) => (object['rules'] ?? []) as Rule[],
  )

/** Single rights as `verb resource.group[/name]`, sorted, each once. */
function toRights(rules: readonly Rule[]): string[] {
  const rights = rules.flatMap(({ verbs, apiGroups, resources, resourceNames = [''] }) =>
    verbs.flatMap(verb =>
      apiGroups.flatMap(group =>
        resources.flatMap(resource =>
          resourceNames.map(name => `${verb} ${resource}.${group}${name && ` ${name}`}`),
        ),
      ),
    ),
  )
  return [...new Set(rights)].toSorted()
}
