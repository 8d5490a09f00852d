import t from 'tap'
import type { PoolEntry, PoolKind } from '../../../shared/announcers/contract.ts'
import type { Step } from '../../../shared/controllers/unregister/contract.ts'
import { isPoolOfInterest, planPools } from '../../../shared/controllers/unregister/plan-pools.ts'
import type { ClusterView } from '../../../shared/controllers/unregister/view.ts'
import type { ObjectMeta } from '../../../shared/kubernetes/types.ts'
import { ADDRESS, DELETED, LABELS, NAME } from './_view.ts'

const METALLB: PoolKind = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  path: '/apis/metallb.io/v1beta1/ipaddresspools',
  crd: 'ipaddresspools.metallb.io',
}
const META = { name: NAME, uid: 'u', resourceVersion: '1' }
const ENTRIES: readonly PoolEntry[] = [
  { address: ADDRESS, family: 'IPv4', service: { namespace: 'default', name: 'web' } },
]

type Stored = ClusterView['pools'][number]
const toPool = (metadata: Partial<ObjectMeta>, spec?: Record<string, unknown>): Stored => ({
  kind: METALLB,
  pool: { metadata: { ...META, ...metadata }, ...(spec && { spec }) },
})
const isReleased = (address: string): boolean => [ADDRESS, '2001:db8::5'].includes(address)

const HOME = 'lb system'
const BASE: Pick<Step, 'phase' | 'kind' | 'name'> = {
  phase: 'pools',
  kind: 'IPAddressPool',
  name: `${HOME}/${NAME}`,
}
const PATH = `/apis/metallb.io/v1beta1/namespaces/lb%20system/ipaddresspools/${NAME}`
const OURS = { namespace: HOME, labels: LABELS }

t.test(
  'a pool that Services live on becomes the operator’s as it is, and is found by its namespace',
  async t => {
    const labels = {
      'app.kubernetes.io/name': null,
      'app.kubernetes.io/component': null,
      'app.kubernetes.io/part-of': null,
      'app.kubernetes.io/managed-by': null,
    }
    const body = { metadata: { uid: 'u', resourceVersion: '1', labels } }
    t.strictSame(planPools([toPool(OURS)], ENTRIES, undefined), [
      {
        ...BASE,
        action: 'handOver',
        detail: { labels },
        why: "1 address(es) of Services would be withdrawn with it: it is the operator's from now on",
        request: { method: 'PATCH', path: PATH, patch: 'merge', body },
      },
    ])
  },
)

const toDeletion = (why: string, more: Partial<Step['request']> & { name?: string } = {}): Step => {
  const { name = BASE.name, ...request } = more
  const preconditions = { uid: 'u', resourceVersion: '1' }
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions }
  return {
    ...BASE,
    name,
    action: 'delete',
    detail: {},
    why,
    request: { method: 'DELETE', path: PATH, body, ...request },
  }
}

t.test('a pool of ours that nothing needs goes', async t => {
  const why = 'no address that stays is in it'
  t.strictSame(planPools([toPool(OURS)], [], undefined), [toDeletion(why)])
  t.strictSame(planPools([toPool(OURS)], ENTRIES, isReleased), [toDeletion(why)], '--release needs none')
  t.strictSame(planPools([toPool({ labels: LABELS })], [], undefined), [
    toDeletion(why, { name: NAME, path: `/apis/metallb.io/v1beta1/ipaddresspools/${NAME}` }),
  ])
})

t.test('a pool by that name of another announcer is not needed for one’s addresses', async t => {
  const kind = { ...METALLB, crd: 'others.example.org' }
  t.match(planPools([{ ...toPool(OURS), kind }], ENTRIES, undefined), [{ action: 'delete' }])
})

t.test('a pool that is being deleted already is left to that', async t => {
  for (const release of [undefined, isReleased])
    t.strictSame(planPools([toPool({ ...OURS, ...DELETED })], ENTRIES, release), [])
})

const ONE = { addresses: [`${ADDRESS}/32`], autoAssign: false }

/** What an operator’s pool holds, and whether it goes with the addresses. */
const HANDED_OVER: readonly [string, Record<string, unknown> | undefined, boolean][] = [
  ['our address', ONE, true],
  ['our addresses without a length', { addresses: [ADDRESS, '2001:db8::5'] }, true],
  ['our address in another spelling', { blocks: [{ cidr: '2001:DB8:0::5/128' }] }, true],
  [
    'our address as PureLB has it',
    { remote: { v4pools: [{ pool: `${ADDRESS}/32`, aggregation: '/32' }] } },
    true,
  ],
  ['a field of the operator without a value', { ...ONE, serviceAllocation: null }, true],
  ['another address as well', { addresses: [`${ADDRESS}/32`, '192.0.2.1/32'] }, false],
  ['a block around our address', { addresses: [`${ADDRESS}/29`] }, false],
  ['a range', { addresses: [`${ADDRESS}/32`, `${ADDRESS}-203.0.113.5`] }, false],
  ['nothing', { addresses: [] }, false],
  ['no spec', undefined, false],
]
for (const [what, spec, goes] of HANDED_OVER)
  t.test(`--release, a pool that was handed over holds ${what}: ${goes ? 'goes' : 'stays'}`, async t => {
    const steps = planPools([toPool({ namespace: HOME }, spec)], [], isReleased)
    t.strictSame(steps, goes ? [toDeletion('every address in it is given back')] : [])
  })

t.test('without --release an operator’s pool stays', async t => {
  t.strictSame(planPools([toPool({}, ONE)], [], undefined), [])
})

/** [name, labels, of interest] */
const NAMES: readonly [string, Record<string, string>, boolean][] = [
  ['any', LABELS, true],
  ['any', { 'app.kubernetes.io/managed-by': 'Helm' }, false],
  [NAME, {}, true],
  [`${NAME}-203-0-113-3`, {}, true],
  [`${NAME}x`, {}, false],
  [`my-${NAME}`, {}, false],
]
for (const [name, labels, isOf] of NAMES)
  t.test(`looks at a pool ${name} ${JSON.stringify(labels)}: ${isOf}`, async t => {
    t.equal(isPoolOfInterest({ metadata: { name, labels } }), isOf)
    if (Object.keys(labels).length === 0) t.equal(isPoolOfInterest({ metadata: { name } }), isOf)
  })
