import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import {
  DELETION_WINDOW_MS,
  type DeletionDecision,
  type DeletionInput,
  decideDeletions,
  toMissingSince,
} from '../../../shared/controllers/node/deletion.ts'
import { isReady } from '../../../shared/controllers/node/plan.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { makeNode, type NodeSketch } from '../_make.ts'

const NOW = Date.UTC(2026, 0, 1)
const GRACE_MS = 60_000
const ago = (ms: number): string => new Date(NOW - ms).toISOString()
const DUE = ago(GRACE_MS)
const SIZES = [1, 3, 10, 100]

const idOf = (index: number): string => `id-${index}`
const nameOf = (index: number): string => `node-${index}`

/** A node whose server is gone and has been for the grace time. */
const GONE: NodeSketch = { ready: false, missingSince: DUE }

/** `size` nodes of which the first is as the sketch says and all others are well; `lists` are the servers there are. */
function cluster(size: number, sketch: NodeSketch, change: Partial<DeletionInput> = {}): DeletionInput {
  const nodes = Array.from({ length: size }, (_, index) =>
    makeNode(nameOf(index), { providerID: `phoenixnap://${idOf(index)}`, ...(index === 0 ? sketch : {}) }),
  )
  const others = nodes.slice(1).map((_, index) => idOf(index + 1))
  return {
    nodes,
    instanceIds: new Set(others),
    toOwner,
    now: NOW,
    graceMs: GRACE_MS,
    maxShare: 0.2,
    deletions: [],
    ...change,
  }
}

const names = (nodes: readonly { readonly node: KubeNode }[]): string[] =>
  nodes.map(({ node }) => node.metadata.name)

/** Names by what becomes of them. */
const summary = ({ mark, candidates, held }: DeletionDecision): Record<string, string[]> => ({
  mark: mark.map(({ metadata }) => metadata.name),
  candidates: names(candidates),
  held: names(held),
})
const NOBODY = { mark: [], candidates: [], held: [] }
const FIRST = [nameOf(0)]

/** Each row lacks one condition for a deletion, or none. */
interface Row {
  readonly name: string
  readonly node?: NodeSketch
  readonly change?: (size: number) => Partial<DeletionInput>
  readonly becomes?:
    | Partial<ReturnType<typeof summary>>
    | ((size: number) => Partial<ReturnType<typeof summary>>)
  readonly sizes?: readonly number[]
}

const ROWS: readonly Row[] = [
  { name: 'all conditions are met', becomes: { candidates: FIRST } },
  { name: 'readiness is Unknown', node: { ready: 'Unknown' }, becomes: { candidates: FIRST } },
  { name: 'it is Ready', node: { ready: true }, becomes: { held: FIRST } },
  { name: 'it is being deleted', node: { meta: { deletionTimestamp: ago(0) } } },
  { name: 'its server is in the list', change: size => ({ instanceIds: listed(size, 0) }) },
  { name: 'it is of another cloud', node: { providerID: 'aws:///eu/i-1' } },
  { name: 'it has no provider ID', node: { providerID: undefined } },
  { name: 'it has never been missing', node: { missingSince: undefined }, becomes: { mark: FIRST } },
  { name: 'its mark is no time', node: { missingSince: 'yesterday' }, becomes: { mark: FIRST } },
  { name: 'its mark is empty', node: { missingSince: '' }, becomes: { mark: FIRST } },
  { name: 'its mark lies in the future', node: { missingSince: ago(-86_400_000) }, becomes: { mark: FIRST } },
  {
    name: 'its mark is older than it (it came with a manifest)',
    node: { meta: { creationTimestamp: ago(GRACE_MS - 1000) } },
    becomes: { mark: FIRST },
  },
  {
    name: 'its mark is as old as it',
    node: { meta: { creationTimestamp: DUE } },
    becomes: { candidates: FIRST },
  },
  {
    name: 'it was created before the clock was set back, and never missing',
    node: { missingSince: undefined, meta: { creationTimestamp: ago(-1000) } },
    becomes: { held: FIRST },
  },
  {
    name: 'it was created before the clock was set back, and long missing',
    node: { meta: { creationTimestamp: ago(-1000) } },
    becomes: { held: FIRST },
  },
  {
    name: 'it was created this very moment',
    node: { missingSince: undefined, meta: { creationTimestamp: ago(0) } },
    becomes: { mark: FIRST },
  },
  { name: 'its age is no time', node: { meta: { creationTimestamp: 'x' } }, becomes: { candidates: FIRST } },
  { name: 'its mark lies a moment in the future', node: { missingSince: ago(-1) }, becomes: { mark: FIRST } },
  { name: 'the grace time is not over', node: { missingSince: ago(GRACE_MS - 1) }, becomes: { held: FIRST } },
  { name: 'it was marked this very moment', node: { missingSince: ago(0) }, becomes: { held: FIRST } },
  {
    name: 'the list lacks a Ready node’s server',
    change: size => ({ instanceIds: listed(size, 1) }),
    becomes: { held: [nameOf(0), nameOf(1)] },
    sizes: [3, 10, 100],
  },
  {
    name: 'the list is empty',
    change: () => ({ instanceIds: new Set() }),
    // A few of the Ready nodes are told of it, too.
    becomes: size => ({ held: [0, 1, 2, 3, 4, 5].slice(0, size).map(nameOf) }),
    sizes: [3, 10, 100],
  },
]

