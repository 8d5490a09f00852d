import t from 'tap'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { type Announced, toAnnounced } from '../../torture/invariants/announced.ts'

const [ONE, TWO, SIX] = ['198.19.0.18', '198.19.0.19', '2001:db8::2']

interface Case {
  readonly announcer: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: KubeService['spec']
  readonly status?: KubeService['status']
  readonly pools?: Readonly<Record<string, readonly KubeObject[]>>
  readonly told: Partial<Announced>
}

const pool = (name: string, spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pool',
  metadata: { name },
  spec,
})
const METALLB = {
  ipaddresspools: [pool('ours', { addresses: [`${ONE}/32`, `${SIX}/128`], autoAssign: false })],
}
const OPEN = { ipaddresspools: [pool('open', { addresses: [`${ONE}/32`] })] }
const PURELB = {
  servicegroups: [
    pool('ours', { remote: { v4pools: [{ pool: `${ONE}/32` }], v6pools: [{ pool: `${SIX}/128` }] } }),
  ],
}
/** The group that a Service is of which names none gives an address of every range. */
const MANY = { servicegroups: [...PURELB.servicegroups, pool('default', { remote: { multiPool: true } })] }
const toCilium = (matchLabels: Readonly<Record<string, string>>) => ({
  ciliumloadbalancerippools: [
    pool('ours', { blocks: [{ cidr: `${ONE}/32` }], serviceSelector: { matchLabels } }),
  ],
})
const OWN = toCilium({ 'io.kubernetes.service.namespace': 'default', 'io.kubernetes.service.name': 'web' })
const OTHERS = toCilium({ 'io.kubernetes.service.name': 'api' })
const field = (loadBalancerIP: string): KubeService['spec'] => ({ type: 'LoadBalancer', loadBalancerIP })

