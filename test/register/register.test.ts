import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { type Clock, systemClock } from '../../shared/clock.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { readRbac } from '../../shared/register/manifests.ts'
import type { RegisterReport } from '../../shared/register/told.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { CONTROLLER, forEachCluster, type TestCluster } from '../support/cluster.ts'
import { type Outcome, register, TOKEN } from './_register.ts'

const URL = 'https://ccm.example.com:8443'
const WEBHOOK =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/cloud-provider-phoenixnap'
const CLUSTER_ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/cloud-provider-phoenixnap'
const SECRETS = '/api/v1/namespaces/kube-system/secrets'

interface WebhookConfiguration {
  readonly metadata: { readonly resourceVersion: string }
  readonly webhooks: readonly {
    readonly clientConfig: { readonly url: string }
    readonly timeoutSeconds: number
  }[]
}

forEachCluster(t, 'register', {}, async (t, cluster) => {
  const env = { KUBECONFIG: await cluster.kubeconfigFile() }
  const kube = await cluster.kube()
  const { ca } = await createCertificates({ hosts: ['localhost'] })
  const folder = t.testdir({ 'ca.pem': ca })
  const argv = ['--url', URL, '--ca-file', join(folder, 'ca.pem')]

  await t.test('a dry run changes nothing', async t => {
    const { code, out, err } = await register([...argv, '--dry-run'], env)
    t.equal(code, 0, err)
    t.match(out, /would be created MutatingWebhookConfiguration cloud-provider-phoenixnap/)
    await t.rejects(kube.request({ path: WEBHOOK }), { code: 'KUBE_NOT_FOUND' })
  })

  await t.test('the first run creates, the second changes nothing', async t => {
    const first = await register(argv, env)
    t.equal(first.code, 0, first.err)
    t.match(first.out, /^created {3}ServiceAccount kube-system\/cloud-provider-phoenixnap$/m)
    t.equal(first.out.split('\n').filter(line => line.startsWith('created')).length, 6)
    const { body } = await kube.request<WebhookConfiguration>({ path: WEBHOOK })
    const url = `${URL}/admission/${admissionPathSecret(TOKEN)}`
    t.strictSame(
      body.webhooks.map(({ clientConfig }) => clientConfig.url),
      [url, url],
    )

    const second = await register(argv, env)
    t.equal(second.code, 0)
    t.ok(
      second.out.split('\n').every(line => line.startsWith('unchanged')),
      second.out,
    )
    const dry = await register([...argv, '--dry-run'], env)
    t.ok(
      dry.out.split('\n').every(line => line.startsWith('unchanged')),
      dry.out,
    )
    const again = await kube.request<WebhookConfiguration>({ path: WEBHOOK })
    t.equal(again.body.metadata.resourceVersion, body.metadata.resourceVersion, 'not even written')
  })

  await t.test('the same for programs', async t => {
    const { code, out, err } = await register([...argv, '--output', 'json', '--dry-run'], env)
    t.equal(code, 0, err)
    const report = JSON.parse(out) as RegisterReport
    t.match(report, { dryRun: true, files: [], notes: [/^Without --apiserver-dir/, /passes|pass/] })
    t.strictSame(new Set(report.objects.map(({ result }) => result)), new Set(['unchanged']))
    t.match(report.objects, [{ kind: 'ServiceAccount', name: 'kube-system/cloud-provider-phoenixnap' }])
    t.match(await register([...argv, '--print', '--output', 'json'], env), {
      code: 2,
      err: /--print and --output exclude each other/,
    })
  })

  await t.test('what others changed is taken back, what others added stays', async t => {
    await kube.request({
      method: 'PATCH',
      path: WEBHOOK,
      patch: 'json',
      body: [
        { op: 'replace', path: '/webhooks/0/timeoutSeconds', value: 1 },
        { op: 'add', path: '/metadata/annotations', value: { theirs: 'kept' } },
      ],
    })
    const dry = await register([...argv, '--bearer', '--dry-run'], env)
    t.match(dry.out, /^would be changed MutatingWebhookConfiguration/m)
    const { out } = await register([...argv, '--bearer'], env)
    t.match(out, /^changed {3}MutatingWebhookConfiguration/m)
    const { body } = await kube.request<WebhookConfiguration>({ path: WEBHOOK })
    t.match(body, { metadata: { annotations: { theirs: 'kept' } }, webhooks: [{ timeoutSeconds: 10 }, {}] })
    t.strictSame(
      body.webhooks.map(({ clientConfig }) => clientConfig.url),
      [`${URL}/admission`, `${URL}/admission`],
      'the token is sent, so the URL holds no secret',
    )
  })

  await t.test('the role is exactly what was shipped', async t => {
    const { body } = await kube.request<{ rules: object[] }>({ path: CLUSTER_ROLE })
    const shipped = (await readRbac(CONTROLLER)).find(({ kind }) => kind === 'ClusterRole')
    t.strictSame(body.rules, shipped?.['rules'])
    const controller = await cluster.kube(CONTROLLER)
    await t.resolves(controller.request({ path: '/api/v1/nodes' }))
    await t.rejects(controller.request({ path: '/api/v1/secrets' }), { code: 'KUBE_FORBIDDEN' })
  })

  await t.test('printed YAML is what is applied', async t => {
    const { code, out } = await register([...argv, '--print'], { KUBECONFIG: '/nonexistent' })
    t.equal(code, 0)
    const objects = parseAllDocuments(out).map(document => document.toJS() as { kind: string })
    t.equal(objects.length, 6)
    t.match(objects.at(-1), { kind: 'MutatingWebhookConfiguration' })
    t.notMatch(out, TOKEN)
  })

  await t.test('a kubeconfig of the service account', t => testKubeconfig(t, cluster, kube, env))
})

