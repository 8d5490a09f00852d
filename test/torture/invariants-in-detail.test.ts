import t from 'tap'
import type { InvariantId } from '../../torture/invariants/table.ts'
import { ADDRESS, block, claim, gate, node, OUR_TAGS, RESYNC, server, service } from './_objects.ts'
import { CONTROLLER, type Told, tellByHand } from './_told.ts'

const USER = 'admin'
const UNUSED = { 'unused-since': '2026-01-01T00:00:00Z' }
const SHUT = { providerID: 'phoenixnap://s1', isShut: true }
const SECOND = { id: 'b2', cidr: '198.19.0.32/29' }

/** Further ways to violate some of them. */
const BAD: Readonly<Record<string, readonly [InvariantId, (told: Told) => void]>> = {
  'a node without provider ID and taint is changed': [
    '5b',
    told => {
      told.servers([server('s1', 'node-a')])
      told.store(USER, 'nodes', node('node-a', { addresses: [] }))
      told.store(CONTROLLER, 'nodes', node('node-a'))
    },
  ],
  'a node is Ready again, and keeps its shutdown taint': [
    '8b',
    told => {
      told.servers([server('s1', 'node-a')])
      told.store(USER, 'nodes', node('node-a', SHUT))
      told.atRest()
    },
  ],
  'a server is powered off, and its node has no shutdown taint': [
    '8b',
    told => {
      told.servers([{ ...server('s1', 'node-a'), status: 'powered-off' }])
      told.store(USER, 'nodes', node('node-a', { ...SHUT, isShut: false, ready: false }))
      told.atRest()
    },
  ],
}

for (const [name, [id, tell]] of Object.entries(BAD)) {
  t.test(`${id} ${name}`, async t => {
    const told = tellByHand([block()])
    tell(told)
    const found = told.violations.filter(({ invariant }) => invariant === id)
    t.not(found.length, 0, JSON.stringify(told.violations))
  })
}

t.test('no violation: a node whose server is powered off', async t => {
  const told = tellByHand()
  told.servers([{ ...server('s1', 'node-a'), status: 'powered-off' }])
  told.store(USER, 'nodes', node('node-a', { ...SHUT, ready: false }))
  told.atRest()
  t.strictSame(told.violations, [])
})

for (const [taken, isWrong] of [
  [1, true],
  [4, true],
  [5, false],
] as const)
  t.test(`2a a block is bought beside one of which ${taken} addresses of 5 are taken`, async t => {
    const told = tellByHand()
    const buy = (...blocks: Parameters<typeof told.cloud>[2]): void =>
      told.cloud(CONTROLLER, 'POST /ips/v1/ip-blocks', blocks)
    told.store(USER, 'services', service('web', ''))
    buy(block({ status: 'assigning' }))
    told.store(CONTROLLER, 'ipaddresses', gate())
    for (let index = 0; index < taken; index++)
      told.store(CONTROLLER, 'ipaddresses', claim(`api-${index}`, {}, `198.19.0.${18 + index}`))
    buy(block(), block({ ...SECOND, status: 'creating' }))
    const found = told.violations.filter(({ invariant }) => invariant === '2a')
    t.equal(found.length, isWrong ? 1 : 0)
  })

for (const [minutes, isWrong] of [
  [4, false],
  [6, true],
] as const)
  t.test(`2a a block is bought ${minutes} minutes after who lost his address wanted another`, async t => {
    const told = tellByHand([block()])
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'services', service('web', ADDRESS))
    told.store(CONTROLLER, 'ipaddresses', claim('db'))
    told.store(USER, 'services', service('web', ADDRESS, { spec: { type: 'ClusterIP' } }))
    told.minutes(minutes)
    told.cloud(CONTROLLER, 'POST /ips/v1/ip-blocks', [block(), block({ ...SECOND, status: 'creating' })])
    const found = told.violations.filter(({ invariant }) => invariant === '2a')
    t.equal(found.length, isWrong ? 1 : 0)
  })