const CASES: Readonly<Record<string, Case>> = {
  'kube-vip reads its annotation before the field': {
    announcer: 'kube-vip',
    annotations: { 'kube-vip.io/loadbalancerIPs': ` ${ONE}, name.example.com,${SIX}` },
    spec: field(TWO),
    told: { served: [ONE, SIX] },
  },
  'kube-vip reads the field': { announcer: 'kube-vip', spec: field(TWO), told: { served: [TWO] } },
  'kube-vip serves nothing that it is to ignore': {
    announcer: 'kube-vip',
    annotations: { 'kube-vip.io/ignore': 'true' },
    spec: field(TWO),
    told: {},
  },
  'kube-vip serves its own class': {
    announcer: 'kube-vip',
    spec: { ...field(TWO), loadBalancerClass: 'kube-vip.io/kube-vip-class' },
    told: { served: [TWO] },
  },
  'nobody serves another class': {
    announcer: 'kube-vip',
    spec: { ...field(TWO), loadBalancerClass: 'example.com/other' },
    told: {},
  },
  'nobody serves another type': {
    announcer: 'kube-vip',
    annotations: { 'kube-vip.io/loadbalancerIPs': ONE },
    spec: { type: 'ClusterIP' },
    told: {},
  },
  'without an announcer the status tells': {
    announcer: 'direct',
    status: { loadBalancer: { ingress: [{ ip: ONE }, { hostname: 'a.example.com' }] } },
    told: { served: [ONE] },
  },
  'MetalLB serves what is in one of its pools': {
    announcer: 'metallb',
    annotations: { 'metallb.io/loadBalancerIPs': `${ONE},${SIX}` },
    pools: METALLB,
    told: { served: [ONE, SIX] },
  },
  'MetalLB reads its old annotation': {
    announcer: 'metallb',
    annotations: { 'metallb.universe.tf/loadBalancerIPs': ONE },
    pools: METALLB,
    told: { served: [ONE] },
  },
  'MetalLB serves nothing unless all is in a pool': {
    announcer: 'metallb',
    annotations: { 'metallb.io/loadBalancerIPs': `${ONE},${TWO}` },
    pools: METALLB,
    told: {},
  },
  'MetalLB serves nothing by annotation and field': {
    announcer: 'metallb',
    annotations: { 'metallb.io/loadBalancerIPs': ONE },
    spec: field(ONE),
    pools: METALLB,
    told: {},
  },
  'MetalLB serves nothing of another pool than the one named': {
    announcer: 'metallb',
    annotations: { 'metallb.io/address-pool': 'phoenixnap-waiting' },
    spec: field(ONE),
    pools: METALLB,
    told: {},
  },
  'MetalLB takes any address of the pool that is named': {
    announcer: 'metallb',
    annotations: { 'metallb.io/address-pool': 'ours' },
    pools: METALLB,
    told: { offered: [ONE, SIX] },
  },
  'MetalLB takes nothing by itself of a pool that says so': {
    announcer: 'metallb',
    pools: METALLB,
    told: {},
  },
  'MetalLB takes any address of other pools': { announcer: 'metallb', pools: OPEN, told: { offered: [ONE] } },
  'Cilium serves what its pools for the Service hold, by annotation and field': {
    announcer: 'cilium',
    annotations: { 'lbipam.cilium.io/ips': `0.0.0.0,${ONE}` },
    spec: field(TWO),
    pools: OWN,
    told: { served: [ONE], offered: [ONE] },
  },
  "Cilium serves nothing of another Service's pool": {
    announcer: 'cilium',
    spec: field(ONE),
    pools: OTHERS,
    told: {},
  },
  'PureLB serves what is in a group': {
    announcer: 'purelb',
    annotations: { 'purelb.io/addresses': `${ONE},${SIX}`, 'purelb.io/service-group': 'other' },
    pools: PURELB,
    told: { served: [ONE, SIX] },
  },
  'PureLB refuses a blank': {
    announcer: 'purelb',
    annotations: { 'purelb.io/addresses': ` ${ONE}` },
    spec: field(ONE),
    pools: PURELB,
    told: {},
  },
  'PureLB takes any address of the group that is named': {
    announcer: 'purelb',
    annotations: { 'purelb.io/service-group': 'ours' },
    pools: PURELB,
    told: { offered: [ONE, SIX] },
  },
  'PureLB takes an address of every range of what it is told, where that is asked for': {
    announcer: 'purelb',
    annotations: { 'purelb.io/addresses': ONE, 'purelb.io/multi-pool': 'true' },
    pools: PURELB,
    told: { served: [ONE], offered: [ONE, SIX] },
  },
  'PureLB takes an address of every range of what the status says': {
    announcer: 'purelb',
    annotations: { 'purelb.io/service-group': 'theirs', 'purelb.io/multi-pool': 'true' },
    status: { loadBalancer: { ingress: [{ ip: SIX }] } },
    pools: PURELB,
    told: { offered: [ONE, SIX] },
  },
  'PureLB takes an address of every range of what its note says, where a group has it so': {
    announcer: 'purelb',
    annotations: { 'purelb.io/allocated-from': 'default, ours' },
    pools: MANY,
    told: { offered: [ONE, SIX] },
  },
  'PureLB takes one address where a Service says so': {
    announcer: 'purelb',
    annotations: {
      'purelb.io/addresses': ONE,
      'purelb.io/allocated-from': 'ours',
      'purelb.io/multi-pool': 'false',
    },
    pools: MANY,
    told: { served: [ONE] },
  },
  'PureLB takes an address of every range of another group': {
    announcer: 'purelb',
    annotations: { 'purelb.io/service-group': 'theirs', 'purelb.io/multi-pool': 'true' },
    pools: PURELB,
    told: {},
  },
  'PureLB serves classes of its own': {
    announcer: 'purelb',
    annotations: { 'purelb.io/service-group': 'ours' },
    spec: { type: 'LoadBalancer', loadBalancerClass: 'purelb.io/purelbv2' },
    pools: PURELB,
    told: { offered: [ONE, SIX] },
  },
  'PureLB refuses an empty list': {
    announcer: 'purelb',
    annotations: { 'purelb.io/addresses': '', 'purelb.io/service-group': 'ours' },
    spec: field(ONE),
    pools: PURELB,
    told: {},
  },
  'MetalLB takes any address of the pool that the old key names': {
    announcer: 'metallb',
    annotations: { 'metallb.universe.tf/address-pool': 'ours' },
    pools: METALLB,
    told: { offered: [ONE, SIX] },
  },
  'MetalLB takes any address where an empty list hides the old key': {
    announcer: 'metallb',
    annotations: {
      'metallb.io/address-pool': 'ours',
      'metallb.io/loadBalancerIPs': '',
      'metallb.universe.tf/loadBalancerIPs': ONE,
    },
    pools: METALLB,
    told: { offered: [ONE, SIX] },
  },
  'PureLB takes nothing of a group that is not named': { announcer: 'purelb', pools: PURELB, told: {} },
}

for (const [name, { announcer, annotations = {}, spec, status, pools = {}, told }] of Object.entries(CASES)) {
  t.test(name, async t => {
    const service: KubeService = {
      metadata: { name: 'web', namespace: 'default', annotations },
      spec: spec ?? { type: 'LoadBalancer' },
      ...(status && { status }),
    }
    const found = toAnnounced(announcer, service, resource => pools[resource] ?? [])
    t.strictSame(found, { served: [], offered: [], ...told })
  })
}

t.test('a class that the announcer is set up for is served', async t => {
  const spec = { ...field(ONE), loadBalancerClass: 'example.com/ours' }
  const service: KubeService = { metadata: { name: 'web' }, spec }
  t.strictSame(toAnnounced('kube-vip', service, () => [], ['example.com/ours']).served, [ONE])
})
