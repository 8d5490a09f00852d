import t from 'tap'
import type { AddressDemand, AddressNeed } from '../../shared/cloud-provider/load-balancer.ts'
import type { Supply } from '../../shared/phoenixnap/supply.ts'
import { planSupply } from '../../shared/phoenixnap/supply-plan.ts'
import { assigning, block, broken, creating, LONG_MS, supply, unassigned } from './_plan.ts'

const web = { namespace: 'a', name: 'web' }
const four = (count: number, service?: AddressNeed['service']): AddressNeed => ({
  family: 'IPv4',
  count,
  service,
})
const six = (count: number): AddressNeed => ({ family: 'IPv6', count })

interface Case extends Partial<AddressDemand> {
  readonly name: string
  readonly given: Supply
  readonly steps?: readonly string[]
  readonly waits?: number
  readonly codes?: readonly string[]
  readonly lacking?: readonly string[]
}

const ASKED_FOR = { needs: [four(5)], inUse: ['b'], claimed: [] }

const CASES: readonly Case[] = [
  { name: 'nothing there, nothing needed', given: supply([]) },
  { name: 'nothing there', given: supply([]), needs: [four(5)], lacking: ['IPv4 5'] },
  {
    name: 'needs of one family are one',
    given: supply([]),
    needs: [four(5), six(2), four(1)],
    lacking: ['IPv4 6', 'IPv6 2'],
  },
  {
    name: 'a block that is being created is waited for',
    given: supply([block('b', creating)]),
    needs: [four(5)],
    waits: 1,
  },
  {
    name: 'what it does not bring is lacking',
    given: supply([block('b', creating)]),
    needs: [four(7)],
    waits: 1,
    lacking: ['IPv4 2'],
  },
  {
    name: 'an unassigned one is assigned',
    given: supply([block('b', unassigned)]),
    needs: [four(1)],
    steps: ['assign b'],
  },
  {
    name: 'one that is assigning is waited for',
    given: supply([block('b', assigning)]),
    needs: [four(1)],
    waits: 1,
  },
  {
    name: 'one that failed is repaired',
    given: supply([block('b', broken)]),
    needs: [four(1)],
    steps: ['repair b'],
  },
  {
    name: 'one that failed and is off the network is assigned',
    given: supply([block('b', { ...broken, onNetwork: false })]),
    needs: [four(1)],
    steps: ['assign b'],
  },
  {
    name: 'one that leaves for its repair is waited for',
    given: supply([block('b', { state: 'going', status: 'unassigning' })]),
    needs: [four(1)],
    waits: 1,
  },
  { name: 'a block that nobody needs is left', given: supply([block('b', unassigned), block('c', broken)]) },
  {
    name: 'of two only the nearer one is needed',
    given: supply([block('b', creating), block('c', assigning)]),
    needs: [four(5)],
    waits: 1,
  },
  {
    name: 'a marked one brings nothing',
    given: supply([block('b', { ...unassigned, state: 'going', marked: true })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'the other family brings nothing',
    given: supply([block('b', { ...unassigned, family: 'IPv6', prefixLength: 64 })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'a /31 brings nothing',
    given: supply([block('b', { ...unassigned, prefixLength: 31 })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one of unknown size brings nothing',
    given: supply([block('b', { ...unassigned, prefixLength: undefined })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one in another location brings nothing',
    given: supply([block('b', { ...unassigned, location: 'ASH' })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one that fails for long is repaired no more',
    given: supply([block('b', { ...broken, ageMs: LONG_MS })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one that is created for long is waited for no more',
    given: supply([block('b', { ...creating, ageMs: LONG_MS })]),
    needs: [four(1)],
    lacking: ['IPv4 1'],
  },
  {
    name: 'an old one that is unassigned is used',
    given: supply([block('b', { ...unassigned, ageMs: LONG_MS })]),
    needs: [four(1)],
    steps: ['assign b'],
  },
  { name: 'assigned ones were counted', given: supply([block('b')]), needs: [four(1)], lacking: ['IPv4 1'] },
  {
    name: 'one that was assigned since counts',
    given: supply([block('b'), block('c')]),
    needs: [four(6)],
    counted: ['b'],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one that was assigned since and is in use does not',
    given: supply([block('b')]),
    needs: [four(1)],
    counted: [],
    inUse: ['b'],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one that is only asked for counts',
    given: supply([block('b', assigning)]),
    ...ASKED_FOR,
    waits: 1,
  },
  {
    name: 'one in use that failed is repaired, and brings nothing',
    given: supply([block('b', broken)]),
    needs: [four(1)],
    inUse: ['b'],
    steps: ['repair b'],
    lacking: ['IPv4 1'],
  },
  {
    name: 'one in use that fails for long is still repaired',
    given: supply([block('b', { ...broken, ageMs: LONG_MS })]),
    inUse: ['b'],
    steps: ['repair b'],
  },
  {
    name: 'one in use that is unassigned is assigned',
    given: supply([block('b', unassigned)]),
    inUse: ['b'],
    steps: ['assign b'],
  },
  {
    name: 'one in use that is marked is kept',
    given: supply([block('b', { state: 'going', marked: true })]),
    inUse: ['b'],
    steps: ['keep b'],
  },
  {
    name: 'kept and assigned',
    given: supply([block('b', { ...unassigned, marked: true })]),
    inUse: ['b'],
    steps: ['keep b', 'assign b'],
  },
  {
    name: 'one in use with a word that is new is left',
    given: supply([block('b', { status: 'renumbering' })]),
    inUse: ['b'],
  },
  {
    name: 'the ones in use come first',
    given: supply([block('b', unassigned), block('c', broken)]),
    needs: [four(1)],
    inUse: ['c'],
    steps: ['repair c', 'assign b'],
  },
  {
    name: 'a Service has one address of its own block',
    given: supply([block('b', { ...unassigned, dedicatedTo: web })]),
    needs: [four(1, web), four(1, web)],
    steps: ['assign b'],
    lacking: ['IPv4 1 web'],
  },
  {
    name: 'not of another one’s',
    given: supply([block('b', { ...unassigned, dedicatedTo: { ...web, name: 'api' } })]),
    needs: [four(1, web)],
    lacking: ['IPv4 1 web'],
  },
  {
    name: 'nor of everybody’s',
    given: supply([block('b', unassigned)]),
    needs: [four(1, web)],
    lacking: ['IPv4 1 web'],
  },
  {
    name: 'everybody has what a dedicated one leaves',
    given: supply([block('b', { ...unassigned, dedicatedTo: web })]),
    needs: [four(1, web), four(5)],
    steps: ['assign b'],
    lacking: ['IPv4 1'],
  },
  {
    name: 'but after all others',
    given: supply([block('b', { ...unassigned, dedicatedTo: web }), block('c', creating)]),
    needs: [four(5)],
    waits: 1,
  },
  {
    name: 'IPv6 is shared always',
    given: supply([]),
    needs: [{ ...six(1), service: web }],
    lacking: ['IPv6 1'],
  },
  {
    name: 'a busy network is waited for, and does not hinder buying',
    given: supply([block('b', unassigned)], { status: 'BUSY' }),
    needs: [four(6)],
    waits: 1,
    lacking: ['IPv4 1'],
  },
  {
    name: 'a word that is new counts as busy',
    given: supply([block('b', unassigned)], { status: 'PAUSED' }),
    needs: [four(1)],
    waits: 1,
  },
  {
    name: 'for a network that failed nothing is bought',
    given: supply([block('b', unassigned)], { status: 'ERROR' }),
    needs: [four(6)],
    codes: ['CCM_PUBLIC_NETWORK_FAILED', 'CCM_PUBLIC_NETWORK_FAILED'],
  },
  {
    name: 'a network that failed does not matter when nothing is needed',
    given: supply([block('b')], { status: 'ERROR' }),
    inUse: ['b'],
  },
  {
    name: 'nothing is assigned to a full network',
    given: supply([block('b', unassigned)], { occupied: { IPv4: 10, IPv6: 0 } }),
    needs: [four(1)],
    codes: ['CCM_BLOCK_LIMIT'],
  },
  {
    name: 'the last place is given once',
    given: supply([block('b', unassigned), block('c', unassigned)], { occupied: { IPv4: 9, IPv6: 0 } }),
    needs: [four(6)],
    steps: ['assign b'],
    codes: ['CCM_BLOCK_LIMIT'],
  },
  {
    name: 'a full network does not hinder a repair',
    given: supply([block('b', broken)], { occupied: { IPv4: 10, IPv6: 0 } }),
    needs: [four(1)],
    steps: ['repair b'],
  },
]

for (const { name, given, needs = [], inUse = [], counted, claimed, ...expected } of CASES)
  t.test(name, async t => {
    const demand: AddressDemand = { needs, inUse, counted, claimed }
    const plan = planSupply(given, demand)
    const steps = plan.steps.map(step => `${step.do} ${step.block.id}`)
    t.strictSame(steps, expected.steps ?? [], 'steps')
    t.equal(plan.waits.length, expected.waits ?? 0, 'waits')
    const codes = plan.refusals.map(({ code }) => code)
    t.strictSame(codes, expected.codes ?? [], 'codes')
    t.strictSame(
      plan.lacking.map(({ family, count, service }) =>
        [family, count, ...(service ? [service.name] : [])].join(' '),
      ),
      expected.lacking ?? [],
      'lacking',
    )
    t.ok(plan.steps.every(({ why }) => why !== ''))
  })
