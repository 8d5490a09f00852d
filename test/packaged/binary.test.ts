import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { startLoadBalancers } from '../scenarios/_load-balancers.ts'
import { untilConfirmed } from '../scenarios/_stories.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { assignedTo } from '../support/services.ts'
import { buildTestBinary, runBare, startBare, TEST_VERSION } from '../support/single-file.ts'
import { watchNodes } from '../support/watch.ts'

t.setTimeout(200_000)

const { path } = await buildTestBinary()
// The hosts of tests: from here on `serve` is the single file, in a process that finds no other program.
process.env['CCM_TEST_HOST'] = 'binary'
process.env['CCM_TEST_BINARY'] = path

t.test('the single file runs without Node, a checkout and any other program', async t => {
  t.match(runBare(path, ['version']), { status: 0, stdout: `${TEST_VERSION}\n`, stderr: '' })
  t.match(runBare(path, ['--version']), { status: 0, stdout: `${TEST_VERSION}\n` })
  t.match(runBare(path, ['help']), { status: 0, stdout: /^Usage: cloud-provider-phoenixnap <command>/ })
  t.match(runBare(path, ['serve']), { status: 2, stderr: /PNAP_CLIENT_ID is missing/ })
  const env = { PNAP_WEBHOOK_TOKEN: 'webhook-token-of-a-test' }
  const printed = runBare(path, ['register', '--url', 'https://ccm.example.com', '--print'], env)
  t.equal(printed.status, 0, printed.stderr)
  const kinds = parseAllDocuments(printed.stdout).map(document => document.get('kind'))
  t.ok(
    kinds.includes('MutatingWebhookConfiguration') && kinds.includes('ClusterRole'),
    'it has the manifests',
  )
})

t.test('options of Node in the environment leave it as quiet', async t => {
  const env = { NODE_OPTIONS: '--max-old-space-size=200' }
  t.match(runBare(path, ['version'], env), { status: 0, stdout: `${TEST_VERSION}\n`, stderr: '' })
})

t.test('the simulator is in it', async t => {
  const child = startBare(path, ['simulate', '--port', '0'])
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  t.match(line, /^BMC API simulator with 3 servers/)
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [0, null])
})

forEachCluster(t, 'the single file serves a cluster', {}, async (t, cluster) => {
  const lb = await startLoadBalancers(t, cluster, { by: 'webhook', blocks: ['/29'] })

  await t.test('and logs once which version it is', async t => {
    const log = lb.served?.log() ?? ''
    t.equal(log.split(TEST_VERSION).length - 1, 1, log)
  })

  await t.test('a node joins initialised', async t => {
    const { id } = lb.backend.addServer({ hostname: 'single-file' })
    const watch = await watchNodes(cluster)
    t.teardown(() => watch.close())
    await fakeKubelet(await cluster.kube('system:node:single-file'), 'single-file')
    const { object } = await watch.until(event => event.object.metadata.name === 'single-file')
    t.equal(object.spec?.providerID, `phoenixnap://${id}`)
    const taints = object.spec?.taints?.map(({ key }) => key) ?? []
    t.notOk(taints.includes(UNINITIALIZED_TAINT), 'stored without the taint')
  })

  await t.test('a Service gets its address', async t => {
    const { service } = await lb.create('web')
    t.equal(assignedTo(service).length, 1)
    await untilConfirmed(lb, 'web')
  })
})
