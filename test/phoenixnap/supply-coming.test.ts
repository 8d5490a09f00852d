import t from 'tap'
import type { AddressDemand, AddressNeed } from '../../shared/cloud-provider/load-balancer.ts'
import type { SupplyBlock } from '../../shared/phoenixnap/blocks.ts'
import { planSupply, type SupplyPlan } from '../../shared/phoenixnap/supply-plan.ts'
import { block, broken, creating, supply, unassigned } from './_plan.ts'

const web = { namespace: 'a', name: 'web' }
const four = (count: number): AddressNeed => ({ family: 'IPv4', count })
const OWN_NEED: AddressNeed = { ...four(1), service: web }
const OWN = block('b', { ...unassigned, dedicatedTo: web })
const ODD = { doubt: 'odd' }

/** As `assign b`, `IPv4 3`. */
const summarise = ({ steps, waits, refusals, lacking }: SupplyPlan) => ({
  steps: steps.map(step => `${step.do} ${step.block.id}`),
  waits: waits.length,
  codes: refusals.map(({ code }) => code),
  lacking: lacking.map(({ family, count }) => `${family} ${count}`),
})
const NOTHING = { steps: [], waits: 0, codes: [], lacking: [] }

const CASES: readonly [
  name: string,
  blocks: readonly SupplyBlock[],
  demand: Partial<AddressDemand>,
  is: Partial<ReturnType<typeof summarise>>,
][] = [
  [
    'everybody has of a block of one Service what others do not have already',
    [OWN],
    { needs: [OWN_NEED, four(5)], claimed: ['b', 'b'] },
    { steps: ['assign b'], lacking: ['IPv4 3'] },
  ],
  [
    'one that others have taken as a whole is not the Service’s any more',
    [OWN],
    { needs: [OWN_NEED], claimed: ['b', 'b', 'b', 'b', 'b'] },
    { lacking: ['IPv4 1'] },
  ],
  [
    'one that is stuck comes after every other one',
    [
      block('b', { ...unassigned, stuck: true }),
      block('c', { ...broken, dedicatedTo: web }),
      block('d', creating),
    ],
    { needs: [four(9)] },
    { steps: ['repair c'], waits: 1 },
  ],
  [
    'one that was assigned since, but is doubted, brings nothing',
    [block('b', ODD)],
    { needs: [four(1)], counted: [] },
    { lacking: ['IPv4 1'] },
  ],
  [
    'one that is doubted beside one that is not stops nobody',
    [block('b', ODD), block('c')],
    { needs: [four(1)] },
    { lacking: ['IPv4 1'] },
  ],
  [
    'for two that are doubted nothing is bought',
    [block('b', ODD), block('c', ODD), block('d')],
    { needs: [four(1)] },
    { codes: ['BMC_RESPONSE_INVALID'] },
  ],
]
for (const [name, blocks, demand, is] of CASES)
  t.test(name, async t => {
    const plan = planSupply(supply(blocks), { needs: [], inUse: [], ...demand })
    t.strictSame(summarise(plan), { ...NOTHING, ...is })
  })

t.test('blocks that stop purchases are named', async t => {
  const given = supply([block('b', ODD), block('c', ODD), block('d')])
  t.match(planSupply(given, { needs: [four(1)], inUse: [] }).refusals, [
    {
      message: 'nothing is bought as long as BMC tells no range for these blocks that can be believed: b, c',
    },
  ])
})
