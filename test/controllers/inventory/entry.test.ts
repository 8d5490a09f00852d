import t from 'tap'
import type { InventoryEntry } from '../../../shared/controllers/inventory/content.ts'
import { decideEntry, type EntryDecision } from '../../../shared/controllers/inventory/entry.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { makeInstance, makeInventory, makeNode, makeView, type NodeSketch } from '../_make.ts'

const MACHINE = { systemUUID: 'uuid-1', machineID: 'machine-1' }
const OTHER = { systemUUID: 'uuid-2', machineID: 'machine-2' }
const WEB: InventoryEntry = makeInstance('a1', { hostname: 'node-a' })

/** What the inventory says of the node that joins. */
const ENTRIES: Readonly<
  Record<string, { readonly entries: readonly InventoryEntry[]; readonly node?: NodeSketch }>
> = {
  'never joined': { entries: [WEB] },
  'joined as this machine': { entries: [{ ...WEB, joined: MACHINE }], node: { machine: MACHINE } },
  'joined as this machine and node': {
    entries: [{ ...WEB, joined: MACHINE, node: 'node-a' }],
    node: { machine: MACHINE },
  },
  'joined as another machine': { entries: [{ ...WEB, joined: OTHER }], node: { machine: MACHINE } },
  'held by another node': { entries: [{ ...WEB, node: 'node-b' }] },
  'no entry': { entries: [makeInstance('b2')] },
  'two entries': { entries: [WEB, { ...WEB, id: 'b2' }] },
  'being deleted': { entries: [{ ...WEB, terminating: true }] },
  'preset id, known': { entries: [WEB], node: { providerID: 'phoenixnap://a1' } },
  'preset id, another machine': {
    entries: [{ ...WEB, joined: OTHER }],
    node: { providerID: 'a1', machine: MACHINE },
  },
  'preset id, unknown': { entries: [WEB], node: { providerID: 'bmc://servers/zz' } },
  'preset id, held by another node': {
    entries: [{ ...WEB, joined: MACHINE, node: 'node-b' }],
    node: { providerID: 'phoenixnap://a1', machine: MACHINE },
  },
  'preset id, held by itself': {
    entries: [{ ...WEB, joined: MACHINE, node: 'node-a' }],
    node: { providerID: 'phoenixnap://a1', machine: MACHINE },
  },
  'preset id of another cloud': { entries: [WEB], node: { providerID: 'aws:///eu/i-1' } },
}

/** What is done: `use` the entry, `ask` the cloud (`ask or use`: and take the entry when it is silent), `leave` it to resync. */
type Does = 'use' | 'ask' | 'ask or use' | 'leave'

/** Columns: young & up, young & down, old & up, old & down. */
const TABLE: Readonly<Record<string, readonly [Does, Does, Does, Does]>> = {
  'never joined': ['ask or use', 'use', 'ask or use', 'use'],
  'joined as this machine': ['use', 'use', 'ask or use', 'use'],
  'joined as this machine and node': ['use', 'use', 'ask or use', 'use'],
  'joined as another machine': ['ask', 'leave', 'ask', 'leave'],
  'held by another node': ['ask', 'leave', 'ask', 'leave'],
  'no entry': ['ask', 'leave', 'ask', 'leave'],
  'two entries': ['ask', 'leave', 'ask', 'leave'],
  'being deleted': ['ask', 'leave', 'ask', 'leave'],
  'preset id, known': ['use', 'use', 'ask or use', 'use'],
  'preset id, another machine': ['use', 'use', 'ask or use', 'use'],
  'preset id, unknown': ['ask', 'leave', 'ask', 'leave'],
  'preset id, held by another node': ['ask', 'leave', 'ask', 'leave'],
  'preset id, held by itself': ['use', 'use', 'ask or use', 'use'],
  'preset id of another cloud': ['use', 'use', 'use', 'use'],
}

const FRESHNESS = [
  { young: true, cloudDown: false },
  { young: true, cloudDown: true },
  { young: false, cloudDown: false },
  { young: false, cloudDown: true },
]

function toDoes(decision: EntryDecision): Does {
  if (decision.do !== 'ask') return decision.do
  return decision.otherwise === undefined ? 'ask' : 'ask or use'
}

for (const [name, row] of Object.entries(TABLE)) {
  for (const [column, freshness] of FRESHNESS.entries()) {
    const when = `${freshness.young ? 'young' : 'old'}, cloud ${freshness.cloudDown ? 'down' : 'up'}`
    t.test(`${name}; ${when}`, async t => {
      const { entries, node } = ENTRIES[name] ?? { entries: [] }
      const view = makeView(makeInventory(entries), freshness)
      const decision = decideEntry(makeNode('node-a', node), view, toOwner)
      t.equal(toDoes(decision), row[column])
      t.ok(decision.why)
      const finding = decision.do === 'use' ? decision.finding : undefined
      if (finding?.state === 'found') t.equal(finding.instance.id, 'a1')
      else if (finding) t.equal(finding.state, 'foreign')
    })
  }
}

t.test('the table has a row for every entry', async t => {
  t.strictSame(Object.keys(TABLE), Object.keys(ENTRIES))
})

t.test('without an inventory the cloud is asked, unless it is down', async t => {
  const node = makeNode('node-a')
  const why = 'there is no inventory'
  t.strictSame(decideEntry(node, makeView(undefined, { young: false }), toOwner), {
    do: 'ask',
    otherwise: undefined,
    why,
  })
  t.strictSame(decideEntry(node, makeView(undefined, { young: false, cloudDown: true }), toOwner), {
    do: 'leave',
    why: `${why}, and the BMC API is down`,
  })
})

t.test('tells a server that nobody joined on from one that is merely old', async t => {
  const [node, inventory] = [makeNode('node-a'), makeInventory([WEB])]
  const decide = (young: boolean) => decideEntry(node, makeView(inventory, { young }), toOwner)
  t.match(decide(true), { do: 'ask', otherwise: { instance: { id: 'a1' } }, why: 'no node has joined' })
  t.match(decide(false), { do: 'ask', otherwise: { instance: { id: 'a1' } }, why: 'is old' })
})

for (const [doubt, entry] of [
  ['node-b', { ...WEB, node: 'node-b' }],
  ['another machine', { ...WEB, joined: OTHER }],
] as const) {
  t.test(`says what it doubts: ${doubt}`, async t => {
    const view = makeView(makeInventory([entry]))
    t.match(decideEntry(makeNode('node-a', { machine: MACHINE }), view, toOwner).why, doubt)
  })
}
