import t from 'tap'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { assets, startTestCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { findFreePorts } from '../support/ports.ts'
import { startTokenController } from '../support/token-controller.ts'
import { cloneProject, readStatus, runPage } from './_clone.ts'

t.setTimeout(220_000)

const skip = assets ? false : 'kubectl comes with KUBEBUILDER_ASSETS'

t.test('the guide works as it is written', { skip }, async t => {
  const cluster = await startTestCluster(t)
  await startTokenController(t, cluster)
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  bmc.backend.addServer({ hostname: 'guided' })
  const admin = await cluster.kube()
  await admin.request({ method: 'POST', path: '/api/v1/nodes', body: createFakeNode('guided') })
  const [port] = await findFreePorts()

  const folder = await cloneProject(t)
  const before = readStatus(folder)

  const { code, output } = await runPage(folder, 'docs/guides/run-serve.md', {
    values: {
      ADDRESS: '127.0.0.1',
      PORT: String(port),
      KUBECONFIG: await cluster.kubeconfigFile(),
      CLIENT_ID: 'sim-client',
      CLIENT_SECRET: 'sim-secret',
    },
    env: { PNAP_BASE_URL: bmc.url },
    path: [assets ?? ''],
  })
  t.match({ code, output }, { code: 0, output: /::end/ })
  t.equal(readStatus(folder), before, 'nothing is there to be committed')
  const { body } = await admin.request<KubeNode>({ path: '/api/v1/nodes/guided' })
  t.match(body.spec, { providerID: /^phoenixnap:/ })
  t.notOk(body.spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT))
})
