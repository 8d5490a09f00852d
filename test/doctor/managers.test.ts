import t from 'tap'
import { COMMANDS } from '../../functions/commands.ts'
import { COMMAND_NAMES } from '../../shared/command-names.ts'
import { selectsPool, toRunning } from '../../shared/doctor/announcer-facts.ts'
import { findManagers, isGoProgram, isHost, isOtherManager, toLeader } from '../../shared/doctor/managers.ts'
import { judgePath, toTarget } from '../../shared/doctor/webhook-configuration.ts'
import { findUnjoined } from '../../shared/doctor/webhook-probe.ts'
import { toWorkload, type Workload } from '../../shared/doctor/workloads.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'

const inSystem = (name: string) => ({ name, namespace: 'kube-system' })

type PodSpec = NonNullable<Parameters<typeof toWorkload>[1]['spec']>

const toPod = (container: object, spec: PodSpec = {}, labels = {}): Workload =>
  toWorkload('Pod', { metadata: { ...inSystem('one'), labels }, spec: { containers: [container], ...spec } })

const run = (image: string, ...args: string[]): Workload => toPod({ image, args })
const start = (image: string, ...command: string[]): Workload => toPod({ image, command })

const NAME = 'cloud-provider-phoenixnap'
const OUR_LABEL = { 'app.kubernetes.io/name': NAME }
const OUR_ACCOUNT = { serviceAccountName: NAME }

const GO: Readonly<Record<string, Workload>> = {
  'as released': start(
    'ghcr.io/phoenixnap/cloud-provider-phoenixnap:main',
    './cloud-provider-phoenixnap',
    '--cloud-provider=PhoenixNAP',
  ),
  'by its image': run('phoenixnap/cloud-provider-phoenixnap'),
  'from a mirror': run('registry:5000/mirror/k8s-cloud-provider-bmc@sha256:00', '--leader-elect=false'),
  'by its flag': start('my/own:1', '/bin/ccm', '--cloud-provider=phoenixnap'),
  'by its flag in two words': run('registry.corp/pnap:1', '--cloud-provider', 'phoenixnap'),
  'through a shell': start(
    'registry.corp/pnap:1',
    'sh',
    '-c',
    'exec ./cloud-provider-phoenixnap --cloud-provider=phoenixnap --cloud-config=/x',
  ),
  'through a shell without its flag': start('a/b', '/bin/sh', '-c', './cloud-provider-phoenixnap --v=2'),
  'by its file': run(
    'registry.corp/controller:1',
    '--cloud-config=/etc/cloud-sa/cloud-sa.json',
    '--leader-elect=false',
  ),
  'by where a volume is': toPod({ image: 'a/b', volumeMounts: [{ name: 'v', mountPath: '/etc/cloud-sa' }] }),
  'by its Secret': toPod(
    { image: 'a/b', volumeMounts: [{ name: 'v', mountPath: '/settings' }] },
    { volumes: [{ name: 'v', secret: { secretName: 'phoenixnap-cloud-config' } }] },
  ),
  'by its Secret among others': toPod(
    { image: 'a/b', volumeMounts: [{ name: 'v', mountPath: '/settings' }] },
    { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'pnap-cloud-config' } }] } }] },
  ),
  'beside another container': toPod(
    { image: 'busybox' },
    { initContainers: [{ image: 'a/b', args: ['--cloud-provider=phoenixnap'], restartPolicy: 'Always' }] },
  ),
  'under our label': toPod({ image: 'a/b', args: ['--cloud-provider=phoenixnap'] }, OUR_ACCOUNT, OUR_LABEL),
}
const HOSTS: Readonly<Record<string, Workload>> = {
  'by its image': run('phoenixnap/cloud-provider-phoenixnap:v1', 'serve', '--listen', '0.0.0.0:8443'),
  'by its program': start(
    'phoenixnap/cloud-provider-phoenixnap',
    '/usr/local/bin/cloud-provider-phoenixnap',
    'resync',
  ),
  'by our label': toPod({ image: 'registry.corp/pnap-ccm:v1', args: ['serve'] }, {}, OUR_LABEL),
  'by our account': toPod({ image: 'registry.corp/cloud-provider-pnap:v1', args: ['serve'] }, OUR_ACCOUNT),
  'without words': toPod({ image: 'registry.corp/pnap-ccm:v1' }, OUR_ACCOUNT),
  'through a shell': start(
    'phoenixnap/cloud-provider-phoenixnap',
    'sh',
    '-c',
    'exec /cloud-provider-phoenixnap serve --listen 0.0.0.0:8443',
  ),
  'with the settings of the Go program': toPod(
    {
      image: 'phoenixnap/cloud-provider-phoenixnap',
      args: ['serve'],
      volumeMounts: [{ name: 'v', mountPath: '/etc/cloud-sa' }],
    },
    OUR_ACCOUNT,
  ),
}
const OTHERS: Readonly<Record<string, Workload>> = {
  hcloud: start('hetznercloud/hcloud-cloud-controller-manager:v1', '/bin/hcloud-cloud-controller-manager'),
  aws: run('registry.k8s.io/cloud-provider-aws/cloud-controller-manager:v1'),
  openstack: run('some/image', '--cloud-provider=openstack'),
}
const NONE: Readonly<Record<string, Workload>> = {
  nginx: run('nginx:1'),
  'kube-vip': run('ghcr.io/kube-vip/kube-vip-cloud-provider:v0'),
  'kube-controller-manager': start(
    'registry.k8s.io/kube-controller-manager:v1',
    'kube-controller-manager',
    '--cloud-provider=aws',
  ),
  'kube-apiserver': run('registry.k8s.io/kube-apiserver:v1', '--cloud-provider=external'),
  'our image for a look around': start('phoenixnap/cloud-provider-phoenixnap:v1', 'sleep', '1d'),
  'a copy of our Pod for a look around': toPod(
    {
      image: 'phoenixnap/cloud-provider-phoenixnap:v1',
      command: ['sleep', '1d'],
      volumeMounts: [{ name: 'v', mountPath: '/settings' }],
    },
    { ...OUR_ACCOUNT, volumes: [{ name: 'v', secret: { secretName: 'pnap-cloud-config' } }] },
    OUR_LABEL,
  ),
  'an init container that ends': toPod(
    { image: 'busybox' },
    { initContainers: [{ image: 'a/b', args: ['--cloud-provider=phoenixnap'] }] },
  ),
}
for (const name of COMMAND_NAMES.filter(name => name !== 'serve' && name !== 'resync'))
  Object.assign(NONE, { [`our ${name}`]: run('phoenixnap/cloud-provider-phoenixnap:v1', name) })

