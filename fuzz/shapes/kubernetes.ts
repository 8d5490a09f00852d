import * as fc from 'fast-check'
import { ODD_ADDRESSES, oddText, type Tree } from '../hostile.ts'

/** Objects of Kubernetes as the API server shows them, small ones. */

export const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
const uid = fc.uuid()
const version = fc.nat(1_000_000).map(String)
const time = fc.constantFrom('2026-11-21T00:00:00Z', '2026-11-21T00:00:00.000000Z')

export const record = (fields: Readonly<Record<string, fc.Arbitrary<Tree>>>): fc.Arbitrary<Tree> =>
  fc.record(fields)

export const lists = (item: fc.Arbitrary<Tree>, maxLength = 3): fc.Arbitrary<Tree> =>
  fc.array(item, { maxLength })

const addressText = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom(...ODD_ADDRESSES))
const written = fc.oneof(
  { weight: 3, arbitrary: addressText },
  { weight: 1, arbitrary: fc.array(addressText, { maxLength: 20 }).map(some => some.join(',')) },
  { weight: 2, arbitrary: oddText },
)

/** Annotations with which a tenant tells us something; each with what it should hold, and with what it should not. */
const ANNOTATIONS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'phoenixnap.com/assigned-ips': written,
  'phoenixnap.com/ip-location': fc.oneof(fc.constantFrom('PHX', 'phx', 'ASH'), oddText),
  'phoenixnap.com/ip-allocation': fc.oneof(fc.constantFrom('packed', 'dedicated'), oddText),
  'phoenixnap.com/retain-ip': fc.oneof(fc.constantFrom('true', 'false'), oddText),
  'phoenixnap.com/manage': fc.oneof(fc.constantFrom('true', 'false'), oddText),
  'phoenixnap.com/waiting': fc.oneof(time, oddText),
  'kube-vip.io/loadbalancerIPs': written,
  'metallb.io/loadBalancerIPs': written,
  'metallb.universe.tf/loadBalancerIPs': written,
  'metallb.io/address-pool': oddText,
  'lbipam.cilium.io/ips': written,
  'io.cilium/lb-ipam-ips': written,
  'purelb.io/addresses': written,
}

export const annotations = fc.record(ANNOTATIONS, { requiredKeys: [] }) as fc.Arbitrary<Tree>

const meta = {
  name,
  uid,
  resourceVersion: version,
  creationTimestamp: time,
}

export const node = record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Node'),
  metadata: record({
    ...meta,
    labels: fc.dictionary(fc.constantFrom('kubernetes.io/hostname', 'topology.kubernetes.io/region'), name),
    annotations: fc.record(
      {
        'alpha.kubernetes.io/provided-node-ip': written,
        'phoenixnap.com/initialized': oddText,
        'phoenixnap.com/missing-since': fc.oneof(time, oddText),
      },
      { requiredKeys: [] },
    ),
  }),
  spec: fc.record(
    {
      providerID: fc.oneof(
        fc.stringMatching(/^[0-9a-f]{24}$/).map(id => `phoenixnap://${id}`),
        fc.constantFrom('aws:///eu-1a/i-0abc', 'bmc://servers/60473a6115e34466c9f8f083', 'phoenixnap://..'),
        oddText,
      ),
      taints: lists(
        record({
          key: fc.constantFrom('node.cloudprovider.kubernetes.io/uninitialized', 'a'),
          effect: fc.constant('NoSchedule'),
        }),
      ),
    },
    { requiredKeys: ['taints'] },
  ),
  status: record({
    addresses: lists(
      record({ type: fc.constantFrom('InternalIP', 'ExternalIP', 'Hostname'), address: addressText }),
    ),
    conditions: lists(
      record({ type: fc.constant('Ready'), status: fc.constantFrom('True', 'False', 'Unknown') }),
    ),
    nodeInfo: record({ machineID: name, systemUUID: uid }),
  }),
})

