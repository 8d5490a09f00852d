import t from 'tap'
import { decodeProtobuf } from '../../../../shared/simulator/kubernetes/protobuf/decode.ts'
import { configMap, lease, node, service } from '../../../../shared/simulator/kubernetes/schema/core.ts'
import { rootSchema } from '../../../../shared/simulator/kubernetes/schema/schema.ts'

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))]
const bytes = (...parts: (Buffer | number[])[]): Buffer => Buffer.concat(parts.map(part => Buffer.from(part)))
const field = (number: number, value: string | Buffer | number): Buffer => {
  if (typeof value === 'number') return bytes(varint(number * 8), varint(value))
  const content = Buffer.from(value)
  return bytes(varint(number * 8 + 2), varint(content.length), content)
}
const envelope = (apiVersion: string, kind: string, message: Buffer): Buffer =>
  bytes(Buffer.from('k8s\0'), field(1, bytes(field(1, apiVersion), field(2, kind))), field(2, message))

t.test('strings, maps, bytes and booleans', async t => {
  const message = bytes(
    field(1, bytes(field(1, 'name'), field(11, bytes(field(1, 'a'), field(2, 'b'))))),
    field(2, bytes(field(1, 'k'), field(2, 'v'))),
    field(2, bytes(field(1, 'l'), field(2, 'w'))),
    field(3, bytes(field(1, 'bin'), field(2, Buffer.from([0, 1])))),
    field(4, 1),
  )
  t.same(decodeProtobuf(rootSchema('ConfigMap', configMap), envelope('v1', 'ConfigMap', message)), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'name', labels: { a: 'b' } },
    data: { k: 'v', l: 'w' },
    binaryData: { bin: 'AAE=' },
    immutable: true,
  })
})

t.test('times, quantities, lists of messages', async t => {
  const condition = bytes(
    field(1, 'Ready'),
    field(2, 'True'),
    field(3, field(1, 1_767_225_600)),
    field(4, ''),
  )
  const status = bytes(field(1, bytes(field(1, 'cpu'), field(2, field(1, '4')))), field(4, condition))
  t.match(decodeProtobuf(rootSchema('Node', node), envelope('v1', 'Node', field(3, status))), {
    status: {
      capacity: { cpu: '4' },
      conditions: [{ type: 'Ready', lastHeartbeatTime: '2026-01-01T00:00:00Z', lastTransitionTime: null }],
    },
  })
  const renewed = field(4, bytes(field(1, 1_767_225_600), field(2, 120_000_000)))
  t.match(
    decodeProtobuf(
      rootSchema('Lease', lease),
      envelope('coordination.k8s.io/v1', 'Lease', field(2, renewed)),
    ),
    { spec: { renewTime: '2026-01-01T00:00:00.120000Z' } },
  )
})

t.test('a port that is a number or a name', async t => {
  const port = (target: Buffer): Buffer => field(1, bytes(field(3, 80), field(4, target)))
  const spec = bytes(port(bytes(field(1, 0), field(2, 8080))), port(bytes(field(1, 1), field(3, 'http'))))
  t.match(decodeProtobuf(rootSchema('Service', service), envelope('v1', 'Service', field(2, spec))), {
    spec: {
      ports: [
        { port: 80, targetPort: 8080 },
        { port: 80, targetPort: 'http' },
      ],
    },
  })
})

t.test('what is no Kubernetes protobuf is refused', async t => {
  const schema = rootSchema('ConfigMap', configMap)
  t.throws(() => decodeProtobuf(schema, Buffer.from('{}')), { name: 'WireError' })
  t.throws(() => decodeProtobuf(schema, envelope('v1', 'Unheard', Buffer.alloc(0))), { name: 'WireError' })
  t.throws(() => decodeProtobuf(schema, envelope('v1', 'ConfigMap', Buffer.from([10, 99, 1]))), {
    name: 'WireError',
  })
  t.throws(() => decodeProtobuf(schema, envelope('v1', 'ConfigMap', Buffer.from([13, 1, 1, 1, 1]))), {
    name: 'WireError',
  })
})