t.test('the Go program is told from this one, and from other managers', async t => {
  const kinds = { GO, HOSTS, OTHERS, NONE }
  for (const [kind, workloads] of Object.entries(kinds)) {
    for (const [name, one] of Object.entries(workloads)) {
      const runs = (isOne: typeof isHost): boolean => findManagers([one], isOne).running.length > 0
      const found = { go: runs(isGoProgram), host: runs(isHost), other: runs(isOtherManager) }
      const wanted = { go: kind === 'GO', host: kind === 'HOSTS', other: kind === 'OTHERS' }
      t.strictSame(found, wanted, `${kind}: ${name}`)
    }
  }
})

t.test('every command is known by its name', async t => {
  t.strictSame(
    COMMANDS.map(({ name }) => name),
    COMMAND_NAMES,
  )
})

/** As the controllers of a cluster name what they make. */
const madeBy = (kind: string, name: string, labels = {}) => ({
  labels,
  ownerReferences: [{ kind, name, controller: true }],
})

t.test('what is scaled to none or has ended does not run, and Pods count once', async t => {
  const pod = { containers: [{ image: 'k8s-cloud-provider-bmc' }] }
  const template = { spec: pod }
  const ofGo = madeBy('ReplicaSet', 'go-1234', { 'pod-template-hash': '1234' })
  const ofIdle = madeBy('ReplicaSet', 'idle-5678', { 'pod-template-hash': '5678' })
  const found = findManagers(
    [
      toWorkload('Deployment', { metadata: inSystem('go'), spec: { template } }),
      toWorkload('Pod', { metadata: { ...inSystem('go-1234-5'), ...ofGo }, spec: pod }),
      toWorkload('Pod', { metadata: { ...inSystem('go-on-node'), ...madeBy('Node', 'n') }, spec: pod }),
      toWorkload('Deployment', { metadata: inSystem('idle'), spec: { replicas: 0, template } }),
      toWorkload('Pod', { metadata: { ...inSystem('idle-5678-9'), ...ofIdle }, spec: pod }),
      toWorkload('DaemonSet', { metadata: inSystem('each'), spec: { template } }),
      toWorkload('Pod', { metadata: { ...inSystem('each-1'), ...madeBy('DaemonSet', 'each') }, spec: pod }),
      toWorkload('Pod', { metadata: inSystem('alone'), spec: pod }),
      toWorkload('Pod', { metadata: inSystem('ended'), spec: pod, status: { phase: 'Succeeded' } }),
    ],
    isGoProgram,
  )
  t.strictSame(found, {
    running: [
      'Deployment kube-system/go',
      'Pod kube-system/go-on-node',
      'Pod kube-system/idle-5678-9',
      'DaemonSet kube-system/each',
      'Pod kube-system/alone',
    ],
    idle: ['Deployment kube-system/idle'],
  })
})

