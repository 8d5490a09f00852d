import t from 'tap'
import { isInventory } from '../../../shared/controllers/inventory/shape.ts'
import { makeInstance } from '../_make.ts'

const JOINED = { systemUUID: 'uuid-1', machineID: 'machine-1' }
const ENTRY = {
  ...makeInstance('a1', { additionalLabels: { 'phoenixnap.com/os': 'x' } }),
  node: 'n',
  joined: JOINED,
}
const BLOCK = { id: 'b1', family: 'IPv4', state: 'assigned' }
const SOURCE = { location: 'PHX', memberAddresses: ['203.0.113.2'], blocks: [BLOCK] }
const WHOLE = { account: 'account-1', families: ['IPv4'], entries: [ENTRY], addresses: SOURCE }

type Fields = Readonly<Record<string, unknown>>
const { addresses: _, ...DISABLED } = WHOLE
const { node: _node, joined: _joined, ...NEW } = ENTRY

/** What passes of this version write. */
const GOOD: readonly [what: string, value: Fields][] = [
  ['one with everything', WHOLE],
  ['one of a cluster without servers', { ...WHOLE, families: [], entries: [] }],
  ['one where load balancers are disabled', DISABLED],
  ['one with a server that nobody joined on', { ...WHOLE, entries: [ENTRY, NEW] }],
  ['one without blocks', { ...WHOLE, addresses: { ...SOURCE, blocks: [], memberAddresses: [] } }],
]
for (const [what, value] of GOOD)
  t.test(`is used: ${what}`, async t => {
    t.equal(isInventory(value), true)
  })

const without = (value: object, key: string): Fields =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
const REQUIRED = [
  'id',
  'providerID',
  'hostname',
  'instanceType',
  'region',
  'status',
  'privateAddresses',
  'publicAddresses',
  'additionalLabels',
]

const withEntry = (fields: Fields): Fields => ({ ...WHOLE, entries: [ENTRY, { ...ENTRY, ...fields }] })
const withSource = (fields: Fields): Fields => ({ ...WHOLE, addresses: { ...SOURCE, ...fields } })

/** What another version may have written, each with one thing that would be read without a look. */
const BAD: readonly (readonly [what: string, value: Fields])[] = [
  ['nothing', {}],
  ...['account', 'families', 'entries'].map(key => [`no ${key}`, without(WHOLE, key)] as const),
  ['a family that is no text', { ...WHOLE, families: ['IPv4', 6] }],
  ['families that are no list', { ...WHOLE, families: 'IPv4' }],
  ...REQUIRED.map(
    key => [`an entry without ${key}`, { ...WHOLE, entries: [ENTRY, without(ENTRY, key)] }] as const,
  ),
  ['an entry that is a text', { ...WHOLE, entries: ['a1'] }],
  ['an entry that is null', { ...WHOLE, entries: [null] }],
  ['an entry that is a list', { ...WHOLE, entries: [Object.assign([], ENTRY)] }],
  ['an address that is no text', withEntry({ privateAddresses: ['10.0.0.11', 1] })],
  ['a public address that is no text', withEntry({ publicAddresses: [null] })],
  ['labels that are a list', withEntry({ additionalLabels: ['x'] })],
  ['a label that is no text', withEntry({ additionalLabels: { a: 'x', b: 1 } })],
  ['a node that is no text', withEntry({ node: { name: 'n' } })],
  ['a machine of one half', withEntry({ joined: { systemUUID: 'uuid-1' } })],
  ['a machine of the other half', withEntry({ joined: { machineID: 'machine-1' } })],
  ['addresses that are null', { ...WHOLE, addresses: null }],
  ['addresses without a location', withSource({ location: undefined })],
  ['a member that is no text', withSource({ memberAddresses: [1] })],
  ['no list of blocks', withSource({ blocks: undefined })],
  ...['id', 'family', 'state'].map(
    key => [`a block without ${key}`, withSource({ blocks: [BLOCK, without(BLOCK, key)] })] as const,
  ),
]
for (const [what, value] of BAD)
  t.test(`is as good as none: ${what}`, async t => {
    t.equal(isInventory(value), false)
  })
