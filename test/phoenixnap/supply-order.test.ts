import t from 'tap'
import { BLOCK_PATIENCE_MS } from '../../shared/cloud-provider/load-balancer.ts'
import type { SupplyBlock } from '../../shared/phoenixnap/blocks.ts'
import type { Supply } from '../../shared/phoenixnap/supply.ts'
import { planSupply } from '../../shared/phoenixnap/supply-plan.ts'
import { assigning, block, broken, creating, LONG_MS, supply, unassigned } from './_plan.ts'

const web = { namespace: 'a', name: 'web' }
const leaving = { state: 'going', status: 'unassigning' } as const
const plan = (given: Supply, count: number, change: Partial<Parameters<typeof planSupply>[1]> = {}) =>
  planSupply(given, { needs: [{ family: 'IPv4', count }], inUse: [], ...change })
/** The blocks that it changes or waits for. */
const named = (given: Supply, count: number): string[] => {
  const { steps, waits } = plan(given, count)
  return [...steps.map(step => `${step.do} ${step.block.id}`), ...waits].toSorted()
}

t.test('of all blocks that could bring it those are taken that are nearest to being of use', async t => {
  const near: readonly [block: SupplyBlock, told: string][] = [
    [block('a', assigning), 'block a is assigning'],
    [block('b', unassigned), 'assign b'],
    [block('c', creating), 'block c is creating'],
    [block('d', leaving), 'block d is unassigning'],
    [block('e', broken), 'repair e'],
    [block('f', { ...assigning, dedicatedTo: web }), 'block f is assigning'],
    [block('g', { ...broken, dedicatedTo: web }), 'repair g'],
  ]
  const given = supply(near.map(([one]) => one).toReversed())
  for (const n of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const told = near.slice(0, n).map(([, text]) => text)
    // Of one Service's own block others have no more than four.
    t.strictSame(named(given, 5 * n - Math.max(0, n - 5)), told.toSorted(), `${n} blocks`)
  }
})

const DB = { namespace: 'a', name: 'db' }
const OWN = { ...unassigned, dedicatedTo: web }

for (const [what, change, needs, claimed, steps, lacking] of [
  ['has four of five', {}, [[5]], [], ['assign b'], [1]],
  ['has four of five while its own Service needs one', {}, [[5], [1, web]], [], ['assign b'], [1]],
  ['has four of five while its own Service has one', {}, [[5]], ['b'], ['assign b'], [1]],
  ['has three where two are taken', {}, [[4]], ['b', 'b'], ['assign b'], [1]],
  ['has nothing of the only one', { prefixLength: 30 }, [[1]], [], [], [1]],
  ['has nothing, but its own Service has', { prefixLength: 30 }, [[1], [1, web]], [], ['assign b'], [1]],
  ['has nothing to itself', {}, [[1, DB]], [], [], [1]],
] as const)
  t.test(`of a block of one Service alone another one ${what}`, async t => {
    const given = supply([block('b', { ...OWN, ...change })])
    const demand = needs.map(([count, service]) => ({ family: 'IPv4' as const, count, service }))
    const made = planSupply(given, { needs: demand, inUse: [], claimed })
    t.strictSame(
      {
        steps: made.steps.map(step => `${step.do} ${step.block.id}`),
        lacking: made.lacking.map(need => need.count),
      },
      { steps, lacking },
    )
  })

t.test('one that was assigned since comes before all that are on their way', async t => {
  const given = supply([block('b', assigning), block('a')])
  const nothing = { steps: [], waits: [], refusals: [], lacking: [] }
  t.strictSame(plan(given, 5, { counted: [] }), nothing)
  t.strictSame(plan(given, 6, { counted: [] }), { ...nothing, waits: ['block b is assigning'] })
})

t.test('of one that was assigned since, and in which some have an address, the rest counts', async t => {
  const cidr = '203.0.113.0/29'
  const given = supply([block('b', { cidr }), block('c', broken)])
  const lacking = (count: number, claimed: readonly string[] | undefined) =>
    plan(given, count, { counted: [], inUse: ['b', 'c'], claimed }).lacking.map(need => need.count)
  t.strictSame(lacking(7, ['b', 'c', 'c']), [])
  t.strictSame(lacking(8, ['b', 'c', 'c']), [1])
  const full = Array.from({ length: 6 }, () => 'b')
  t.strictSame(lacking(6, full), [1])
  t.strictSame(lacking(6, undefined), [6], 'where that is not told, none of them has any left')
})