/** Ids of all nodes but those of the first `without`… one. */
function listed(size: number, without: number): ReadonlySet<string> {
  const all = Array.from({ length: size }, (_, index) => idOf(index))
  return new Set(without === 0 ? all : all.slice(2))
}

for (const { name, node, change, becomes, sizes = SIZES } of ROWS) {
  for (const size of sizes) {
    t.test(`${size} nodes: ${name}`, async t => {
      const input = cluster(size, { ...GONE, ...node }, change?.(size))
      t.strictSame(summary(decideDeletions(input)), {
        ...NOBODY,
        ...(typeof becomes === 'function' ? becomes(size) : becomes),
      })
    })
  }
}

t.test('what waits is not told to users, a distrusted list is', async t => {
  const waiting = decideDeletions(cluster(3, { ready: false, missingSince: ago(1) }))
  t.strictSame(
    waiting.held.map(({ quiet }) => quiet),
    [true],
  )
  t.match(waiting.held[0]?.why, 'missing for the grace time')
  const early = decideDeletions(cluster(3, { ...GONE, meta: { creationTimestamp: ago(-1000) } }))
  t.match(early.held, [{ quiet: true, reason: 'clock', why: /clock was set back/ }])
  const cut = decideDeletions(cluster(3, GONE, { instanceIds: new Set() }))
  t.notOk(cut.held[0]?.quiet)
  t.match(cut.held[0]?.why, nameOf(1), 'names a node that shows it')
  t.match(cut.held[1]?.why, 'delete the node', 'and says to that node what to do')
  t.strictSame(
    cut.held.map(({ reason }) => reason),
    ['list-distrusted', 'ready', 'ready'],
  )
})

t.test('the oldest goes first', async t => {
  const marks = [ago(GRACE_MS + 5), ago(GRACE_MS + 9), ago(GRACE_MS + 7)]
  const nodes = marks.map((missingSince, index) =>
    makeNode(nameOf(index), { providerID: idOf(index), ready: false, missingSince }),
  )
  const { candidates } = decideDeletions(cluster(1, {}, { nodes, instanceIds: new Set() }))
  t.strictSame(
    candidates.map(({ id }) => id),
    [idOf(1), idOf(2), idOf(0)],
  )
})

const INSIDE = NOW - DELETION_WINDOW_MS + 1
const OUTSIDE = NOW - DELETION_WINDOW_MS
const many = (count: number, time: number): number[] => Array.from({ length: count }, () => time)

/** [nodes now, share, times of deletions, allowance] */
const ALLOWANCES: readonly [size: number, share: number, deletions: readonly number[], allowance: number][] =
  [
    [1, 0.2, [], 1],
    [3, 0.2, [], 1],
    [10, 0.2, [], 2],
    [14, 0.2, [], 2],
    [100, 0.2, [], 20],
    [100, 0, [], 1],
    [100, 1, [], 100],
    [2, 0.2, [INSIDE], 0],
    [2, 0.2, [OUTSIDE], 1],
    [9, 0.2, [INSIDE], 1],
    [8, 0.2, [INSIDE, INSIDE], 0],
    [90, 0.2, many(10, INSIDE), 10],
    [80, 0.2, many(20, INSIDE), 0],
    [80, 0.2, many(25, INSIDE), 0],
    [80, 0.2, [...many(20, OUTSIDE), INSIDE], 15],
    [100, 0.2, many(3, NOW), 17],
  ]