/** Fills token Secrets while somebody sleeps, as kube-controller-manager does. */
function toTokenController(kube: Kube, tokenFor: (name: string) => string): Clock {
  return {
    now: () => systemClock.now(),
    async sleep() {
      const { body } = await kube.request<{
        items: { type: string; metadata: { name: string }; data?: object }[]
      }>({ path: SECRETS })
      for (const { type, metadata, data } of body.items) {
        if (data || type !== 'kubernetes.io/service-account-token') continue
        const token = Buffer.from(tokenFor(metadata.name)).toString('base64')
        const path = `${SECRETS}/${metadata.name}`
        await kube.request({ method: 'PATCH', path, patch: 'merge', body: { data: { token } } })
      }
    },
  }
}

async function testKubeconfig(
  t: Test,
  cluster: TestCluster,
  kube: Kube,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const real = parse(cluster.kubeconfig(CONTROLLER)) as { users: [{ user: { token: string } }] }
  // The first token works; those of later Secrets only have to differ.
  const tokenFor = (name: string): string =>
    name.endsWith('-token') ? real.users[0].user.token : `token-of-${name}`
  const clock = toTokenController(kube, tokenFor)
  const path = join(await mkdtemp(join(cluster.folder, 'out-')), 'new/kubeconfig')
  const run = (...more: string[]): Promise<Outcome> =>
    register(['--kubeconfig-out', path, ...more], env, clock)
  const namesOfSecrets = async (): Promise<string[]> => {
    const { body } = await kube.request<{ items: { metadata: { name: string } }[] }>({ path: SECRETS })
    return body.items.map(({ metadata }) => metadata.name)
  }

  const first = await run()
  t.equal(first.code, 0, first.err)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.strictSame(await readdir(join(path, '..')), ['kubeconfig'], 'no draft is left')
  const text = await readFile(path, 'utf8')
  const nodes = await register(['--url', URL, '--dry-run'], { KUBECONFIG: path })
  t.match(nodes.err, /KUBE_FORBIDDEN/, 'it reaches the cluster as a user without the right to register')
  t.match(
    (await run()).out,
    /unchanged .*kubeconfig \(token of Secret kube-system\/cloud-provider-phoenixnap-token\)/,
  )
  t.equal(await readFile(path, 'utf8'), text)

  const rotated = await run('--rotate')
  t.equal(rotated.code, 0, rotated.err)
  t.match(rotated.out, /--finish/)
  t.match(await readFile(path, 'utf8'), 'token-of-cloud-provider-phoenixnap-token-2')
  t.strictSame(await namesOfSecrets(), [
    'cloud-provider-phoenixnap-token',
    'cloud-provider-phoenixnap-token-2',
  ])

  await run()
  t.match(await readFile(path, 'utf8'), 'token-of-cloud-provider-phoenixnap-token-2', 'the newest is the one')

  const nowhere = await register(['--kubeconfig-out', `${path}/in-a-file`, '--rotate'], env, clock)
  t.equal(nowhere.code, 2)
  t.match(nowhere.err, /in-a-file cannot be written \(\w+\)/)
  t.equal((await namesOfSecrets()).length, 2, 'no token that nobody gets to see')

  const asEnv = await register(
    [
      '--kubeconfig-out',
      `${path}.env`,
      '--kubeconfig-format',
      'env',
      '--kubeconfig-server',
      'https://api.example.com:6443/',
    ],
    env,
    clock,
  )
  t.equal(asEnv.code, 0, asEnv.err)
  t.match(
    await readFile(`${path}.env`, 'utf8'),
    /^KUBE_API_SERVER=https:\/\/api\.example\.com:6443\nKUBE_CA_DATA=.+\nKUBE_TOKEN=.*token-2\n$/,
  )

  const other = `${path}-other`
  await writeFile(other, 'kind: Config\n')
  const refused = await register(['--kubeconfig-out', other, '--finish'], env, clock)
  t.equal(refused.code, 2)
  t.match(refused.err, /nothing is deleted/)
  t.equal((await namesOfSecrets()).length, 2)

  const finished = await run('--finish')
  t.equal(finished.code, 0, finished.err)
  t.strictSame(await namesOfSecrets(), ['cloud-provider-phoenixnap-token-2'])
  t.equal((await run()).code, 0)
  t.match(await readFile(path, 'utf8'), 'cloud-provider-phoenixnap-token-2', 'the newest token is the one')
}

