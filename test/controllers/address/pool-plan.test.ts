import t from 'tap'
import type { PoolKind, PoolObject } from '../../../shared/announcers/contract.ts'
import {
  POOL_LABELS,
  type PoolCollection,
  type PoolPlan,
  planPools,
  type StoredPool,
} from '../../../shared/controllers/address/pool-plan.ts'

const OLD: PoolKind = {
  apiVersion: 'example.com/v1alpha1',
  kind: 'Pool',
  path: '/apis/example.com/v1alpha1/pools',
  crd: 'pools.example.com',
}
const KIND: PoolKind = {
  ...OLD,
  apiVersion: 'example.com/v1',
  path: '/apis/example.com/v1/pools',
  fallback: OLD,
}
const OTHER: PoolKind = {
  ...OLD,
  kind: 'Group',
  path: '/apis/example.com/v1/groups',
  crd: 'groups.example.com',
}

const SPEC = { addresses: ['203.0.113.9/32'], autoAssign: false }
const want = (spec: PoolObject['spec'] = SPEC, name = 'pool', kind = KIND): PoolObject => ({
  kind,
  name,
  spec,
})
const store = (
  spec: StoredPool['spec'] = SPEC,
  metadata: Partial<StoredPool['metadata']> = {},
): StoredPool => ({
  metadata: { name: 'pool', labels: POOL_LABELS, uid: 'u', resourceVersion: '1', ...metadata },
  spec,
})
const bare: StoredPool = { metadata: store().metadata }
const foreign: readonly StoredPool[] = [
  { metadata: { name: 'pool', uid: 'u', resourceVersion: '1' }, spec: SPEC },
  store(SPEC, { labels: {} }),
  store(SPEC, { labels: { ...POOL_LABELS, 'app.kubernetes.io/managed-by': 'somebody' } }),
]
const served = (...pools: readonly StoredPool[]): PoolCollection => ({ kind: KIND, served: KIND, pools })
const absent: PoolCollection = { kind: KIND, served: undefined, pools: [] }

const NOTHING: PoolPlan = { actions: [], missing: [], problems: [] }
const acts = (...actions: PoolPlan['actions']): PoolPlan => ({ ...NOTHING, actions })
const create = { do: 'create', kind: KIND, name: 'pool', spec: SPEC } as const
const update = (stored: StoredPool, spec: PoolObject['spec'], why: string): PoolPlan =>
  acts({ do: 'update', kind: KIND, name: 'pool', stored, spec, why })
const remove = (stored: StoredPool): PoolPlan =>
  acts({ do: 'delete', kind: KIND, name: stored.metadata.name, stored, why: 'no claimed address needs it' })
const CREATED = acts({ ...create, why: 'claimed addresses are in no pool' })
const FOREIGN: PoolPlan = {
  ...NOTHING,
  problems: [
    {
      name: 'pool',
      code: 'CCM_POOL_FOREIGN',
      message:
        'Pool pool is not ours: it lacks the label app.kubernetes.io/managed-by=cloud-provider-phoenixnap',
    },
  ],
}
const MISSING: PoolPlan = {
  actions: [],
  missing: ['pools.example.com'],
  problems: [
    {
      name: 'pools.example.com',
      code: 'CCM_ANNOUNCER_MISSING',
      message: 'the cluster has no CustomResourceDefinition pools.example.com',
    },
  ],
}

const two = { addresses: ['203.0.113.9/32', '203.0.113.10/32'], autoAssign: false }
const moved = { ...two, addresses: ['203.0.113.9/32', '203.0.113.11/32'] }
const nested = { blocks: [{ cidr: '203.0.113.9/32' }], selector: { labels: { app: 'web' } } }
const wider = { addresses: SPEC.addresses, autoAssign: true, avoidBuggyIPs: true }

