import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parse } from 'yaml'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { startTestCluster } from '../support/cluster.ts'
import { kubeletsMissing, startKubelets } from '../support/kubelets.ts'
import { startServed } from '../support/served.ts'

t.setTimeout(120_000)

/** A Node with every field, as it is stored. */
interface WholeNode {
  readonly metadata: {
    readonly labels: object
    readonly annotations: object
    readonly [field: string]: unknown
  }
  readonly status: { readonly conditions: readonly object[]; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** Differs from node to node and from run to run; the fixture has none of it. */
const VOLATILE_METADATA = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields']
const VOLATILE_CONDITION = ['lastHeartbeatTime', 'lastTransitionTime']
/** BMC has locations only: the recorded cloud named one for the zone as well, we name none. */
const ZONES = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone']
/** By it we know later whose labels are ours to repair. */
const OURS = { 'phoenixnap.com/initialized': 'admission' }

t.test('a node is what the reference controllers make of it', { skip: kubeletsMissing() }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  bmc.backend.addServer({
    id: '5f0c0a3e8a6d2b0000000000',
    hostname: 'hollow-0',
    type: 's1.c1.small',
    location: 'PHX',
    os: 'ubuntu/jammy',
    privateIpAddresses: ['10.0.0.11', '10.0.0.111'],
    publicIpAddresses: ['203.0.113.10'],
  })
  await startServed(t, cluster, { bmc })
  const kubelets = await startKubelets(t, cluster, [{ name: 'hollow-0', labels: { custom: '1' } }])
  await kubelets.untilReady()

  const admin = await cluster.kube()
  const { body: node } = await admin.request<WholeNode>({ path: '/api/v1/nodes/hollow-0' })
  const golden = parse(await readFile(new URL('golden.yaml', import.meta.url), 'utf8')) as WholeNode
  const { metadata } = golden
  t.strictSame(withoutVolatile(node), {
    ...golden,
    metadata: {
      ...metadata,
      labels: omit(metadata.labels, ZONES),
      annotations: { ...metadata.annotations, ...OURS },
    },
  })
})

const omit = (object: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

function withoutVolatile(node: WholeNode): object {
  const conditions = node.status.conditions.map(condition => omit(condition, VOLATILE_CONDITION))
  return {
    ...node,
    metadata: omit(node.metadata, VOLATILE_METADATA),
    status: { ...node.status, conditions },
  }
}