t.test('what cannot work is told, and nothing is done', async t => {
  const bad = await register(['--url', 'http://host', '--finish'], {})
  t.equal(bad.code, 2)
  t.match(
    bad.err,
    /CCM_CONFIG_INVALID: --finish needs --kubeconfig-out\nCCM_CONFIG_INVALID: --url: .*https only\n/,
  )
  const nowhere = await register(['--url', URL], { KUBECONFIG: '/nonexistent' })
  t.match(nowhere, { code: 2, err: /KUBE_CONFIG_INVALID/ })
})

t.test('files for the API server', async t => {
  const folder = t.testdir({})
  const run = (...more: string[]): Promise<Outcome> =>
    register(['--url', URL, '--print', '--apiserver-dir', join(folder, 'files'), ...more], {})
  const dry = await run('--dry-run')
  t.match(dry.err, /would be written .*audit-policy\.yaml/)
  t.strictSame(await readdir(folder), [])

  const first = await run()
  t.equal(first.code, 0, first.err)
  t.match(first.err, /REPLACE/)
  const names = await readdir(join(folder, 'files'))
  t.strictSame(names.toSorted(), [
    'admission-control.yaml',
    'admission-webhook.yaml',
    'audit-policy.yaml',
    'audit-webhook.yaml',
    'webhook-token',
  ])
  for (const name of names) t.equal((await stat(join(folder, 'files', name))).mode & 0o777, 0o600, name)
  t.equal(await readFile(join(folder, 'files/webhook-token'), 'utf8'), `${TOKEN}\n`)
  for (const flag of ['audit-policy-file', 'audit-webhook-config-file', 'admission-control-config-file'])
    t.match(first.err, new RegExp(`^ {2}--${flag}=${folder}/files/`, 'm'))
  const again = await run()
  t.equal(again.err.match(/^unchanged /gm)?.length, 5)
})