const CASES: readonly [
  name: string,
  collection: PoolCollection,
  wanted: readonly PoolObject[],
  plan: PoolPlan,
][] = [
  ['a pool that is needed is made', served(), [want()], CREATED],
  ['beside those of others', served(store(SPEC, { name: 'other', labels: {} })), [want()], CREATED],
  ['what is right is not written', served(store()), [want()], NOTHING],
  [
    'what an operator adds to it stays, in lists of objects as well',
    served(
      store({
        ...nested,
        blocks: [{ cidr: '203.0.113.9/32', note: 'mine' }],
        selector: { labels: { app: 'web', tier: 'edge' }, more: 1 },
        avoidBuggyIPs: true,
      }),
    ),
    [want(nested)],
    NOTHING,
  ],
  ['an address is added', served(store()), [want(two)], update(store(), two, 'spec.addresses differs')],
  [
    'an address that nobody claims is taken out',
    served(store(two)),
    [want()],
    update(store(two), SPEC, 'spec.addresses differs'),
  ],
  [
    'an address is exchanged',
    served(store(moved)),
    [want(two)],
    update(store(moved), two, 'spec.addresses differs'),
  ],
  [
    'a label is not what is wanted, another one is',
    served(store({ selector: { app: 'web', tier: 'edge' } })),
    [want({ selector: { app: 'web', tier: 'core' } })],
    update(
      store({ selector: { app: 'web', tier: 'edge' } }),
      { selector: { app: 'web', tier: 'core' } },
      'spec.selector differs',
    ),
  ],
  [
    'what an operator changes of ours is put right, and nothing else is named',
    served(store(wider)),
    [want()],
    update(store(wider), SPEC, 'spec.autoAssign differs'),
  ],
  [
    'each field that differs is named',
    served(bare),
    [want()],
    update(bare, SPEC, 'spec.addresses, spec.autoAssign differs'),
  ],
  ...[undefined, null, 'x', [], {}].map((selector): (typeof CASES)[number] => [
    `${JSON.stringify(selector)} where an object is needed is put right`,
    served(store({ ...nested, selector })),
    [want(nested)],
    update(store({ ...nested, selector }), nested, 'spec.selector differs'),
  ]),
  ...[undefined, '203.0.113.9/32', { 0: '203.0.113.9/32', length: 1 }].map(
    (addresses): (typeof CASES)[number] => [
      `${JSON.stringify(addresses)} where a list is needed is put right`,
      served(store({ ...SPEC, addresses })),
      [want()],
      update(store({ ...SPEC, addresses }), SPEC, 'spec.addresses differs'),
    ],
  ),
  ['a pool that no claim needs is deleted', served(store()), [], remove(store())],
  [
    'each one by itself',
    served(store(), store(SPEC, { name: 'before' })),
    [want()],
    remove(store(SPEC, { name: 'before' })),
  ],
  [
    'one that is being deleted is not deleted again',
    served(store(SPEC, { deletionTimestamp: '2026-01-01T00:00:00Z' })),
    [],
    NOTHING,
  ],
  ...foreign.flatMap((pool): (typeof CASES)[number][] => {
    const labels = JSON.stringify(pool.metadata.labels)
    return [
      [`one without our label is never deleted: ${labels}`, served(pool), [], NOTHING],
      [`nor changed, and the name says so: ${labels}`, served(pool), [want(two)], FOREIGN],
    ]
  }),
  ['a kind that the cluster lacks is named', absent, [want()], MISSING],
  ['once it is needed', absent, [], NOTHING],
]
for (const [name, collection, wanted, plan] of CASES)
  t.test(name, async t => {
    t.strictSame(planPools([collection], wanted), plan)
  })

t.test('pools are written in the version that the cluster serves', async t => {
  const kinds = (...pools: readonly StoredPool[]) =>
    planPools([{ kind: KIND, served: OLD, pools }], [want(two)]).actions.map(({ kind }) => kind)
  t.strictSame(kinds(), [OLD])
  t.strictSame(kinds(store()), [OLD])
  t.strictSame(
    planPools([{ kind: KIND, served: OLD, pools: [store()] }], []).actions.map(({ kind }) => kind),
    [OLD],
  )
})

t.test('one kind’s trouble does not stop the others', async t => {
  const other: PoolCollection = { kind: OTHER, served: OTHER, pools: [store({}, { name: 'before' })] }
  t.strictSame(planPools([absent, served(...foreign.slice(0, 1)), other], [want(), want(SPEC, 'g', OTHER)]), {
    actions: [
      { do: 'create', kind: OTHER, name: 'g', spec: SPEC, why: 'claimed addresses are in no pool' },
      {
        do: 'delete',
        kind: OTHER,
        name: 'before',
        stored: store({}, { name: 'before' }),
        why: 'no claimed address needs it',
      },
    ],
    missing: MISSING.missing,
    problems: [...MISSING.problems, ...FOREIGN.problems],
  })
})
