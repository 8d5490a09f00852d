import t from 'tap'
import {
  changeTaints,
  mergeFields,
  type NodeAction,
  type NodeFields,
} from '../../../shared/controllers/node/actions.ts'
import { host, ip, TAINT } from '../_make.ts'

const SHUTDOWN = { key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }
const act = (set: NodeFields): NodeAction => ({ do: 'initialise', set, why: 'a test' })

const MERGES: readonly [name: string, sets: readonly NodeFields[], merged: NodeFields][] = [
  ['nothing', [], {}],
  ['one that sets nothing', [{}], {}],
  [
    'all of one',
    [{ providerID: 'p', labels: { a: '1' }, annotations: { b: null }, addresses: [host('n')] }],
    { providerID: 'p', labels: { a: '1' }, annotations: { b: null }, addresses: [host('n')] },
  ],
  ['the first provider ID', [{ providerID: 'p' }, { providerID: 'q' }], { providerID: 'p' }],
  ['the last addresses', [{ addresses: [ip('10.0.0.1')] }, { addresses: [] }], { addresses: [] }],
  [
    'provider ID and addresses of whichever brings them',
    [{ annotations: { b: null } }, { providerID: 'p', addresses: [host('n')] }, { labels: { a: '1' } }],
    { providerID: 'p', addresses: [host('n')], labels: { a: '1' }, annotations: { b: null } },
  ],
  [
    'labels and annotations of all',
    [
      { labels: { a: '1', b: '1' } },
      { labels: { b: '2' }, annotations: { c: '3' } },
      { annotations: { d: null } },
    ],
    { labels: { a: '1', b: '2' }, annotations: { c: '3', d: null } },
  ],
  [
    'taints of all',
    [{ removeTaints: ['a'] }, { removeTaints: ['b'], addTaints: [SHUTDOWN] }],
    { removeTaints: ['a', 'b'], addTaints: [SHUTDOWN] },
  ],
]
for (const [name, sets, merged] of MERGES)
  t.test(`merges ${name}`, async t => {
    t.strictSame(mergeFields(sets.map(act)), merged)
  })

const [FIRST, LAST] = [
  { key: 'first', effect: 'NoExecute' },
  { key: 'last', value: 'x', effect: 'NoSchedule' },
]
t.test('taints go by their key alone, and the others keep their places', async t => {
  const taints = [FIRST, TAINT, { ...TAINT, value: 'other', effect: 'NoExecute' }, LAST]
  t.strictSame(changeTaints(taints, { removeTaints: [TAINT.key] }), [FIRST, LAST])
  t.strictSame(changeTaints(taints, { addTaints: [SHUTDOWN] }), [...taints, SHUTDOWN])
  t.strictSame(changeTaints(taints, {}), taints)
})
