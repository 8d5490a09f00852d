import * as fc from 'fast-check'
import t from 'tap'
import type { Instance } from '../../../shared/cloud-provider/contract.ts'
import type { AddressSource } from '../../../shared/controllers/address/contract.ts'
import {
  buildInventory,
  type InventorySources,
  sameMachine,
  toHolders,
  toMachine,
} from '../../../shared/controllers/inventory/content.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { makeInstance, makeInventory, makeNode } from '../_make.ts'

const MACHINE = { systemUUID: 'uuid-1', machineID: 'machine-1' }
const HOLDER = makeNode('node-a', { providerID: 'phoenixnap://a1', machine: MACHINE })
const SOURCES: InventorySources = {
  instances: [makeInstance('b2'), makeInstance('a1')],
  nodes: [HOLDER, makeNode('node-x', { providerID: 'aws:///x/a1' }), makeNode('node-y')],
  account: 'account-1',
  families: ['IPv4', 'IPv6'],
  previous: undefined,
}
const build = (change: Partial<InventorySources> = {}) => buildInventory({ ...SOURCES, ...change }, toOwner)
const BASE = build()

t.test('entries are sorted and know the node and the machine that joined', async t => {
  t.match(BASE, { account: 'account-1', families: ['IPv4', 'IPv6'] })
  t.strictSame(
    BASE.entries.map(({ id, node, joined }) => ({ id, node, joined })),
    [
      { id: 'a1', node: 'node-a', joined: MACHINE },
      { id: 'b2', node: undefined, joined: undefined },
    ],
  )
})

t.test('only nodes of ours hold a server', async t => {
  const bare = { metadata: { name: 'node-z' } }
  t.strictSame([...toHolders([...SOURCES.nodes, bare], toOwner)], [['a1', HOLDER]])
})

const BLOCKS: AddressSource = { blocks: [], location: 'PHX', memberAddresses: ['203.0.113.2'] }

t.test('what Services get their addresses from is a part of it where there is any', async t => {
  t.strictSame(build({ addresses: BLOCKS }).addresses, BLOCKS)
  t.notOk('addresses' in BASE)
})

t.test('the generation is short, as the Lease bears it', async t => {
  t.match(BASE.generation, /^[0-9a-f]{16}$/)
})

t.test('the generation is the same for the same content in any order', async t => {
  const orders = fc.tuple(
    fc.shuffledSubarray([...SOURCES.instances], { minLength: 2 }),
    fc.shuffledSubarray([...SOURCES.nodes], { minLength: 3 }),
  )
  fc.assert(
    fc.property(orders, ([instances, nodes]) => build({ instances, nodes }).generation === BASE.generation),
  )
  t.equal(build({ previous: BASE }).generation, BASE.generation, 'and when it is built upon itself')
})

const withInstance = (fields: Partial<Instance>): Partial<InventorySources> => ({
  instances: [makeInstance('b2'), makeInstance('a1', fields)],
})
const withNodes = (...nodes: KubeNode[]): Partial<InventorySources> => ({ nodes })

const CHANGES: readonly [name: string, change: Partial<InventorySources>][] = [
  ['hostname', withInstance({ hostname: 'other' })],
  ['instance type', withInstance({ instanceType: 'd1.c1.small' })],
  ['region', withInstance({ region: 'ASH' })],
  ['status', withInstance({ status: 'rebooting' })],
  ['shutdown', withInstance({ shutdown: true })],
  ['terminating', withInstance({ terminating: true })],
  ['a private address', withInstance({ privateAddresses: ['10.0.0.12'] })],
  ['a public address', withInstance({ publicAddresses: [] })],
  ['an additional label', withInstance({ additionalLabels: { 'phoenixnap.com/os': 'x' } })],
  ['one instance less', { instances: [makeInstance('a1')] }],
  ['one instance more', { instances: [...SOURCES.instances, makeInstance('c3')] }],
  ['no node on it', withNodes()],
  ['another node on it', withNodes(makeNode('node-b', { providerID: 'a1', machine: MACHINE }))],
  [
    'another machine',
    withNodes(makeNode('node-a', { providerID: 'a1', machine: { ...MACHINE, machineID: 'machine-2' } })),
  ],
  ['account', { account: 'account-2' }],
  ['addresses', { addresses: BLOCKS }],
  ['families', { families: ['IPv6', 'IPv4'] }],
]
for (const [name, change] of CHANGES)
  t.test(`the generation changes with: ${name}`, async t => {
    t.not(build(change).generation, BASE.generation)
  })

