import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { applyPatch, type Operation } from 'rfc6902'
import t, { type Test } from 'tap'
import type { NodeFields } from '../../../shared/controllers/node/actions.ts'
import { changeTaints } from '../../../shared/controllers/node/actions.ts'
import {
  applyFields,
  recordNodeEvents,
  tellNode,
  toJsonPatch,
} from '../../../shared/controllers/node/apply.ts'
import { getNode } from '../../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { host, ip, makeNode, outer, TAINT } from '../_make.ts'
import { createStage, type Stage } from '../_stage.ts'

/** The node after its patch, as the API server would make it; fails the test if an operation does not apply. */
function patched(node: KubeNode, fields: NodeFields): KubeNode {
  const copy = structuredClone(node)
  const failed = applyPatch(copy, structuredClone(toJsonPatch(node, fields)) as Operation[]).filter(Boolean)
  if (failed.length > 0) throw failed[0]
  return copy
}

/** null removes. */
function map(
  old: Readonly<Record<string, string>> | undefined,
  set: NodeFields['annotations'] = {},
): Record<string, string> {
  const entries = Object.entries({ ...old, ...set }).filter(([, value]) => value !== null)
  return Object.fromEntries(entries) as Record<string, string>
}

/** The same by the meaning of the fields. */
function changed(node: KubeNode, fields: NodeFields): KubeNode {
  const { providerID, addresses } = fields
  const taints = fields.removeTaints ?? fields.addTaints
  return {
    ...node,
    metadata: {
      ...node.metadata,
      labels: map(node.metadata.labels, fields.labels),
      annotations: map(node.metadata.annotations, fields.annotations),
    },
    spec: {
      ...node.spec,
      ...(providerID === undefined ? {} : { providerID }),
      ...(taints ? { taints: changeTaints(node.spec?.taints ?? [], fields) } : {}),
    },
    status: { ...node.status, ...(addresses ? { addresses } : {}) },
  }
}

/** A parent that is absent and one that is empty mean the same. */
const filled = (node: KubeNode): unknown => ({
  ...node,
  metadata: { labels: {}, annotations: {}, ...node.metadata },
  spec: { ...node.spec },
  status: { ...node.status },
})

const BARE: KubeNode = { metadata: { name: 'node-a' } }
const FULL = makeNode('node-a', { labels: { own: 'x' }, annotations: { own: 'y' }, taints: [TAINT] })
const ALL: NodeFields = {
  providerID: 'phoenixnap://a1',
  labels: { 'topology.kubernetes.io/region': 'PHX', 'odd~key/with~both': 'z' },
  annotations: { 'phoenixnap.com/initialized': 'admission', '~1': 'tilde', own: null, never: null },
  addresses: [ip('10.0.0.11'), host('node-a')],
  removeTaints: [TAINT.key],
}

for (const [name, node] of [
  ['without labels, annotations, spec and status', BARE],
  ['with all of them', FULL],
] as const) {
  t.test(`the patch applies to a node ${name}`, async t => {
    t.strictSame(filled(patched(node, ALL)), filled(changed(node, ALL)))
  })
}

t.test('the patch is empty when nothing changes', async t => {
  for (const node of [BARE, FULL])
    for (const fields of [{}, { labels: {}, annotations: {} }, { annotations: { never: null } }])
      t.strictSame(toJsonPatch(node, fields), [], JSON.stringify(fields))
})

t.test('the taints are one list, of which only ours is gone', async t => {
  const others = [
    { key: 'a', effect: 'NoSchedule' },
    { key: 'z', value: '1', effect: 'NoExecute' },
  ]
  const node = makeNode('node-a', { taints: [...others.slice(0, 1), TAINT, ...others.slice(1)] })
  t.strictSame(toJsonPatch(node, { removeTaints: [TAINT.key] }), [
    { op: 'add', path: '/spec/taints', value: others },
  ])
})

const key = fc.string({ unit: fc.constantFrom('a', 'b', '~', '/', '0', '1', '.', 'é', '"'), maxLength: 6 })
const texts = fc.dictionary(key, fc.string(), { maxKeys: 4, noNullPrototype: true })
const taint = fc
  .tuple(fc.constantFrom('a', 'b', TAINT.key), fc.constantFrom('NoSchedule', 'NoExecute'))
  .map(([key, effect]) => ({ key, effect }))