for (const [holder, isWrong] of [
  ['web', true],
  ['db', false],
] as const)
  t.test(`2a a block is bought beside a Service whose address is claimed for ${holder}`, async t => {
    const told = tellByHand([block()])
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'services', service('web', ADDRESS))
    told.store(CONTROLLER, 'ipaddresses', claim(holder))
    told.cloud(CONTROLLER, 'POST /ips/v1/ip-blocks', [block(), block({ ...SECOND, status: 'creating' })])
    const found = told.violations.filter(({ invariant }) => invariant === '2a')
    t.equal(found.length, isWrong ? 1 : 0)
  })

const toOwn = (name: string) => ({ ...OUR_TAGS, serviceNamespace: 'default', serviceName: name })

/** Two blocks that nobody has used for an hour, where so many addresses are to stay free. */
function tellSpares(minFreeAddresses: number, tags = OUR_TAGS): Told {
  const told = tellByHand([block(), block(SECOND, tags)], { minFreeAddresses })
  told.store(CONTROLLER, 'ipaddresses', gate(UNUSED))
  told.store(CONTROLLER, 'ipaddresses', gate({ ...UNUSED, 'block-id': 'b2' }, '198.19.0.32'))
  told.minutes(60)
  told.atRest()
  return told
}

t.test('2b more than the spare addresses need is kept', async t => {
  t.strictSame(
    tellSpares(5).violations.map(({ invariant, object }) => [invariant, object]),
    [
      ['2b', 'ip-blocks b1'],
      ['2b', 'ip-blocks b2'],
    ],
  )
})

t.test('no violation: as many spare addresses are kept as need be', async t => {
  t.strictSame(tellSpares(6).violations, [])
})

t.test('2b a block of one Service alone is kept as if all of it were spare', async t => {
  t.strictSame(
    tellSpares(5, toOwn('db')).violations.map(({ invariant, object }) => [invariant, object]),
    [['2b', 'ip-blocks b2']],
  )
})

const BLOCKS_LEASE =
  '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-provider-phoenixnap-ip-blocks'

for (const [addresses, isWrong] of [
  ['', false],
  ['198.19.0.18', true],
] as const)
  t.test(`6c the Lease of the blocks at rest, while ${isWrong ? 'nobody' : 'a Service'} waits`, async t => {
    const told = tellByHand([block()])
    told.store(USER, 'services', service('web', addresses))
    told.rest()
    told.request(CONTROLLER, { method: 'PATCH', path: BLOCKS_LEASE })
    t.equal(
      told.violations.some(({ invariant }) => invariant === '6c'),
      isWrong,
    )
  })

t.test('8a one Service that somebody keeps bad excuses no other one', async t => {
  const told = tellByHand([block()], {}, text => text.includes('odd'))
  told.store(CONTROLLER, 'ipaddresses', gate(UNUSED))
  told.store(USER, 'services', service('odd', ''))
  told.store(USER, 'services', service('web', ''))
  told.atRest()
  const unserved = told.violations.filter(({ invariant }) => invariant === '8a')
  t.strictSame(
    unserved.map(({ object }) => object),
    ['services web'],
  )
})

const SMALL = { cidr: '198.19.0.16/30', cidrBlockSize: '/30' }
const DEDICATED = { ipAllocation: 'dedicated' } as const
const OWN_FIRST = claim('db')