t.test('what a kubelet reports otherwise changes nothing', async t => {
  const busy = makeNode('node-a', { providerID: 'a1', machine: MACHINE, ready: false, labels: { a: 'b' } })
  t.equal(build(withNodes(busy)).generation, BASE.generation)
})

t.test(
  'the machine that joined is remembered after its node is gone, and forgotten with the server',
  async t => {
    const left = build({ nodes: [], previous: BASE })
    t.strictSame(left.entries[0]?.joined, MACHINE)
    t.equal(left.entries[0]?.node, undefined)
    const replaced = build({
      nodes: [makeNode('node-b', { providerID: 'a1', machine: { systemUUID: 'U2', machineID: 'm2' } })],
      previous: left,
    })
    t.strictSame(replaced.entries[0]?.joined, { systemUUID: 'u2', machineID: 'm2' })
    const gone = build({ instances: [], nodes: [], previous: left })
    t.strictSame(build({ nodes: [], previous: gone }).entries[0]?.joined, undefined)
  },
)

t.test('of two nodes with one server the older one holds it, in any order of the list', async t => {
  const [old, young] = [
    makeNode('node-z', { providerID: 'a1', meta: { creationTimestamp: '2026-01-01T00:00:00Z' } }),
    makeNode('node-a', {
      providerID: 'phoenixnap://a1',
      meta: { creationTimestamp: '2026-01-02T00:00:00Z' },
    }),
  ]
  for (const nodes of [
    [old, young],
    [young, old],
  ])
    t.equal(toHolders(nodes, toOwner).get('a1')?.metadata.name, 'node-z')
  const same = [old, { ...young, metadata: { ...young.metadata, creationTimestamp: '2026-01-01T00:00:00Z' } }]
  for (const nodes of [same, same.toReversed()])
    t.equal(toHolders(nodes, toOwner).get('a1')?.metadata.name, 'node-a', 'by name when they are of one age')
  const ageless = ['node-z', 'node-a', 'node-m'].map(name => makeNode(name, { providerID: 'a1' }))
  t.equal(toHolders(ageless, toOwner).get('a1')?.metadata.name, 'node-a', 'or of none')
  const [known] = same
  t.equal(toHolders([...ageless, ...(known ? [known] : [])], toOwner).get('a1')?.metadata.name, 'node-a')
})

t.test('a machine is compared without the case of its UUID', async t => {
  const machine = toMachine(makeNode('node-a', { machine: { systemUUID: 'ABC', machineID: 'Def' } }))
  t.strictSame(machine, { systemUUID: 'abc', machineID: 'Def' })
  t.ok(sameMachine(machine, { systemUUID: 'abc', machineID: 'Def' }))
  t.notOk(sameMachine(machine, { systemUUID: 'abd', machineID: 'Def' }))
  t.notOk(sameMachine(machine, { systemUUID: 'abc', machineID: 'def' }))
  for (const node of [makeNode('node-a'), { metadata: { name: 'node-a' } }])
    t.strictSame(toMachine(node), { systemUUID: '', machineID: '' })
})

t.test('an inventory of another account is no base for its machines to be lost', async t => {
  const previous = makeInventory([{ ...makeInstance('a1'), joined: MACHINE }], { account: 'account-0' })
  t.strictSame(build({ nodes: [], previous }).entries[0]?.joined, MACHINE)
})
