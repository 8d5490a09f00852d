import { EventEmitter, once } from 'node:events'
import t, { type Test } from 'tap'
import { assets } from '../../support/cluster.ts'
import { createFakeNode } from '../../support/fake-kubelet.ts'
import { type Contract, testContract } from './contract.ts'

/** One command, split at its spaces (write `_` for a space inside of an argument). */
interface Command {
  readonly args: string
  readonly stdin?: object | string
  /** 0 by default. */
  readonly code?: number
}

const service = (name: string, port: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: {
    type: 'LoadBalancer',
    selector: { app: 'web' },
    ports: [{ port, protocol: 'TCP', targetPort: 8080 }],
  },
})
const map = (name: string, data: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

const LEASE = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'kubectl-lease', namespace: 'default' },
  spec: { holderIdentity: 'somebody' },
}
const CLAIM = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: { name: '203.0.113.77', labels: { 'ipaddress.kubernetes.io/managed-by': 'phoenixnap.com' } },
  spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'web' } },
}
const ACCOUNT = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kubectl-account' } }
const ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'kubectl-role' },
  rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
}
const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'kubectl-role' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kubectl-role' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'kubectl' }],
}
const EVENT = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'kubectl-event', namespace: 'default' },
  involvedObject: { kind: 'Node', name: 'kubectl-none', uid: 'kubectl-none' },
  reason: 'Synced',
  message: 'Node synced successfully',
  type: 'Normal',
  source: { component: 'cloud-node-controller' },
  count: 1,
}

const READY = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'