for (const [size, maxShare, deletions, allowance] of ALLOWANCES) {
  t.test(`${size} nodes, a share of ${maxShare}, ${deletions.length} noted: ${allowance}`, async t => {
    t.equal(decideDeletions(cluster(size, {}, { maxShare, deletions })).allowance, allowance)
  })
}

t.test('a node that says nothing of itself is nobody’s', async t => {
  const input = cluster(1, GONE, { nodes: [{ metadata: { name: nameOf(0) } }] })
  t.strictSame(summary(decideDeletions(input)), NOBODY)
})

t.test('nodes of others do not raise the allowance', async t => {
  const others = Array.from({ length: 90 }, (_, i) => makeNode(`aws-${i}`, { providerID: `aws:///x/${i}` }))
  const { nodes } = cluster(10, {})
  t.equal(decideDeletions(cluster(10, {}, { nodes: [...nodes, ...others] })).allowance, 2)
})

t.test('reads a mark', async t => {
  t.equal(toMissingSince(makeNode('node-a', { missingSince: DUE })), NOW - GRACE_MS)
  t.equal(toMissingSince(makeNode('node-a', { missingSince: 'garbage' })), undefined)
  t.equal(toMissingSince(makeNode('node-a')), undefined)
  t.equal(toMissingSince({ metadata: { name: 'node-a' } }), undefined)
})

const sketches = fc.array(
  fc.record({
    ready: fc.constantFrom(true, false, 'Unknown' as const),
    listed: fc.boolean(),
    provider: fc.constantFrom('phoenixnap://', 'bmc://servers/', '', 'aws:///zone/', 'none'),
    ageMs: fc.option(fc.integer({ min: -2 * GRACE_MS, max: 3 * GRACE_MS }), { nil: undefined }),
  }),
  { maxLength: 30 },
)
const times = fc.array(fc.integer({ min: NOW - 2 * DELETION_WINDOW_MS, max: NOW }), { maxLength: 12 })

t.test(
  'whatever the cluster: nothing Ready, foreign, listed or young, and never more than the share',
  async t => {
    fc.assert(
      fc.property(
        sketches,
        times,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, deletions, maxShare) => {
          const nodes = rows.map(({ provider, ready, ageMs }, index) =>
            makeNode(nameOf(index), {
              ready,
              ...(provider === 'none' ? {} : { providerID: provider + idOf(index) }),
              ...(ageMs === undefined ? {} : { missingSince: ago(ageMs) }),
            }),
          )
          const instanceIds = new Set(rows.flatMap((row, index) => (row.listed ? [idOf(index)] : [])))
          const input = cluster(0, {}, { nodes, instanceIds, deletions, maxShare })
          const { mark, candidates, allowance } = decideDeletions(input)
          for (const { node, id } of candidates) {
            assert.ok(!isReady(node))
            assert.ok(!instanceIds.has(id))
            assert.strictEqual(toOwner(node.spec?.providerID).owner, 'ours')
            const since = toMissingSince(node)
            assert.ok(since !== undefined && NOW - since >= GRACE_MS)
          }
          const ours = nodes.filter(({ spec }) => toOwner(spec?.providerID).owner === 'ours')
          const recent = deletions.filter(time => time > NOW - DELETION_WINDOW_MS).length
          assert.ok(allowance >= 0)
          if (allowance > 0)
            assert.ok(allowance + recent <= Math.max(1, Math.floor(maxShare * (ours.length + recent))))
          assert.ok(!mark.some(node => candidates.some(candidate => candidate.node === node)))
          const proof = ours.some(node => {
            const owner = toOwner(node.spec?.providerID)
            return owner.owner === 'ours' && isReady(node) && !instanceIds.has(owner.id)
          })
          if (proof) assert.strictEqual(mark.length + candidates.length, 0, 'the list is cut')
        },
      ),
      { numRuns: 500 },
    )
    t.pass('held')
  },
)