const HOPE: readonly [name: string, block: SupplyBlock, hopes: boolean][] = [
  ['in another location, but on the network', block('b', { ...assigning, location: 'ASH' }), true],
  ['whose location is not told', block('b', { ...unassigned, location: '' }), true],
  ['that is being assigned for long', block('b', { ...assigning, ageMs: LONG_MS }), true],
  ['that leaves for its repair for long', block('b', { ...leaving, ageMs: LONG_MS }), true],
  ['created just now', block('b', { ...creating, ageMs: BLOCK_PATIENCE_MS }), true],
  ['created too long ago', block('b', { ...creating, ageMs: BLOCK_PATIENCE_MS + 1 }), false],
]
for (const [name, one, hopes] of HOPE)
  t.test(`${hopes ? 'hopes' : 'does not hope'} for a block ${name}`, async t => {
    t.equal(named(supply([one]), 1).length, hopes ? 1 : 0)
    t.equal(plan(supply([one]), 1).lacking.length, hopes ? 0 : 1)
  })

t.test('one that was assigned long ago and not counted yet still brings its addresses', async t => {
  const given = supply([block('b', { ageMs: LONG_MS })])
  t.strictSame(plan(given, 5, { counted: [] }).lacking, [])
})

t.test('of two blocks of its own a Service that lacks one address needs one', async t => {
  const own = { ...unassigned, dedicatedTo: web }
  const given = supply([block('b', own), block('c', own)])
  const needs = [{ family: 'IPv4', count: 1, service: web }] as const
  const { steps, lacking } = plan(given, 0, { needs })
  t.strictSame([steps.map(step => step.block.id), lacking], [['b'], []])
  const six = supply([block('b', { ...own, family: 'IPv6', prefixLength: 64 })])
  t.strictSame(plan(six, 0, { needs }), { steps: [], waits: [], refusals: [], lacking: needs })
})

const NEXT: readonly [name: string, change: Partial<SupplyBlock>, step: string][] = [
  ['unassigned, says the block itself', { ...unassigned, onNetwork: true }, 'assign b'],
  ['that did not leave', { state: 'failed', status: 'error unassigning' }, 'repair b'],
  [
    'that did not leave, and is gone',
    { state: 'failed', status: 'error unassigning', onNetwork: false },
    'assign b',
  ],
]
for (const [name, change, step] of NEXT)
  t.test(`${step}: a block ${name}`, async t => {
    t.strictSame(named(supply([block('b', change)]), 1), [step])
  })

t.test('a status that is new is waited for', async t => {
  const given = supply([block('b', { ...unassigned, status: 'renumbering' })])
  t.strictSame(named(given, 1), ['block b is renumbering'])
})

t.test('a repair takes no place of the network', async t => {
  const given = supply([block('b', broken), block('c', unassigned)], { occupied: { IPv4: 9, IPv6: 0 } })
  const { steps, refusals } = plan(given, 1, { inUse: ['b'] })
  t.match(steps, [{ do: 'repair' }, { do: 'assign' }])
  t.strictSame(refusals, [])
})

t.test('what hinders names the network, the block and the figures', async t => {
  const six = block('b', { ...unassigned, family: 'IPv6', prefixLength: 64 })
  const full = supply([six], { occupied: { IPv4: 0, IPv6: 1 } })
  t.strictSame(plan(full, 0, { needs: [{ family: 'IPv6', count: 1 }] }).refusals, [
    {
      code: 'CCM_BLOCK_LIMIT',
      message: 'block b cannot be assigned: public network net has 1 of at most 1 IPv6 blocks',
    },
  ])
  for (const status of ['ERROR', 'DELETING'])
    t.strictSame(plan(supply([], { status }), 1), {
      steps: [],
      waits: [],
      refusals: [{ code: 'CCM_PUBLIC_NETWORK_FAILED', message: `public network net is ${status}` }],
      lacking: [],
    })
  t.strictSame(plan(supply([block('b', unassigned)], { status: 'BUSY' }), 1).waits, [
    'public network net is BUSY',
  ])
})