const addresses = fc.array(fc.constantFrom(ip('10.0.0.1'), outer('203.0.113.1'), host('node-a')), {
  maxLength: 3,
})
const anyNode: fc.Arbitrary<KubeNode> = fc.record(
  {
    metadata: fc.record(
      { name: fc.constant('node-a'), labels: texts, annotations: texts },
      { requiredKeys: ['name'], noNullPrototype: true },
    ),
    spec: fc.record(
      { providerID: fc.string(), taints: fc.array(taint, { maxLength: 3 }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
    status: fc.record({ addresses }, { requiredKeys: [], noNullPrototype: true }),
  },
  { requiredKeys: ['metadata'], noNullPrototype: true },
)
const anyFields: fc.Arbitrary<NodeFields> = fc.record(
  {
    providerID: fc.string(),
    labels: texts,
    annotations: fc.dictionary(key, fc.option(fc.string()), { maxKeys: 4, noNullPrototype: true }),
    addresses,
    removeTaints: fc.array(fc.constantFrom('a', TAINT.key), { maxLength: 2 }),
    addTaints: fc.array(taint, { maxLength: 1 }),
  },
  { requiredKeys: [], noNullPrototype: true },
)

t.test('whatever the node and the fields, applying the patch is applying the fields', async t => {
  fc.assert(
    fc.property(anyNode, anyFields, (node, fields) => {
      const operations: readonly string[] = toJsonPatch(node, fields).map(({ op }) => op)
      assert.ok(!operations.includes('test'))
      assert.deepStrictEqual(filled(patched(node, fields)), filled(changed(node, fields)))
    }),
  )
  t.pass('held')
})

async function stored(
  t: Test,
  fields: Parameters<Stage['addNode']>[1] = {},
): Promise<Stage & { read: KubeNode }> {
  const stage = await createStage(t)
  stage.addNode('node-a', fields)
  const read = await getNode(stage.kube, 'node-a')
  stage.simulator.requests.clear()
  return { ...stage, read }
}

t.test('writes everything in two patches, addresses first', async t => {
  const stage = await stored(t)
  const valid = { ...ALL, labels: { 'example.org/a': 'b' }, annotations: { 'example.org/c': 'd', own: null } }
  const after = await applyFields(stage.kube, stage.read, valid)
  t.strictSame(stage.writes(), ['patch nodes/status node-a', 'patch nodes node-a'])
  const node = stage.node('node-a')
  t.match(node, {
    metadata: { labels: { 'example.org/a': 'b' }, annotations: { 'example.org/c': 'd' } },
    spec: { providerID: 'phoenixnap://a1' },
    status: { addresses: ALL.addresses ?? [] },
  })
  t.notOk('own' in (node.metadata.annotations ?? {}))
  t.equal(after.metadata.resourceVersion, node.metadata.resourceVersion, 'returns the node as it is stored')
})

t.test('taints of others that came at the same moment stop the write', async t => {
  const stage = await stored(t)
  stage.simulator.store.merge('nodes', 'node-a', { metadata: { labels: { somebody: 'else' } } })
  for (const fields of [
    { addresses: [host('node-a')] },
    { removeTaints: [TAINT.key] },
    { labels: { a: 'b' } },
  ])
    await t.rejects(applyFields(stage.kube, stage.read, fields), { code: 'KUBE_CONFLICT' })
  t.match(stage.node('node-a').spec?.taints, [TAINT])
})

t.test('another node of the same name is not written', async t => {
  const stage = await stored(t)
  stage.simulator.store.delete('nodes', 'node-a')
  stage.addNode('node-a')
  await t.rejects(applyFields(stage.kube, stage.read, { labels: { a: 'b' } }), { code: 'KUBE_CONFLICT' })
})

t.test('a kill between the two patches leaves the taint, with good addresses', async t => {
  const stage = await stored(t)
  stage.simulator.faults.fail({ verb: 'patch', resource: 'nodes', subresource: '' }, { status: 500 })
  await t.rejects(applyFields(stage.kube, stage.read, ALL), { code: 'KUBE_SERVER_ERROR' })
  t.match(stage.node('node-a').spec?.taints, [TAINT])
  t.match(stage.node('node-a').status?.addresses, ALL.addresses)
})

t.test('nothing to change is no request', async t => {
  const stage = await stored(t)
  t.equal(await applyFields(stage.kube, stage.read, {}), stage.read)
  t.equal(stage.simulator.requests.count(), 0)
})

t.test('the last taint goes as well', async t => {
  const stage = await stored(t)
  await applyFields(stage.kube, stage.read, { removeTaints: [TAINT.key] })
  t.notOk(stage.node('node-a').spec?.taints?.length)
})

const EVENT = {
  type: 'Normal',
  reason: 'Synced',
  message: 'done',
  component: 'cloud-node-controller',
} as const

t.test('an event is written once for a node', async t => {
  const stage = await stored(t)
  for (let round = 0; round < 2; round++)
    await recordNodeEvents(
      stage.kube,
      stage.read,
      [EVENT, { ...EVENT, message: 'and more' }],
      stage.clock.now(),
    )
  t.strictSame(new Set(stage.events('node-a').map(({ message }) => message)), new Set(['done', 'and more']))
  t.equal(stage.events('node-a').length, 2)
})

t.test('an event that cannot be written is logged, and nobody fails of it', async t => {
  const stage = await stored(t)
  const now = stage.clock.now()
  await tellNode(stage.context, stage.read, [EVENT], now)
  stage.simulator.faults.fail({ resource: 'events' }, { status: 403 })
  await tellNode(stage.context, stage.read, [{ ...EVENT, message: 'and more' }], now)
  t.match(stage.lines, [{ level: 'warn', fields: { node: 'node-a', error: { code: 'KUBE_FORBIDDEN' } } }])
  t.equal(stage.events('node-a').length, 1)
})
