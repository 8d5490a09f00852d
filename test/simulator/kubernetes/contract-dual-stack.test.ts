import t from 'tap'
import {
  type Cases,
  create,
  patch,
  read,
  refused,
  remove,
  replace,
  runCases,
  testContract,
} from './contract.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const service = (name: string, spec: object = {}): object => ({
  metadata: { name },
  spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }], ...spec },
})
const BOTH = ['IPv4', 'IPv6']
const REVERSED = ['IPv6', 'IPv4']
const change = (name: string, spec: object) => patch('merge', `${SERVICES}/${name}`, { spec })

/** What a client may ask for, and what it gets where that is possible. */
const WISHES: Record<string, object> = {
  nothing: {},
  single: { ipFamilyPolicy: 'SingleStack' },
  prefer: { ipFamilyPolicy: 'PreferDualStack' },
  require: { ipFamilyPolicy: 'RequireDualStack' },
  'ipv4-prefer': { ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack' },
  'ipv4-require': { ipFamilies: ['IPv4'], ipFamilyPolicy: 'RequireDualStack' },
  ipv6: { ipFamilies: ['IPv6'] },
  'ipv6-single': { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' },
  'ipv6-prefer': { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' },
  'ipv6-require': { ipFamilies: ['IPv6'], ipFamilyPolicy: 'RequireDualStack' },
  both: { ipFamilies: BOTH },
  'both-single': { ipFamilies: BOTH, ipFamilyPolicy: 'SingleStack' },
  'both-prefer': { ipFamilies: BOTH, ipFamilyPolicy: 'PreferDualStack' },
  'both-require': { ipFamilies: BOTH, ipFamilyPolicy: 'RequireDualStack' },
  'reversed-prefer': { ipFamilies: REVERSED, ipFamilyPolicy: 'PreferDualStack' },
  'reversed-require': { ipFamilies: REVERSED, ipFamilyPolicy: 'RequireDualStack' },
  repeated: { ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' },
  unknown: { ipFamilies: ['IPv5'] },
  'unknown-policy': { ipFamilyPolicy: 'Other' },
  headless: { type: 'ClusterIP', clusterIP: 'None', allocateLoadBalancerNodePorts: undefined },
  'headless-selected': {
    type: 'ClusterIP',
    clusterIP: 'None',
    selector: { a: 'b' },
    allocateLoadBalancerNodePorts: undefined,
  },
  'headless-ipv6': {
    type: 'ClusterIP',
    clusterIP: 'None',
    ipFamilies: ['IPv6'],
    allocateLoadBalancerNodePorts: undefined,
  },
}

/** Wishes are tried in their order; the named ones are refused. */
const toCases = (refusals: readonly string[]): Cases =>
  Object.fromEntries(
    Object.entries(WISHES).map(([name, spec]) => {
      const step = create(SERVICES, service(`wish-${name}`, spec))
      return [`families: ${name}`, [refusals.includes(name) ? refused(step, 422, 'Invalid') : step]]
    }),
  )

const ALWAYS_REFUSED = ['both', 'both-single', 'repeated', 'unknown', 'unknown-policy']
const NEEDS_BOTH = Object.keys(WISHES).filter(
  name => !name.startsWith('headless') && /require|ipv6|both|reversed/.test(name),
)

const ADDRESS_CASES: Cases = {
  'cluster IPs that are asked for tell the families': [
    create(
      SERVICES,
      service('asked', {
        clusterIP: '10.96.0.77',
        clusterIPs: ['10.96.0.77', 'fd00:10:96::77'],
        ipFamilyPolicy: 'PreferDualStack',
      }),
    ),
    read(`${ADDRESSES}/10.96.0.77`),
    read(`${ADDRESSES}/fd00:10:96::77`),
    create(SERVICES, service('asked-v6', { clusterIP: 'fd00:10:96::78' })),
    refused(create(SERVICES, service('asked-again', { clusterIP: 'fd00:10:96::78' })), 422, 'Invalid'),
    refused(create(SERVICES, service('asked-outside', { clusterIP: 'fd00:10:97::1' })), 422, 'Invalid'),
    refused(
      create(SERVICES, service('asked-mixed', { clusterIP: 'fd00:10:96::79', ipFamilies: ['IPv4'] })),
      422,
      'Invalid',
    ),
    refused(create(SERVICES, service('asked-list', { clusterIPs: ['10.96.0.80'] })), 422, 'Invalid'),
    refused(
      create(
        SERVICES,
        service('asked-two', {
          clusterIP: '10.96.0.81',
          clusterIPs: ['10.96.0.81', '10.96.0.82'],
          ipFamilyPolicy: 'PreferDualStack',
        }),
      ),
      422,
      'Invalid',
    ),
    refused(
      create(
        SERVICES,
        service('asked-single', {
          clusterIP: '10.96.0.83',
          clusterIPs: ['10.96.0.83', 'fd00:10:96::83'],
        }),
      ),
      422,
      'Invalid',
    ),
    remove(`${SERVICES}/asked`),
    refused(read(`${ADDRESSES}/10.96.0.77`), 404, 'NotFound'),
    refused(read(`${ADDRESSES}/fd00:10:96::77`), 404, 'NotFound'),
  ],
  'a dry run takes no address': [
    create(`${SERVICES}?dryRun=All`, service('dry', { clusterIP: '10.96.0.90' })),
    refused(read(`${ADDRESSES}/10.96.0.90`), 404, 'NotFound'),
  ],
}

const CHANGES: Cases = {
  'a second family is added and given back': [
    create(SERVICES, service('grows', { clusterIP: '10.96.0.91' })),
    change('grows', { ipFamilyPolicy: 'RequireDualStack' }),
    refused(change('grows', { ipFamilies: ['IPv4'] }), 422, 'Invalid'),
    refused(change('grows', { clusterIPs: ['10.96.0.91'] }), 422, 'Invalid'),
    change('grows', { ipFamilyPolicy: 'SingleStack' }),
    change('grows', { ipFamilyPolicy: 'PreferDualStack' }),
    change('grows', { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'], clusterIPs: ['10.96.0.91'] }),
    change('grows', { ipFamilyPolicy: 'PreferDualStack', ipFamilies: BOTH }),
    change('grows', { ipFamilyPolicy: null }),
  ],
  'addresses of a family that is given back are free': [
    create(
      SERVICES,
      service('frees', {
        clusterIP: '10.96.0.92',
        clusterIPs: ['10.96.0.92', 'fd00:10:96::92'],
        ipFamilyPolicy: 'RequireDualStack',
      }),
    ),
    change('frees', { ipFamilyPolicy: 'SingleStack' }),
    read(`${ADDRESSES}/10.96.0.92`),
    refused(read(`${ADDRESSES}/fd00:10:96::92`), 404, 'NotFound'),
  ],
  'the first family stays': [
    create(SERVICES, service('stays')),
    refused(change('stays', { ipFamilies: ['IPv6'] }), 422, 'Invalid'),
    refused(change('stays', { ipFamilies: BOTH }), 422, 'Invalid'),
    refused(change('stays', { ipFamilies: REVERSED, ipFamilyPolicy: 'RequireDualStack' }), 422, 'Invalid'),
    change('stays', { ipFamilies: BOTH, ipFamilyPolicy: 'RequireDualStack' }),
    refused(change('stays', { ipFamilies: REVERSED }), 422, 'Invalid'),
  ],
  'a PUT without families keeps them': [
    create(SERVICES, service('put', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: REVERSED })),
    replace(`${SERVICES}/put`, service('put')),
    replace(`${SERVICES}/put`, service('put', { ipFamilyPolicy: 'SingleStack' })),
    replace(`${SERVICES}/put`, service('put', { ipFamilyPolicy: 'PreferDualStack' })),
  ],
  'families go with the addresses, and come back': [
    create(SERVICES, service('external', { ipFamilyPolicy: 'PreferDualStack' })),
    change('external', {
      type: 'ExternalName',
      externalName: 'example.com',
      allocateLoadBalancerNodePorts: null,
    }),
    change('external', { type: 'ClusterIP', externalName: null }),
  ],
  'a type does not change the families': [
    create(SERVICES, service('typed', { ipFamilyPolicy: 'PreferDualStack' })),
    change('typed', { type: 'ClusterIP' }),
    change('typed', { type: 'LoadBalancer' }),
  ],
}

const RANGES: Cases = {
  'the ranges of the cluster': [read('/apis/networking.k8s.io/v1/servicecidrs/kubernetes')],
}

testContract(t, 'dual-stack', { dualStack: true }, async (t, contract) => {
  for (const cases of [RANGES, toCases(ALWAYS_REFUSED), ADDRESS_CASES, CHANGES])
    await runCases(t, contract, cases)
  await t.test('the service of the cluster itself has one family', async t => {
    const { body } = await contract.api().call({ method: 'GET', path: `${SERVICES}/kubernetes` })
    t.match(body, {
      spec: { clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
    })
  })
})

const SINGLE_CHANGES: Cases = {
  'a second family is preferred, required and not there': [
    create(SERVICES, service('alone')),
    change('alone', { ipFamilyPolicy: 'PreferDualStack' }),
    refused(change('alone', { ipFamilyPolicy: 'RequireDualStack' }), 422, 'Invalid'),
    refused(change('alone', { ipFamilies: BOTH }), 422, 'Invalid'),
    change('alone', { ipFamilyPolicy: 'SingleStack' }),
    refused(change('alone', { ipFamilies: ['IPv6'] }), 422, 'Invalid'),
  ],
  'an address of a family that is not there': [
    refused(create(SERVICES, service('v6', { clusterIP: 'fd00:10:96::78' })), 422, 'Invalid'),
  ],
}

testContract(t, 'single-stack', {}, async (t, contract) => {
  const refusals = [...new Set([...ALWAYS_REFUSED, ...NEEDS_BOTH])]
  for (const cases of [RANGES, toCases(refusals), SINGLE_CHANGES]) await runCases(t, contract, cases)
})
