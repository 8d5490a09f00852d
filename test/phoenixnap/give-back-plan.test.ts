import t from 'tap'
import type { IpBlock } from '../../shared/bmc/client.ts'
import {
  type GiveBackPlan,
  type NetworkView,
  planGiveBack,
  toNetworkToLeave,
} from '../../shared/phoenixnap/give-back-plan.ts'

const MARKED = [{ name: 'delete', value: 'true' }]
const on = (status: string, change: Partial<IpBlock> = {}): IpBlock => ({
  id: 'b',
  status,
  assignedResourceId: 'net',
  assignedResourceType: 'public network',
  tags: MARKED,
  ...change,
})
const off = (status: string, change: Partial<IpBlock> = {}): IpBlock => ({
  id: 'b',
  status,
  tags: MARKED,
  ...change,
})
const network = (status = 'READY', has = true): NetworkView => ({
  id: 'net',
  status,
  ipBlocks: has ? [{ id: 'b' }] : [],
})
const gone = undefined

const CASES: readonly [name: string, block: IpBlock, network: NetworkView, steps: string[], then: string][] =
  [
    ['assigned', on('assigned'), network(), ['unassign'], 'wait'],
    ['assigned, not marked', on('assigned', { tags: [] }), network(), ['mark', 'unassign'], 'wait'],
    [
      'assigned, spelled in capitals',
      on('assigned', { assignedResourceType: 'PUBLIC_NETWORK' }),
      network(),
      ['unassign'],
      'wait',
    ],
    [
      'assigned, in one word',
      on('assigned', { assignedResourceType: 'publicNetwork' }),
      network(),
      ['unassign'],
      'wait',
    ],
    [
      'assigned, to what is not told',
      on('assigned', { assignedResourceType: '' }),
      network(),
      ['unassign'],
      'wait',
    ],
    ['unassigned, without tags', off('unassigned', { tags: undefined }), gone, ['mark', 'delete'], 'done'],
    [
      'error assigning, the network has another block',
      on('error assigning', { id: 'other' }),
      network(),
      ['delete'],
      'done',
    ],
    ['assigned, network going', on('assigned'), network('DELETING'), [], 'CCM_PUBLIC_NETWORK_FAILED'],
    ['error assigning, known to the network alone', off('error assigning'), network(), ['unassign'], 'wait'],
    ['error unassigning', on('error unassigning'), network(), ['unassign'], 'wait'],
    ['error assigning, on no network', off('error assigning'), network('READY', false), ['delete'], 'done'],
    ['subnetted, on no network', off('subnetted'), network('READY', false), ['delete'], 'done'],
    ['subnetted, on the network', off('subnetted'), network(), ['unassign'], 'wait'],
    ['creating, not marked', off('creating', { tags: [] }), gone, ['mark'], 'wait'],
    ['assigning', off('assigning'), gone, [], 'wait'],
    ['unassigning', on('unassigning'), gone, [], 'wait'],
    ['unassigned', off('unassigned'), gone, ['delete'], 'done'],
    ['unassigned, not marked', off('unassigned', { tags: [] }), gone, ['mark', 'delete'], 'done'],
    ['assigned, network busy', on('assigned', { tags: [] }), network('BUSY'), ['mark'], 'wait'],
    ['assigned, network failed', on('assigned'), network('ERROR'), [], 'CCM_PUBLIC_NETWORK_FAILED'],
    ['assigned, not seen on the network', on('assigned'), network('READY', false), [], 'wait'],
    ['assigned, no such network', on('assigned'), gone, [], 'CCM_PUBLIC_NETWORK_UNKNOWN'],
    [
      'a server’s',
      on('assigned', { assignedResourceType: 'server', tags: [] }),
      gone,
      [],
      'CCM_BLOCK_FAILED',
    ],
  ]
for (const [name, block, network, steps, then] of CASES)
  t.test(name, async t => {
    const plan = planGiveBack(block, network)
    t.strictSame(
      plan.steps.map(step => step.do),
      steps,
    )
    t.equal(plan.refusal?.code ?? (plan.wait === undefined ? 'done' : 'wait'), then)
  })

t.test('a block leaves the network that it names, else the one that is set', async t => {
  t.equal(toNetworkToLeave(on('assigned', { assignedResourceId: 'other' }), 'net'), 'other')
  t.equal(toNetworkToLeave(off('error assigning'), 'net'), 'net')
  t.equal(toNetworkToLeave(off('unassigned'), 'net'), undefined)
  t.equal(toNetworkToLeave(on('assigned', { assignedResourceType: 'server' }), 'net'), undefined)
})

t.test('each step says why, and each end what is waited for or what is in the way', async t => {
  const server = on('assigned', { assignedResourceType: 'server', assignedResourceId: 's-1' })
  const plans: readonly [plan: GiveBackPlan, expected: GiveBackPlan][] = [
    [
      planGiveBack(on('assigned', { tags: [] }), network()),
      {
        steps: [
          { do: 'mark', why: 'nobody uses it' },
          { do: 'unassign', why: 'it is assigned' },
        ],
        wait: 'block b is leaving public network net',
      },
    ],
    [planGiveBack(off('creating'), gone), { steps: [], wait: 'block b is creating' }],
    [planGiveBack(off('unassigned'), gone), { steps: [{ do: 'delete', why: 'it is unassigned' }] }],
    [
      planGiveBack(off('subnetted'), gone),
      { steps: [{ do: 'delete', why: 'it is subnetted and on no network' }] },
    ],
    [planGiveBack(on('assigned'), network('BUSY')), { steps: [], wait: 'public network net is BUSY' }],
    [
      planGiveBack(on('assigned'), network('READY', false)),
      { steps: [], wait: 'block b is not seen on public network net' },
    ],
    [
      planGiveBack(on('assigned'), network('ERROR')),
      { steps: [], refusal: { code: 'CCM_PUBLIC_NETWORK_FAILED', message: 'public network net is ERROR' } },
    ],
    [
      planGiveBack(on('assigned'), gone),
      {
        steps: [],
        refusal: {
          code: 'CCM_PUBLIC_NETWORK_UNKNOWN',
          message: 'block b is assigned to public network net, which the account does not have',
        },
      },
    ],
    [
      planGiveBack(server, gone),
      {
        steps: [],
        refusal: { code: 'CCM_BLOCK_FAILED', message: 'block b belongs to server s-1 and is left there' },
      },
    ],
  ]
  for (const [plan, expected] of plans) t.strictSame(plan, expected)
})
