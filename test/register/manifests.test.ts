import t from 'tap'
import { FINALIZER, SERVICE_ACCOUNT_USER, UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { readManifest } from '../../shared/register/manifest-files.ts'
import { readAuditPolicy, readRbac, readWebhooks } from '../../shared/register/manifests.ts'

t.test('the shipped files name our service account by themselves', async t => {
  t.match(await readManifest('audit-policy'), `users: ["${SERVICE_ACCOUNT_USER}"]`)
  t.match(await readManifest('webhooks'), `username != '${SERVICE_ACCOUNT_USER}'`)
})

const TARGET = { url: 'https://host:8443/admission', ca: 'PEM' }

t.test('a Service is called by its path', async t => {
  const service = { namespace: 'kube-system', name: 'ccm', port: 8443, path: '/admission' }
  const [configuration] = await readWebhooks({ url: service, ca: 'PEM' }, SERVICE_ACCOUNT_USER)
  const clientConfig = { service, caBundle: Buffer.from('PEM').toString('base64') }
  t.match(configuration?.['webhooks'], [{ clientConfig }, { clientConfig }])
  t.notMatch(configuration?.['webhooks'], [{ clientConfig: { url: String } }])
})

t.test('by default our service account is bound, and is nobody to ring for', async t => {
  const objects = await readRbac(SERVICE_ACCOUNT_USER)
  const bindings = objects.filter(({ kind }) => kind.endsWith('Binding'))
  t.equal(bindings.length, 2)
  for (const binding of bindings) {
    t.strictSame(binding['subjects'], [
      { kind: 'ServiceAccount', name: 'cloud-provider-phoenixnap', namespace: 'kube-system' },
    ])
  }
  t.match(await readAuditPolicy(SERVICE_ACCOUNT_USER), {
    rules: [{ level: 'None', users: [SERVICE_ACCOUNT_USER] }, { level: 'Metadata' }, { level: 'None' }],
  })
})

t.test('another user is bound as well, and takes its place as the one not to ring for', async t => {
  const objects = await readRbac('o\'brien "ccm"')
  t.match(objects.find(({ kind }) => kind === 'ClusterRoleBinding')?.['subjects'], [
    { kind: 'ServiceAccount' },
    { kind: 'User', name: 'o\'brien "ccm"', apiGroup: 'rbac.authorization.k8s.io' },
  ])
  const [account] = await readRbac('system:serviceaccount:ccm:phoenix').then(all =>
    all.filter(({ kind }) => kind === 'ClusterRoleBinding'),
  )
  t.match(account?.['subjects'], [
    { kind: 'ServiceAccount' },
    { kind: 'ServiceAccount', namespace: 'ccm', name: 'phoenix' },
  ])
  const [configuration] = await readWebhooks(TARGET, 'o\'brien "ccm"')
  const text = JSON.stringify(configuration)
  t.notMatch(text, SERVICE_ACCOUNT_USER)
  t.ok(text.includes(JSON.stringify(`!= "o'brien \\"ccm\\""`).slice(1, -1)), 'as a CEL text')
  t.match(await readAuditPolicy('ccm'), { rules: [{ users: ['ccm'] }, {}, {}] })
})

t.test('the webhooks get uninitialised nodes and load balancers, and can do without', async t => {
  const [configuration] = await readWebhooks(TARGET, SERVICE_ACCOUNT_USER)
  const common = {
    clientConfig: { url: TARGET.url, caBundle: Buffer.from('PEM').toString('base64') },
    failurePolicy: 'Ignore',
    sideEffects: 'NoneOnDryRun',
    reinvocationPolicy: 'IfNeeded',
    timeoutSeconds: 10,
  }
  t.match(configuration, {
    metadata: { name: 'cloud-provider-phoenixnap' },
    webhooks: [
      { ...common, rules: [{ operations: ['CREATE'], resources: ['nodes'] }] },
      { ...common, rules: [{ operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['services'] }] },
    ],
  })
  const texts = ((configuration?.['webhooks'] ?? []) as object[]).map(webhook => JSON.stringify(webhook))
  t.match(texts[0], `t.key == '${UNINITIALIZED_TAINT}'`)
  t.equal(texts[1]?.split(`'${FINALIZER}'`).length, 4, 'our finalizer is looked for in three places')
  for (const text of texts) t.match(text, `username != \\"${SERVICE_ACCOUNT_USER}\\"`)
  const [trusting] = await readWebhooks({ url: TARGET.url }, SERVICE_ACCOUNT_USER)
  t.notMatch(JSON.stringify(trusting), 'caBundle')
})