const serviceOf = (isPlain: boolean): fc.Arbitrary<Tree> =>
  record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Service'),
    metadata: fc.record(
      {
        ...meta,
        namespace: name,
        annotations,
        finalizers: lists(
          fc.constantFrom('phoenixnap.com/load-balancer', 'service.kubernetes.io/load-balancer-cleanup'),
        ),
        ...(isPlain ? {} : { deletionTimestamp: time }),
      },
      { requiredKeys: ['name', 'namespace', 'annotations'] },
    ),
    spec: fc.record(
      {
        type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'ClusterIP'),
        ...(isPlain
          ? {}
          : { loadBalancerClass: fc.oneof(fc.constantFrom('kube-vip.io/kube-vip-class'), oddText) }),
        loadBalancerIP: written,
        ipFamilies: lists(fc.constantFrom('IPv4', 'IPv6'), 2),
        ipFamilyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
        clusterIP: fc.constantFrom('10.96.0.7', 'None', ''),
      },
      { requiredKeys: ['type'] },
    ),
    status: record({
      loadBalancer: fc.record(
        { ingress: lists(fc.record({ ip: addressText, hostname: oddText }, { requiredKeys: [] })) },
        { requiredKeys: [] },
      ),
    }),
  })

export const service = fc.oneof(
  { weight: 3, arbitrary: serviceOf(true) },
  { weight: 1, arbitrary: serviceOf(false) },
)

export const ipAddress = record({
  apiVersion: fc.constant('networking.k8s.io/v1'),
  kind: fc.constant('IPAddress'),
  metadata: record({
    ...meta,
    name: addressText,
    labels: fc.constant({ 'ipaddress.kubernetes.io/managed-by': 'phoenixnap.com' }),
    annotations: fc.record(
      {
        'phoenixnap.com/state': fc.oneof(
          fc.constantFrom('unconfirmed', 'active', 'released', 'retained', 'open', 'closing', 'closed'),
          oddText,
        ),
        'phoenixnap.com/since': fc.oneof(time, oddText),
        'phoenixnap.com/block-id': fc.oneof(fc.constant('60473a6115e34466c9f8f083'), oddText),
        'phoenixnap.com/rest': fc.oneof(fc.constantFrom('10m', '600s', '0s'), oddText),
        'phoenixnap.com/service-uid': uid,
        'phoenixnap.com/why': oddText,
      },
      { requiredKeys: [] },
    ),
  }),
  spec: record({
    parentRef: record({
      group: fc.constantFrom('', 'apps'),
      resource: fc.constantFrom('services', 'configmaps'),
      namespace: fc.oneof(fc.constant('kube-system'), name),
      name: fc.oneof(fc.constant('cloud-provider-phoenixnap'), name),
    }),
  }),
})

export const lease = record({
  metadata: record({
    ...meta,
    annotations: fc.record(
      {
        'phoenixnap.com/inventory-generation': oddText,
        'phoenixnap.com/bmc-unreachable-since': fc.oneof(time, oddText),
        'phoenixnap.com/deleted-nodes': fc.oneof(
          fc.array(time).map(times => times.join(',')),
          oddText,
        ),
        'phoenixnap.com/purchase': fc.oneof(
          fc.constant('{"id":"a","family":"IPv4","prefixLength":29,"since":"2026-11-21T00:00:00.000Z"}'),
          oddText,
        ),
        'phoenixnap.com/bought': fc.oneof(fc.constant('a,b'), oddText),
      },
      { requiredKeys: [] },
    ),
  }),
  spec: fc.record(
    {
      holderIdentity: name,
      leaseDurationSeconds: fc.constantFrom(60, 0, -1, 1e9),
      acquireTime: time,
      renewTime: time,
    },
    { requiredKeys: [] },
  ),
})

export const page = (item: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
  record({
    kind: fc.constant('List'),
    metadata: record({ name, resourceVersion: version }),
    items: lists(item),
  })

export const status = record({
  kind: fc.constant('Status'),
  status: fc.constant('Failure'),
  message: oddText,
  reason: fc.constantFrom('NotFound', 'AlreadyExists', 'Conflict'),
  details: record({ retryAfterSeconds: fc.constantFrom(1, 30) }),
  code: fc.constantFrom(404, 409),
})
