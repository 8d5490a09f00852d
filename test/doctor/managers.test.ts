import t from 'tap'
import { selectsPool, toRunning } from '../../shared/doctor/announcer-facts.ts'
import { findManagers, isGoProgram, isOtherManager, toLeader } from '../../shared/doctor/managers.ts'
import { judgePath, toTarget } from '../../shared/doctor/webhook-configuration.ts'
import { findUnjoined } from '../../shared/doctor/webhook-probe.ts'
import { type ContainerView, toWorkload } from '../../shared/doctor/workloads.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'

const container = (image: string, ...words: string[]): ContainerView => ({ image, words, env: {} })

const GO: readonly ContainerView[] = [
  container(
    'ghcr.io/phoenixnap/cloud-provider-phoenixnap:main',
    './cloud-provider-phoenixnap',
    '--cloud-provider=PhoenixNAP',
  ),
  container('phoenixnap/cloud-provider-phoenixnap'),
  container('registry:5000/mirror/k8s-cloud-provider-bmc@sha256:00', '--leader-elect=false'),
  container('my/own:1', '/bin/ccm', '--cloud-provider=phoenixnap'),
]
const OURS: readonly ContainerView[] = [
  container('phoenixnap/cloud-provider-phoenixnap:v1', 'serve', '--listen', '0.0.0.0:8443'),
  container('phoenixnap/cloud-provider-phoenixnap', '/cloud-provider-phoenixnap', 'resync'),
]
const OTHERS: readonly ContainerView[] = [
  container('hetznercloud/hcloud-cloud-controller-manager:v1', '/bin/hcloud-cloud-controller-manager'),
  container('registry.k8s.io/cloud-provider-aws/cloud-controller-manager:v1'),
  container('some/image', '--cloud-provider=openstack'),
]
const NONE: readonly ContainerView[] = [
  container('nginx:1'),
  container('ghcr.io/kube-vip/kube-vip-cloud-provider:v0'),
  container('registry.k8s.io/kube-controller-manager:v1', 'kube-controller-manager', '--cloud-provider=aws'),
  container('registry.k8s.io/kube-apiserver:v1', '--cloud-provider=external'),
]

t.test('the Go program is told from this one, and from other managers', async t => {
  for (const one of GO) t.ok(isGoProgram(one), one.image)
  for (const one of [...OURS, ...OTHERS, ...NONE])
    t.notOk(isGoProgram(one), `${one.image} ${one.words.join(' ')}`)
  for (const one of OTHERS) t.ok(isOtherManager(one), one.image)
  for (const one of [...GO, ...OURS, ...NONE])
    t.notOk(isOtherManager(one), `${one.image} ${one.words.join(' ')}`)
})

const inSystem = (name: string) => ({ name, namespace: 'kube-system' })

t.test('what is scaled to none or has ended does not run, and Pods count once', async t => {
  const template = { spec: { containers: [{ image: 'k8s-cloud-provider-bmc' }] } }
  const pod = { containers: [{ image: 'k8s-cloud-provider-bmc' }] }
  const found = findManagers(
    [
      toWorkload('Deployment', { metadata: inSystem('go'), spec: { template } }),
      toWorkload('Pod', { metadata: inSystem('go-1234-5'), spec: pod, status: { phase: 'Running' } }),
      toWorkload('Deployment', { metadata: inSystem('idle'), spec: { replicas: 0, template } }),
      toWorkload('Pod', { metadata: inSystem('alone'), spec: pod }),
      toWorkload('Pod', { metadata: inSystem('ended'), spec: pod, status: { phase: 'Succeeded' } }),
    ],
    isGoProgram,
  )
  t.strictSame(found, {
    running: ['Deployment kube-system/go', 'Pod kube-system/alone'],
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