const leaseOf = (renewTime: string) => ({ metadata: { name: 'l' }, spec: { holderIdentity: 'a', renewTime } })

t.test('a Lease has a leader while it is renewed', async t => {
  const now = Date.parse('2030-01-01T00:01:00Z')
  t.equal(toLeader(leaseOf('2030-01-01T00:00:30.000000Z'), now), 'a')
  t.equal(toLeader(leaseOf('2029-12-31T23:00:00.000000Z'), now), undefined)
  t.equal(toLeader({ metadata: { name: 'l' }, spec: { holderIdentity: '' } }, now), undefined)
})

const selects = (spec: object) => selectsPool({ metadata: { name: 'a' }, spec })

t.test('an advertisement of MetalLB selects our pool by nothing, by its name or by its labels', async t => {
  t.ok(selectsPool({ metadata: { name: 'a' } }))
  t.ok(selects({ ipAddressPools: ['other', 'cloud-provider-phoenixnap'] }))
  t.notOk(selects({ ipAddressPools: ['other'] }))
  const labels = { 'app.kubernetes.io/managed-by': 'cloud-provider-phoenixnap' }
  t.ok(selects({ ipAddressPoolSelectors: [{ matchLabels: labels }] }))
  t.notOk(selects({ ipAddressPoolSelectors: [{ matchLabels: { pool: 'public' } }] }))
})

const podOf = (image: string) =>
  toWorkload('Pod', { metadata: { name: image, namespace: 'n' }, spec: { containers: [{ image }] } })

t.test('every program of an announcer has to run', async t => {
  t.match(toRunning('metallb', [podOf('quay.io/metallb/controller:v0.15.2')]), { missing: ['its speaker'] })
  t.match(toRunning('kube-vip', [podOf('ghcr.io/kube-vip/kube-vip:v1')]), {
    missing: [],
    notes: [/svc_enable/],
  })
  t.match(toRunning('cilium', [podOf('quay.io/cilium/cilium:v1'), podOf('quay.io/cilium/operator:v1')]), {
    missing: [],
  })
  t.match(toRunning('direct', []), { missing: [] })
})

const pathOf = (token: string): string => `/admission/${admissionPathSecret(token)}`

t.test('the target of a webhook, and by which token its path was made', async t => {
  t.match(toTarget({ url: 'https://[2001:db8::5]:8443/admission' }), { host: '2001:db8::5', port: 8443 })
  t.match(toTarget({ service: { namespace: 'kube-system', name: 'ccm', path: '/admission' } }), {
    host: 'ccm.kube-system.svc',
    port: 443,
    inCluster: true,
  })
  t.equal(toTarget({ url: 'nowhere' }), undefined)
  const [one, two] = ['a-token-of-sixteen-characters', 'another-token-of-more-than-that']
  t.equal(judgePath('/prod/admission', [one]), 'bearer')
  t.equal(judgePath(pathOf(one), [one, two]), 'current')
  t.equal(judgePath(pathOf(two), [one, two]), 'previous')
  t.equal(judgePath(pathOf('third'), [one, two]), 'wrong')
})

const server = (id: string, hostname: string, terminating = false) => ({
  id,
  hostname,
  terminating,
  providerID: `phoenixnap://${id}`,
  instanceType: '',
  region: '',
  status: '',
  shutdown: false,
  privateAddresses: [],
  publicAddresses: [],
  addressesIncomplete: false,
  additionalLabels: {},
})

t.test('a node that could be tried is a server of its own name that has not joined', async t => {
  const node = { metadata: { name: 'a' }, spec: { providerID: 'phoenixnap://7' } }
  const servers = [
    server('1', 'A'),
    server('2', 'twin'),
    server('3', 'twin'),
    server('4', 'going', true),
    server('7', 'b'),
  ]
  t.equal(findUnjoined(servers, [node]), undefined)
  t.equal(findUnjoined([...servers, server('5', 'Free')], [node]), 'free')
})
