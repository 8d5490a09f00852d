import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { getNode } from '../../shared/kubernetes/nodes.ts'
import { find } from '../../shared/register/apply.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { helmProgram, needsHelm, type PodSpec } from '../infra/_chart.ts'
import { startPod } from '../infra/_pod.ts'
import { until } from '../scenarios/_joins.ts'
import { assets, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { cloneProject, readStatus, runPage } from './_clone.ts'

t.setTimeout(220_000)

const PAGE = 'docs/guides/run-in-the-cluster.md'
const NAME = 'cloud-provider-phoenixnap'
const DEPLOYMENT = `/apis/apps/v1/namespaces/kube-system/deployments/${NAME}`
const LEFT = [
  `/api/v1/namespaces/kube-system/serviceaccounts/${NAME}`,
  `/api/v1/namespaces/kube-system/services/${NAME}`,
  `/api/v1/namespaces/kube-system/secrets/${NAME}-serving`,
  `/api/v1/namespaces/kube-system/secrets/pnap-cloud-config`,
  `/api/v1/namespaces/kube-system/configmaps/${NAME}`,
  `/apis/rbac.authorization.k8s.io/v1/clusterroles/${NAME}-self`,
  `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`,
]
const needs = assets ? needsHelm : { skip: 'needs a real API server (KUBEBUILDER_ASSETS)' }

interface Deployment {
  readonly spec: { readonly template: { readonly spec: PodSpec } }
}

interface Place {
  readonly cluster: TestCluster
  readonly admin: Kube
}

/** Runs one pod of the Deployment for as long as it is there; @returns what the pod said */
async function runDeployment(t: Test, at: Place, bmcUrl: string, end: AbortSignal): Promise<string> {
  const { admin } = at
  const read = (): Promise<Deployment | undefined> => find<Deployment>(admin, DEPLOYMENT)
  await until(async () => end.aborted || (await read()) !== undefined)
  const deployment = await read()
  if (!deployment) return 'there was no Deployment'
  const pod = await startPod(t, at, deployment.spec.template.spec, {
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_BASE_URL: bmcUrl,
  })
  await until(async () => end.aborted || (await read()) === undefined)
  pod.kill('SIGTERM')
  await pod.ended
  return pod.said()
}

t.test('the guide works as it is written', needs, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  bmc.backend.addServer({ hostname: 'guided' })
  const admin = await cluster.kube()
  await fakeKubelet(admin, 'guided')
  const [folder, end] = [await cloneProject(t), new AbortController()]
  const before = readStatus(folder)

  const running = runDeployment(t, { cluster, admin }, bmc.url, end.signal)
  const { code, output } = await runPage(folder, PAGE, {
    values: {
      KUBECONFIG: await cluster.kubeconfigFile(),
      CLIENT_ID: 'sim-client',
      CLIENT_SECRET: 'sim-secret',
    },
    path: [assets ?? '', dirname(helmProgram())],
  })
  end.abort()
  const said = await running
  t.match({ code, output }, { code: 0, output: /::end/ }, said)
  t.equal(readStatus(folder), before, 'nothing is there to be committed')
  t.match(output, /deployment\.apps\/cloud-provider-phoenixnap +0\/2/)
  t.match(output, /Look whether it works/, 'the notes of the chart')

  const node = await getNode(admin, 'guided')
  t.match(node.spec?.providerID, /^phoenixnap:/)
  t.notOk(node.spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT))
  t.match(
    await readFile(join(folder, 'run/apiserver/audit-webhook.yaml'), 'utf8'),
    /^( +)server: https:\/\/10\.96\.\d+\.\d+(:443)?\/audit\n\1tls-server-name: cloud-provider-phoenixnap\.kube-system\.svc\n/m,
  )
  for (const path of LEFT) t.equal(await find(admin, path), undefined, path)
})