for (const [what, blocks, claims, settings, isWrong] of [
  ['/30 of another one alone', [block(SMALL, toOwn('db'))], [], {}, false],
  ['/30 of its own', [block(SMALL, toOwn('web'))], [], {}, true],
  ['/29 of another one alone', [block({}, toOwn('db'))], [], {}, true],
  ['/29 of another one that has its own of it', [block({}, toOwn('db'))], [OWN_FIRST], {}, true],
  [
    '/29 of which only the first is free, which is another one’s',
    [block({}, toOwn('db'))],
    ['19', '20', '21', '22'].map(last => claim('db', {}, `198.19.0.${last}`)),
    {},
    false,
  ],
  ['block of its own, as every Service has', [block({}, toOwn('web'))], [], DEDICATED, true],
  ['block of another one, as every Service has', [block({}, toOwn('db'))], [], DEDICATED, false],
] as const)
  t.test(`8a a Service waits ${isWrong ? 'for nothing' : 'rightly'} beside a ${what}`, async t => {
    const told = tellByHand(blocks, { maxBlocks: 1, ...settings })
    told.store(CONTROLLER, 'ipaddresses', gate(UNUSED))
    for (const object of claims) told.store(CONTROLLER, 'ipaddresses', object)
    told.store(USER, 'services', service('web', ''))
    told.atRest()
    const unserved = told.violations.filter(({ invariant }) => invariant === '8a')
    t.strictSame(
      unserved.map(({ object }) => object),
      isWrong ? ['services web'] : [],
    )
  })

const toBlock = (number: number) =>
  block({ id: `b${number}`, cidr: `203.0.113.${8 * number}/29` }, toOwn(`db-${number}`))

for (const [name, onNetwork, found] of [
  ['the tenth block is on its way to the network', 9, []],
  ['there is room for one more', 8, ['8a']],
] as const) {
  t.test(`a Service waits, and ${name}`, async t => {
    const coming = { ...toBlock(30), status: 'unassigned' } as const
    const { assignedResourceId: _network, ...elsewhere } = coming
    const blocks = Array.from({ length: onNetwork }, (_, number) => toBlock(number))
    const told = tellByHand([...blocks, elsewhere], { ipAllocation: 'dedicated', maxBlocks: 99 })
    told.store(USER, 'services', service('web', ''))
    told.atRest()
    t.strictSame(
      told.violations.flatMap(({ invariant }) => (invariant === '8a' ? invariant : [])),
      found,
    )
  })
}

for (const [then, later, isWrong] of [
  [0, 10, false],
  [10, 0, false],
  [10, 10, true],
] as const)
  t.test(
    `1g a claim ends while addresses rest for ${then} minutes, and another comes at ${later}`,
    async t => {
      const told = tellByHand([block()])
      const setRest = (minutes: number): void => told.configure({ releaseQuarantineMs: minutes * 60_000 })
      const released = { state: 'released', 'service-uid': '' }
      told.store(CONTROLLER, 'ipaddresses', gate())
      told.store(CONTROLLER, 'ipaddresses', claim('web'))
      setRest(then)
      told.store(CONTROLLER, 'ipaddresses', claim('web', released))
      told.store(CONTROLLER, 'ipaddresses', undefined, claim('web', released))
      told.minutes(5)
      setRest(later)
      told.store(CONTROLLER, 'ipaddresses', claim('api'))
      t.strictSame(
        told.violations.map(({ invariant }) => invariant),
        isWrong ? ['1g'] : [],
      )
    },
  )

for (const by of [USER, CONTROLLER])
  t.test(`2b a block is given back whose gate ${by} began to close too early`, async t => {
    const told = tellByHand([block()])
    told.store(CONTROLLER, 'ipaddresses', gate(UNUSED))
    told.store(by, 'ipaddresses', gate({ ...UNUSED, state: 'closing' }))
    told.minutes(2)
    told.store(CONTROLLER, 'leases', {
      ...RESYNC,
      spec: { renewTime: '2026-01-01T00:02:00Z' },
    })
    told.minutes(5)
    told.store(CONTROLLER, 'ipaddresses', gate({ ...UNUSED, state: 'closed' }))
    told.minutes(1)
    told.cloud(CONTROLLER, 'PUT /ips/…', [block({}, { ...OUR_TAGS, delete: 'true' })])
    t.strictSame(
      told.violations.map(({ invariant }) => invariant),
      by === USER ? [] : ['2b'],
    )
  })
