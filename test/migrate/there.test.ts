import t from 'tap'
import { getAnnouncer } from '../../shared/announcers/announcers.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { planThere } from '../../shared/migrate/there.ts'
import type { MigrateView } from '../../shared/migrate/view.ts'
import { makeInstance, makeNode } from '../controllers/_make.ts'
import { KEEPS as ADDRESS, claimOf, kubeVip, OWN, toBlock, toLeft, toView } from './_view.ts'

const OTHER = '203.0.113.2'
const BLOCK = toBlock('b1', '198.51.100.0/29')

const plan = (view: Partial<MigrateView>) => planThere(toView(view))

const STEPS = [
  'Stop the Go program, and keep its manifest and its Secret: kubectl -n kube-system delete deployment cloud-provider-phoenixnap',
  'Look again: cloud-provider-phoenixnap migrate (it ends with 0 when nothing is in the way)',
  'Start the handlers with the same settings, and register: docs/guides/run-serve.md or docs/guides/run-as-functions.md',
  'After the first pass: cloud-provider-phoenixnap doctor',
]

t.test('where nothing is left, nothing is to be done but to change over', async t => {
  t.strictSame(plan({}), { way: 'there', items: [], inTheWay: [], notes: [], steps: STEPS })
})

t.test('each node, by its provider ID and taint', async t => {
  const owners = { mine: { owner: 'ours', id: 's1' }, gone: { owner: 'ours', id: 's2' } } as const
  const view = {
    instances: [makeInstance('s0'), makeInstance('s1')],
    providerIDOwner: (providerID: string | undefined) =>
      providerID === undefined
        ? ({ owner: 'none' } as const)
        : (owners[providerID as keyof typeof owners] ?? ({ owner: 'other' } as const)),
    nodes: [
      makeNode('known', { providerID: 'mine' }),
      makeNode('lost', { providerID: 'gone' }),
      makeNode('foreign', { providerID: 'aws:///i-0' }),
      makeNode('joining', { uninitialized: true }),
      makeNode('bare'),
      { metadata: { name: 'empty' } },
    ],
  }
  t.strictSame(plan(view), {
    way: 'there',
    items: [
      ['known', 'is taken over', 'its provider ID is that of server s1'],
      ['lost', 'is deleted once it is not Ready', 'there is no server s2'],
      ['foreign', 'is left alone', 'its provider ID is of another provider'],
      ['joining', 'is initialised', 'it has the taint and no provider ID'],
      ['bare', 'is left alone', 'it has neither taint nor provider ID'],
      ['empty', 'is left alone', 'it has neither taint nor provider ID'],
    ].map(([name, outcome, why]) => ({ kind: 'Node', name, outcome, why })),
    inTheWay: [],
    notes: [],
    steps: STEPS,
  })
})

const HELD = ['phoenixnap.com/load-balancer']
const UNLIKE = (addresses: string): string =>
  `Service default/web: its field, annotation and status name different addresses (${addresses}): make them one`