/** Commands that send JSON. Those that make an object from flags, and `auth`, send protobuf: the simulator has none. */
const CASES: Record<string, readonly Command[]> = {
  'nodes are created and read': [
    { args: 'create -f -', stdin: createFakeNode('kubectl-a', { nodeIP: '10.0.0.1', ready: true }) },
    { args: 'create -f -', stdin: createFakeNode('kubectl-a'), code: 1 },
    { args: 'get nodes kubectl-a' },
    { args: 'get node kubectl-a -o wide' },
    { args: 'get no kubectl-a -o name' },
    { args: 'get node kubectl-a -o jsonpath={.spec.taints[*].key}' },
    { args: 'get node kubectl-a --show-labels' },
    { args: 'get node -l kubernetes.io/hostname=kubectl-a --no-headers' },
    { args: 'get node -l none=such' },
    { args: 'get node none', code: 1 },
    { args: 'get node kubectl-a -o yaml' },
    { args: 'describe node kubectl-a' },
    { args: 'wait --for=condition=Ready node/kubectl-a --timeout=10s' },
  ],
  'labels, annotations, patches and taints': [
    { args: 'create -f -', stdin: createFakeNode('kubectl-b', { external: false }) },
    { args: 'label node kubectl-b tier=one' },
    { args: 'label node kubectl-b tier=two', code: 1 },
    { args: 'label node kubectl-b tier=two --overwrite' },
    { args: 'label node kubectl-b tier-' },
    { args: 'annotate node kubectl-b phoenixnap.com/x=y' },
    { args: 'annotate node kubectl-b phoenixnap.com/x-' },
    { args: 'patch node kubectl-b --type merge -p {"metadata":{"labels":{"m":"1"}}}' },
    { args: 'patch node kubectl-b -p {"metadata":{"labels":{"s":"1"}}}' },
    { args: 'patch node kubectl-b --type json -p [{"op":"add","path":"/metadata/labels/j","value":"1"}]' },
    { args: 'patch node kubectl-b --subresource status -p {"status":{"phase":"Running"}}' },
    { args: 'patch node kubectl-b --type merge -p {"metadata":{"labels":{"m":"1"}}}' },
    { args: 'taint node kubectl-b key=value:NoSchedule' },
    { args: 'taint node kubectl-b key=other:NoSchedule', code: 1 },
    { args: 'taint node kubectl-b key:NoSchedule-' },
    { args: 'cordon kubectl-b' },
    { args: 'uncordon kubectl-b' },
    { args: 'get node kubectl-b -o jsonpath={.metadata.labels}{.spec}' },
    { args: 'delete node kubectl-b' },
    { args: 'delete node kubectl-b', code: 1 },
    { args: 'delete node kubectl-b --ignore-not-found' },
  ],
  'services are applied': [
    { args: 'apply -f -', stdin: service('kubectl-web', 80) },
    { args: 'apply -f -', stdin: service('kubectl-web', 80) },
    { args: 'apply -f -', stdin: service('kubectl-web', 81) },
    { args: 'get svc kubectl-web -o jsonpath={.spec.ports}' },
    { args: 'get svc kubectl-web' },
    { args: 'get svc kubectl-web -o wide' },
    {
      args: 'patch svc kubectl-web --subresource status --type merge -p {"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.9"}]}}}',
    },
    { args: 'get svc kubectl-web' },
    { args: 'describe svc kubectl-web' },
    { args: 'replace -f -', stdin: service('kubectl-web', 82) },
    { args: 'delete svc kubectl-web' },
  ],
  'apply keeps what others wrote, replace drops it': [
    { args: 'apply -f -', stdin: service('kubectl-kept', 80) },
    { args: 'annotate svc kubectl-kept phoenixnap.com/assigned-ips=203.0.113.9' },
    { args: 'patch svc kubectl-kept --type merge -p {"metadata":{"finalizers":["phoenixnap.com/held"]}}' },
    { args: 'apply -f -', stdin: service('kubectl-kept', 81) },
    { args: 'get svc kubectl-kept -o jsonpath={.metadata.finalizers}' },
    { args: 'get svc kubectl-kept -o jsonpath={.metadata.annotations.phoenixnap\\.com/assigned-ips}' },
    { args: 'replace -f -', stdin: service('kubectl-kept', 82) },
    { args: 'get svc kubectl-kept -o jsonpath={.metadata.finalizers}{.metadata.annotations}' },
    { args: 'delete svc kubectl-kept' },
  ],
  'a namespace ends': [
    { args: 'create -f -', stdin: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kubectl-ns' } } },
    { args: 'get ns kubectl-ns' },
    { args: 'delete ns kubectl-ns --wait=false' },
    { args: 'get ns kubectl-ns' },
  ],
  'the server applies': [
    { args: 'apply --server-side -f -', stdin: map('kubectl-ssa', { a: '1', b: '2' }) },
    { args: 'apply --server-side -f -', stdin: map('kubectl-ssa', { a: '1', b: '2' }) },
    { args: 'apply --server-side -f -', stdin: map('kubectl-ssa', { a: '3', b: '2' }) },
    { args: 'get cm kubectl-ssa -o jsonpath={.data}' },
    { args: 'apply --server-side -f -', stdin: service('kubectl-ssa', 80) },
    { args: 'delete cm/kubectl-ssa svc/kubectl-ssa' },
  ],
  'other resources in tables': [
    { args: 'create -f -', stdin: map('kubectl-map', { a: '1' }) },
    { args: 'get cm kubectl-map' },
    { args: 'create -f -', stdin: LEASE },
    { args: 'get lease kubectl-lease' },
    { args: 'create -f -', stdin: CLAIM },
    { args: 'get ipaddresses 203.0.113.77' },
    { args: 'get ip 203.0.113.77 -o wide' },
    { args: 'create -f -', stdin: EVENT },
    { args: 'get events --field-selector involvedObject.name=kubectl-none' },
    { args: 'get ns kube-system' },
    { args: 'create -f -', stdin: ACCOUNT },
    { args: 'get sa kubectl-account' },
    { args: 'create -f -', stdin: ROLE },
    { args: 'create -f -', stdin: BINDING },
    { args: 'get clusterrole kubectl-role -o jsonpath={.rules}' },
    { args: 'get clusterrolebinding kubectl-role -o wide' },
    { args: 'get --raw /healthz' },
    { args: 'get none', code: 1 },
  ],
}

if (assets) testContract(t, 'kubectl', {}, testKubectl)
else t.test('kubectl', { skip: 'needs KUBEBUILDER_ASSETS' }, async () => {})

async function testKubectl(t: Test, contract: Contract): Promise<void> {
  for (const [name, commands] of Object.entries(CASES))
    await t.test(name, async t => {
      const results = []
      for (const command of commands) results.push(await run(t, contract, command))
      contract.recording.check(t, name, results)
    })

  await t.test('get -w shows changes as they happen', async t => {
    const name = 'kubectl-watched'
    const stop = new AbortController()
    const output = new EventEmitter()
    let seen = ''
    const onStdout = (text: string): void => {
      seen += text
      output.emit('more')
    }
    const untilSeen = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(seen)) await once(output, 'more')
    }
    const args = `get nodes -w --output-watch-events --field-selector metadata.name=${name}`
    const watching = contract.cluster.kubectl(args.split(' '), { signal: stop.signal, onStdout })
    await run(t, contract, { args: 'create -f -', stdin: createFakeNode(name) })
    await untilSeen(/ADDED +kubectl-watched +NotReady/)
    await run(t, contract, { args: `patch node ${name} --subresource status -p ${READY}` })
    await untilSeen(/MODIFIED +kubectl-watched +Ready/)
    await run(t, contract, { args: `delete node ${name}` })
    await untilSeen(/DELETED +kubectl-watched/)
    stop.abort()
    t.equal((await watching).stderr, '')
    contract.recording.check(t, 'get -w', toText(seen))
  })
}

async function run(t: Test, contract: Contract, { args, stdin, code = 0 }: Command): Promise<object> {
  const words = args.split(' ').map(word => word.replaceAll('_', ' '))
  const result = await contract.cluster.kubectl(words, stdin ? { stdin: JSON.stringify(stdin) } : {})
  t.equal(result.code, code, `kubectl ${args}: ${result.stderr}`)
  return {
    command: args,
    ...(result.stdout ? { stdout: toText(result.stdout) } : {}),
    ...(result.stderr ? { stderr: toText(result.stderr) } : {}),
  }
}

/** Output that can be compared: without ages, times and what is chosen by chance, and with columns of any width. */
function toText(output: string): string {
  return output
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ [+-]\d{4}/g, '<time>')
    .replaceAll(/\b\d+(?:s|ms|m(?:\d+s)?)(?=\s|$)/gm, '<age>')
    .replaceAll(/\b10\.96\.\d+\.\d+/g, '<clusterIP>')
    .replaceAll(/:3\d{4}\//g, ':<nodePort>/')
    .replaceAll(/"nodePort":\d+/g, '"nodePort":<nodePort>')
    .replaceAll(/\b3\d{4}\/TCP/g, '<nodePort>/TCP')
    .replaceAll(/resourceVersion: "\d+"/g, 'resourceVersion: <resourceVersion>')
    .split('\n')
    .map(line => line.replaceAll(/(\S) {2,}/g, '$1  ').trimEnd())
    .join('\n')
    .trimEnd()
}
