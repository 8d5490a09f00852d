import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startLoadBalancers } from '../scenarios/_load-balancers.ts'
import { assets, startTestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'

t.setTimeout(240_000)
const run = promisify(execFile)
const skip = assets === undefined && 'KUBEBUILDER_ASSETS names no kubectl'

const GUIDE = join(import.meta.dirname, '../../docs/guides/kubectl-and-neighbours.md')
const page = await readFile(GUIDE, 'utf8')
const commands = [...page.matchAll(/^ {4}(kubectl .*)$/gm)].map(([, command = '']) => command)

/** What a row of the commands' output has to show. */
const SHOWN: readonly RegExp[] = [
  /^198\.\S+ +services\/default\/web/m,
  /EnsuredLoadBalancer/,
  /cloud-provider-phoenixnap-resync[^]*configmap\/cloud-provider-phoenixnap/,
  /clusterrolebinding\S+\/cloud-provider-phoenixnap/,
  /^198\.\S+ +active +default +web +20\S+Z +\w+/m,
  /^node-a +phoenixnap:\/\/\w+ +\S+\.\S+ +\w+ +resync +<none>/m,
  /^default +web +198\.\S+ +<none>/m,
  /^cloud-provider-phoenixnap-resync .*20\S+Z/m,
]

t.test('the commands of the guide show what they say', { skip }, async t => {
  const cluster = await startTestCluster(t)
  const lb = await startLoadBalancers(t, cluster, { blocks: ['/29'] })
  lb.backend.addServer({ hostname: 'node-a' })
  await fakeKubelet(lb.admin, 'node-a', { ready: true })
  await lb.create('web')
  await lb.settle()
  const env = {
    PATH: `${assets}${delimiter}${process.env['PATH']}`,
    KUBECONFIG: await cluster.kubeconfigFile(),
    HOME: cluster.folder,
  }
  t.equal(commands.length, SHOWN.length, 'each command has its expectation')
  for (const [index, command] of commands.entries()) {
    // The API server asks this process who a token belongs to: it must go on answering.
    const { stdout } = await run('bash', ['-c', command], { env })
    t.match(stdout, SHOWN[index] ?? /never/, command)
  }
})

t.test('the table of versions names the API server that the suites run on', { skip }, async t => {
  const { stdout } = await run(join(assets ?? '', 'kube-apiserver'), ['--version'])
  const [, version] = /v(\d+\.\d+\.\d+)/.exec(stdout) ?? []
  const [, row = ''] = /^\| (\S+) \|[^|]*\| the suites/m.exec(page) ?? []
  t.equal(row, version)
})