/** [what it is, the Service, besides, outcome, why, what is in the way] */
const SERVICES: readonly (readonly [
  what: string,
  service: KubeService,
  view: Partial<MigrateView>,
  outcome: string,
  why: string | RegExp,
  inTheWay?: string | RegExp,
])[] = [
  [
    'whose address lies in a block',
    toLeft(),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
  ],
  [
    'with a block of its own',
    toLeft(),
    { blocks: [OWN] },
    `keeps ${ADDRESS}`,
    'block own (198.51.100.0/29, assigned) was bought for it',
  ],
  [
    'in a block that was bought for one of the same name elsewhere',
    toLeft(),
    { blocks: [{ ...OWN, dedicatedTo: { namespace: 'other', name: 'web' } }] },
    `keeps ${ADDRESS}`,
    'it lies in block own (198.51.100.0/29, assigned)',
  ],
  [
    'whose block is marked',
    toLeft(),
    { blocks: [{ ...OWN, dedicatedTo: undefined, marked: true }] },
    `keeps ${ADDRESS}`,
    'block own (198.51.100.0/29, assigned) is marked as to be given back; the mark is taken off',
  ],
  [
    'with a claim alone',
    toLeft(),
    { book: { claims: [claimOf(ADDRESS, 'active', 'b9')], gates: [], unreadable: [], now: 0 } },
    `keeps ${ADDRESS}`,
    'it is claimed',
  ],
  [
    'that is held here already',
    toLeft({ finalizers: HELD, status: [OTHER] }),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}, ${OTHER}`,
    'it is held by this program already',
  ],
  [
    'without finalizers',
    { ...toLeft(), metadata: { namespace: 'default', name: 'web' } },
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
  ],
  [
    'without finalizers, with an address of somebody else',
    { ...toLeft({ field: OTHER }), metadata: { namespace: 'default', name: 'web' } },
    { blocks: [BLOCK] },
    'is left alone',
    /203\.0\.113\.2.* lies in no block/,
  ],
  [
    'without any address',
    toLeft({ field: '' }),
    { blocks: [BLOCK] },
    'gets an address',
    'it has none yet; a block that was bought for it is used',
  ],
  [
    'that names its address in the annotation alone',
    toLeft({ field: '', annotation: ADDRESS }),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
  ],
  [
    'that has its address in the status alone',
    toLeft({ field: '', status: [ADDRESS] }),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
  ],
  [
    'with two addresses and no pin',
    toLeft({ field: '', status: [ADDRESS, '198.51.100.3'] }),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}, 198.51.100.3`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
  ],
  [
    'whose field and status differ',
    toLeft({ status: ['198.51.100.3'] }),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}, 198.51.100.3`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
    UNLIKE(`${ADDRESS}, 198.51.100.3`),
  ],
  [
    'that is pinned to all that it has',
    toLeft({ field: `${ADDRESS},198.51.100.3`, status: [ADDRESS] }),
    { blocks: [BLOCK] },
    `keeps ${ADDRESS}, 198.51.100.3`,
    'it lies in block b1 (198.51.100.0/29, assigned)',
  ],
  [
    'whose block has gone',
    toLeft({ field: OTHER }),
    { blocks: [BLOCK] },
    'is left alone',
    /203\.0\.113\.2.* lies in no block/,
    /^Service default\/web: .* lies in no block .* \(its block has gone or lost its tags: give them back to the block, or annotate it phoenixnap\.com\/manage=true for a new address\)$/,
  ],
  [
    'of somebody else',
    toLeft({ field: OTHER, finalizers: [] }),
    { blocks: [BLOCK] },
    'is left alone',
    /203\.0\.113\.2.* lies in no block/,
  ],
  [
    'that is being deleted',
    toLeft({ deleted: true }),
    { blocks: [BLOCK] },
    'is cleaned up',
    'it is being deleted, or is not to be served',
  ],
  [
    'that is being deleted and has a block of its own',
    toLeft({ deleted: true, field: '' }),
    { blocks: [OWN] },
    'is cleaned up',
    'it is being deleted, or is not to be served',
  ],
  [
    'that somebody else deletes',
    toLeft({ deleted: true, finalizers: [] }),
    {},
    'is left alone',
    'it is being deleted and is not ours',
  ],
  [
    'while load balancers are disabled',
    toLeft({ finalizers: [] }),
    { announcer: undefined, blocks: undefined },
    'is left alone',
    'load balancers are disabled',
  ],
  [
    'that is left while load balancers are disabled',
    toLeft(),
    { announcer: undefined, blocks: undefined },
    'is left alone',
    'load balancers are disabled',
    'PNAP_LOAD_BALANCER is not set, but Services have addresses of the Go program: give it as that program had it',
  ],
]
for (const [what, service, view, outcome, why, inTheWay] of SERVICES)
  t.test(`a Service ${what}`, async t => {
    const { items, ...rest } = plan({ services: [service], ...view })
    t.match(items[0], { kind: 'Service', name: 'default/web', outcome, why })
    t.strictSame(items[0]?.outcome, outcome)
    t.equal(items.filter(({ kind }) => kind === 'Service').length, 1)
    t.equal(rest.inTheWay.length, inTheWay === undefined ? 0 : 1)
    t.match(rest.inTheWay, inTheWay === undefined ? [] : [inTheWay])
  })

t.test('what is no load balancer is passed over', async t => {
  const services = [toLeft({ type: 'ClusterIP' }), { metadata: { namespace: 'default', name: 'bare' } }]
  t.strictSame(plan({ services, blocks: undefined }).items, [])
  t.strictSame(plan({ services, blocks: undefined }).inTheWay, [])
})

t.test('an address of several Services is in the way, however it is named', async t => {
  const both = [toLeft(), toLeft({ name: 'web-2', field: '', status: [ADDRESS] })]
  const inTheWay = [`${ADDRESS} is used by default/web and default/web-2: only one can have it`]
  t.strictSame(plan({ services: both, blocks: [BLOCK] }).inTheWay, inTheWay)
  const pinned = [toLeft({ status: [] }), toLeft({ name: 'web-2', status: [] })]
  t.strictSame(plan({ services: pinned, blocks: [BLOCK] }).inTheWay, inTheWay, 'by the field alone')
  const apart = [toLeft(), toLeft({ name: 'web-2', field: '198.51.100.3' })]
  t.strictSame(plan({ services: apart, blocks: [BLOCK] }).inTheWay, [])
})

t.test('blocks of nobody are given back', async t => {
  const blocks = [
    toBlock('free', '203.0.113.0/29'),
    toBlock('gone', '203.0.113.8/29', 'gone'),
    { ...toBlock('marked', '203.0.113.16/29'), marked: true },
    { ...toBlock('both', '203.0.113.24/29', 'gone'), marked: true },
    OWN,
  ]
  const outcome = 'is given back unless a Service has an address in it'
  t.strictSame(
    plan({ services: [toLeft()], blocks }).items.slice(1),
    [
      ['gone (203.0.113.8/29)', 'its Service default/gone has gone'],
      ['marked (203.0.113.16/29)', 'it is marked'],
      ['both (203.0.113.24/29)', 'it is marked'],
    ].map(([name, why]) => ({ kind: 'IPBlock', name, outcome, why })),
  )
})

t.test('the Secret is named with what it gives, or is in the way', async t => {
  const secret = { name: 'a/b', text: 'x', settings: ['PNAP_LOCATION', 'PNAP_CLIENT_ID'], problems: [] }
  const outcome = 'can be read as it is (--cloud-config)'
  t.strictSame(plan({ secret }).items, [
    { kind: 'Secret', name: 'a/b', outcome, why: 'it gives PNAP_LOCATION, PNAP_CLIENT_ID' },
  ])
  const broken = plan({ secret: { ...secret, problems: ['X is missing', 'Y is wrong'] } })
  t.strictSame([broken.items, broken.inTheWay], [[], ['Secret a/b: X is missing', 'Secret a/b: Y is wrong']])
})

t.test('what else is in the way, in the order in which it is put right', async t => {
  const { inTheWay, notes } = plan({ problems: ['X is wrong'], managers: ['Pod a/b'] })
  t.strictSame(inTheWay, ['settings: X is wrong', 'the Go program still runs: Pod a/b'])
  t.strictSame(notes, [])
})

t.test('another announcer is noted', async t => {
  const note =
    'The Go program knows kube-vip alone: with another announcer, take kube-vip away first, or both announce the same addresses.'
  const metallb = getAnnouncer('metallb', { metallbNamespace: 'metallb-system' })
  t.strictSame(plan({ announcer: metallb }).notes, [note])
  t.strictSame(plan({ announcer: kubeVip }).notes, [])
  t.strictSame(plan({ announcer: undefined }).notes, [])
})
