import t from 'tap'
import type { Fields } from '../../../../shared/simulator/kubernetes/json.ts'
import { configMap, lease, node } from '../../../../shared/simulator/kubernetes/schema/core.ts'
import { decode } from '../../../../shared/simulator/kubernetes/schema/decode.ts'
import { rootSchema } from '../../../../shared/simulator/kubernetes/schema/schema.ts'

const NODE = rootSchema('Node', node)
const LEASE = rootSchema('Lease', lease)
const CONFIG_MAP = rootSchema('ConfigMap', configMap)

t.test('leaves out what Go leaves out, and writes what Go writes', async t => {
  const { value } = decode(NODE, {
    metadata: { name: 'a', labels: {}, annotations: null },
    spec: { providerID: '', unschedulable: false, taints: [] },
    status: { conditions: [{ type: 'Ready', status: 'True' }], capacity: { cpu: 4 } },
  })
  t.same(value.metadata, { name: 'a' })
  t.same(value.spec, {})
  t.match(value.status, {
    capacity: { cpu: '4' },
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: null, lastTransitionTime: null }],
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: { machineID: '', architecture: '' },
  })
})

t.test('keeps empty values behind pointers and in maps', async t => {
  t.same(decode(LEASE, { spec: { holderIdentity: '', leaseTransitions: 0 } }).value.spec, {
    holderIdentity: '',
    leaseTransitions: 0,
  })
  t.same(decode(CONFIG_MAP, { data: { a: '' }, immutable: false }).value, {
    immutable: false,
    data: { a: '' },
    metadata: {},
  })
})

t.test('drops unknown fields and names them', async t => {
  const { value, unknown } = decode(NODE, { metadata: { x: 1 }, spec: { y: { z: 1 } }, w: 1 })
  t.same(unknown, ['metadata.x', 'spec.y', 'w'])
  t.same(value.spec, {})
})

t.test('keeps times to the second, micro times to six digits', async t => {
  t.same(decode(NODE, { metadata: { creationTimestamp: '2026-01-01T01:00:00.5+01:00' } }).value.metadata, {
    creationTimestamp: '2026-01-01T00:00:00Z',
  })
  t.same(decode(LEASE, { spec: { renewTime: '2026-01-01T00:00:00.123456Z' } }).value.spec, {
    renewTime: '2026-01-01T00:00:00.123456Z',
  })
})

const FAILS: readonly (readonly [body: Fields, message: string])[] = [
  [
    { spec: { providerID: 5 } },
    'json: cannot unmarshal number into Go struct field NodeSpec.spec.providerID of type string',
  ],
  [
    { metadata: { labels: { a: true } } },
    'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [{ spec: [] }, 'json: cannot unmarshal array into Go struct field Node.spec of type v1.NodeSpec'],
  [
    { spec: { taints: {} } },
    'json: cannot unmarshal object into Go struct field NodeSpec.spec.taints of type []v1.Taint',
  ],
  [
    { metadata: { creationTimestamp: 'x' } },
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
]

for (const [body, message] of FAILS)
  t.test(`refuses ${JSON.stringify(body)}`, async t => {
    t.throws(() => decode(NODE, body), { message })
    t.throws(() => decode(NODE, body), { name: 'DecodeError' })
  })

t.test('refuses times of Leases without six digits, and what is no base64', async t => {
  t.throws(() => decode(LEASE, { spec: { renewTime: '2026-01-01T00:00:00Z' } }), { name: 'DecodeError' })
  t.throws(() => decode(CONFIG_MAP, { binaryData: { a: '!!' } }), {
    message: 'illegal base64 data at input byte 0',
  })
})
