import t from 'tap'
import type { AddressBlock } from '../../shared/cloud-provider/load-balancer.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { planBack, toPatch } from '../../shared/migrate/back.ts'
import { bare, KEEPS, OWN, toBlock, toService, toView } from './_view.ts'

/** [what it is, the Service, blocks, what is told of it] */
const OUTCOMES: readonly (readonly [
  what: string,
  service: KubeService,
  blocks: readonly AddressBlock[],
  keeps: string | undefined,
  outcome: string,
  why: string,
])[] = [
  [
    'in its own block',
    toService(KEEPS),
    [toBlock('b', '203.0.113.0/29'), OWN],
    KEEPS,
    `keeps ${KEEPS}`,
    'block own (198.51.100.0/29) bears its name',
  ],
  ['without an address', toService(''), [OWN], undefined, 'gets an address', 'it has no address yet'],
  [
    'that waits',
    {
      ...toService(''),
      metadata: {
        ...toService('').metadata,
        annotations: { 'phoenixnap.com/waiting': 'x', 'phoenixnap.com/assigned-ips': KEEPS },
      },
    },
    [OWN],
    undefined,
    'gets an address',
    'it has no address yet',
  ],
  [
    'whose address stands in its status alone',
    { ...toService(''), status: { loadBalancer: { ingress: [{ ip: KEEPS }] } } },
    [OWN],
    KEEPS,
    `keeps ${KEEPS}`,
    'block own (198.51.100.0/29) bears its name',
  ],
  [
    'whose status lags behind what was chosen',
    { ...toService(KEEPS), status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } },
    [OWN],
    KEEPS,
    `keeps ${KEEPS}`,
    'block own (198.51.100.0/29) bears its name',
  ],
  [
    'whose block is marked',
    toService(KEEPS),
    [{ ...OWN, marked: true }],
    undefined,
    `loses ${KEEPS}`,
    'it shares its block with others',
  ],
  [
    'with two blocks of its name',
    toService(KEEPS),
    [OWN, toBlock('b', '203.0.113.0/29', 'web')],
    undefined,
    `loses ${KEEPS}`,
    'several blocks bear its name (own, b)',
  ],
  [
    'with two addresses',
    toService(`${KEEPS},198.51.100.3`),
    [OWN],
    undefined,
    `loses ${KEEPS}, 198.51.100.3`,
    'the Go program gives a Service one address',
  ],
  [
    'with an address elsewhere',
    toService('203.0.113.9'),
    [OWN],
    undefined,
    'loses 203.0.113.9',
    'its address does not lie in its block own',
  ],
  [
    'whose block has no range yet',
    toService(KEEPS),
    [{ ...OWN, cidr: '' }],
    undefined,
    `loses ${KEEPS}`,
    'its address does not lie in its block own',
  ],
  [
    'whose block has failed',
    toService(KEEPS),
    [{ ...OWN, state: 'failed', status: 'error' }],
    undefined,
    `loses ${KEEPS}`,
    'its block own is error',
  ],
  [
    'with a class',
    toService(KEEPS, { loadBalancerClass: 'a/b' }),
    [OWN],
    undefined,
    `loses ${KEEPS}`,
    'the Go program serves no Service with a loadBalancerClass',
  ],
]
for (const [what, service, blocks, keeps, outcome, why] of OUTCOMES)
  t.test(`what becomes of a Service ${what}`, async t => {
    const { handOvers, items } = planBack(toView({ services: [service], blocks }), true)
    const loses = outcome.startsWith('loses ') ? outcome.slice('loses '.length).split(', ') : []
    t.strictSame(handOvers, [{ service, keeps, loses, why }])
    t.strictSame(items[0], { kind: 'Service', name: 'default/web', outcome, why })
    const { inTheWay, notes } = planBack(toView({ services: [service], blocks }), false)
    t.equal(inTheWay.length, loses.length > 0 ? 1 : 0)
    t.equal(notes.length, loses.length > 0 ? 1 : 0)
  })

const CLEANUP = 'service.kubernetes.io/load-balancer-cleanup'
const WAITS = { 'phoenixnap.com/waiting': 'x', 'phoenixnap.com/assigned-ips': KEEPS, other: 'y' }
/** [what it is, the Service, what it keeps and loses, its patch besides uid and version] */
const PATCHES: readonly (readonly [
  what: string,
  service: KubeService,
  keeps: string | undefined,
  loses: readonly string[],
  patch: Readonly<Record<string, unknown>>,
])[] = [
  [
    'that is pinned to what it keeps',
    toService(KEEPS, { loadBalancerIP: KEEPS }),
    KEEPS,
    [],
    { finalizers: ['other', CLEANUP], annotations: { 'phoenixnap.com/assigned-ips': null } },
  ],
  [
    'with both finalizers and both marks',
    bare({ finalizers: [CLEANUP, 'phoenixnap.com/load-balancer'], annotations: WAITS }),
    undefined,
    [],
    {
      finalizers: [CLEANUP],
      annotations: { 'phoenixnap.com/assigned-ips': null, 'phoenixnap.com/waiting': null },
    },
  ],
  [
    'whose pin is empty',
    { ...bare({}), spec: { type: 'LoadBalancer', loadBalancerIP: '' } },
    undefined,
    [],
    { finalizers: [], annotations: {} },
  ],
  ['without anything', bare({}), undefined, [], { finalizers: [], annotations: {} }],
  [
    'that keeps its address, without marks',
    bare({}),
    KEEPS,
    [],
    { finalizers: [CLEANUP], annotations: {}, spec: { loadBalancerIP: KEEPS } },
  ],
  [
    'that loses its address',
    toService(KEEPS, { loadBalancerIP: KEEPS }),
    undefined,
    [KEEPS],
    {
      finalizers: ['other'],
      annotations: { 'kube-vip.io/loadbalancerIPs': null, 'phoenixnap.com/assigned-ips': null },
      spec: { loadBalancerIP: null },
    },
  ],
]
for (const [what, service, keeps, loses, { spec, ...metadata }] of PATCHES)
  t.test(`the write to a Service ${what}`, async t => {
    t.strictSame(toPatch({ service, keeps, loses, why: '' }, toView({})), {
      metadata: { uid: 'uid', resourceVersion: '7', ...metadata },
      ...(spec === undefined ? {} : { spec }),
    })
  })

t.test('without an announcer its annotations are nobody’s', async t => {
  const handOver = { service: toService(KEEPS), keeps: undefined, loses: [KEEPS], why: '' }
  t.match(toPatch(handOver, { announcer: undefined }), {
    metadata: { annotations: { 'phoenixnap.com/assigned-ips': null } },
  })
})
