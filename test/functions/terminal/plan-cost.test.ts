import t from 'tap'
import { toChangeCosts, toMoney, toPlanCost } from '../../../functions/terminal/plan-cost.ts'
import type { BlockPrices } from '../../../shared/cloud-provider/prices.ts'
import type { PlannedChange } from '../../../shared/controllers/contract.ts'

const block = (name: string, action: string, detail: PlannedChange['detail']): PlannedChange => ({
  kind: 'IPBlock',
  name,
  action,
  detail,
  why: 'because',
})

const PRICES: BlockPrices = {
  monthly: ({ prefixLength, location }) => (location === 'MARS' ? undefined : (32 - prefixLength) * 10.004),
}

const CHANGES = [
  block('new', 'buy', { family: 'IPv4', size: '/29', location: 'PHX' }),
  block('new', 'buy', { family: 'IPv4', size: '/28', location: 'PHX' }),
  block('new', 'buy', { family: 'IPv6', size: '/64', location: 'PHX' }),
  block('far', 'close', { cidr: '192.0.2.0/29', location: 'MARS' }),
  block('old', 'close', { cidr: '198.51.100.0/28' }),
  block('old', 'mark', { cidr: '198.51.100.0/28' }),
  block('old', 'unassign', { cidr: '198.51.100.0/28' }),
  block('used', 'noteUsed', { cidr: '203.0.113.0/29' }),
  block('bare', 'delete', {}),
]

t.test('each block counts once, and what has no price is named', async t => {
  const costs = toChangeCosts(CHANGES, PRICES)
  t.strictSame(
    [...costs].map(([{ name, action }, cost]) => [name, action, toMoney(cost)]),
    [
      ['new', 'buy', '$30.01'],
      ['new', 'buy', '$40.02'],
      ['old', 'close', '-$40.02'],
    ],
  )
  t.strictSame(toPlanCost(CHANGES, costs), {
    currency: 'USD',
    bought: 70.03,
    givenBack: 40.02,
    unpriced: ['new', 'far', 'bare'],
  })
})

t.test('money', async t => {
  t.strictSame([38, 37.96, 1234.5, -0.5, 0.001].map(toMoney), ['$38', '$37.96', '$1,234.50', '-$0.50', '$0'])
})
