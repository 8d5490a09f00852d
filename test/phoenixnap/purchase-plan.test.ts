import * as fc from 'fast-check'
import t from 'tap'
import type { AddressNeed } from '../../shared/cloud-provider/load-balancer.ts'
import { toCapacity } from '../../shared/phoenixnap/blocks.ts'
import {
  afterPurchase,
  afterRefused,
  afterSoldOut,
  decidePurchase,
  type PurchaseSettings,
  type PurchaseState,
  toPurchaseState,
  withoutFirst,
} from '../../shared/phoenixnap/purchase-plan.ts'
import { block, supply, unassigned } from './_plan.ts'

const AUTO: PurchaseSettings = { blockSize: 'auto', maxBlocks: 10 }
const web = { namespace: 'a', name: 'web' }
const four = (count: number, service?: AddressNeed['service']): AddressNeed => ({
  family: 'IPv4',
  count,
  service,
})
const state = (needs: readonly AddressNeed[], change: Partial<PurchaseState> = {}): PurchaseState => ({
  ...toPurchaseState(supply([]), needs),
  ...change,
})

/** What a round would do, as `/28` or a code. */
function play(start: PurchaseState, settings = AUTO): string[] {
  const played: string[] = []
  let now = start
  for (;;) {
    const step = decidePurchase(now, settings)
    if (step.do === 'nothing') return played
    played.push(step.do === 'buy' ? `/${step.prefixLength}${step.service ? ' own' : ''}` : step.code)
    now = step.do === 'buy' ? afterPurchase(now, step) : withoutFirst(now)
  }
}
const times = (count: number, size: string): string[] => Array.from({ length: count }, () => size)
const has = { ours: 1, staying: 1 }

const CASES: readonly [
  name: string,
  start: PurchaseState,
  settings: Partial<PurchaseSettings>,
  played: string[],
][] = [
  ['nothing is lacking', state([]), {}, []],
  ['the first block is a /29', state([four(1)]), {}, ['/29']],
  ['for as many as it holds', state([four(5)]), {}, ['/29']],
  ['otherwise a /28', state([four(6)]), {}, ['/28']],
  ['every later one is a /28', state([four(1)], has), {}, ['/28']],
  [
    'one that is being given back does not count as the first',
    state([four(1)], { ours: 1, staying: 0 }),
    {},
    ['/29'],
  ],
  ['100 at once', state([four(100)]), {}, times(8, '/28')],
  ['131 at once', state([four(131)]), {}, [...times(10, '/28'), 'CCM_BLOCK_LIMIT']],
  ['a size that is set', state([four(6)]), { blockSize: '/29' }, ['/29', '/29']],
  ['a block of its own', state([four(1, web)], has), { blockSize: '/28' }, ['/29 own']],
  ['two blocks of its own', state([four(2, web)]), {}, ['/29 own', '/29 own']],
  ['a later one stays a /28 for what little is left', state([four(18)], has), {}, times(2, '/28')],
  ['IPv6', state([{ family: 'IPv6', count: 9 }]), {}, ['/64']],
  ['IPv6 of one Service serves all', state([{ family: 'IPv6', count: 9, service: web }]), {}, ['/64 own']],
  [
    'an IPv6 block takes nothing of the cap',
    state([{ family: 'IPv6', count: 1 }, four(1)]),
    { maxBlocks: 1 },
    ['/64', '/29'],
  ],
  [
    'the last place of the network',
    state([four(20)], { onNetwork: { IPv4: 9, IPv6: 0 } }),
    {},
    ['/28', 'CCM_BLOCK_LIMIT'],
  ],
  ['the quota leaves just a /28', state([four(6)], { quotaLeft: 16 }), {}, ['/28']],
  [
    'IPv6, and the network has one',
    state([{ family: 'IPv6', count: 1 }, four(1)], { onNetwork: { IPv4: 0, IPv6: 1 } }),
    {},
    ['CCM_BLOCK_LIMIT', '/29'],
  ],
  ['the cap', state([four(20)], { ours: 1, staying: 1 }), { maxBlocks: 2 }, ['/28', 'CCM_BLOCK_LIMIT']],
  [
    'the cap does not concern IPv6',
    state([four(1), { family: 'IPv6', count: 1 }]),
    { maxBlocks: 0 },
    ['CCM_BLOCK_LIMIT', '/64'],
  ],
  [
    'others fill the network',
    state([four(1)], { onNetwork: { IPv4: 10, IPv6: 0 } }),
    {},
    ['CCM_BLOCK_LIMIT'],
  ],
  ['the quota leaves a /29', state([four(6)], { quotaLeft: 15 }), {}, ['/29', '/30']],
  ['the quota leaves a /29 and no more', state([four(7)], { quotaLeft: 11 }), {}, ['/29', 'CCM_QUOTA_SHORT']],
  ['the quota leaves nothing', state([four(1)], { quotaLeft: 3 }), {}, ['CCM_QUOTA_SHORT']],
  ['the quota is exceeded', state([four(1)], { quotaLeft: -8 }), {}, ['CCM_QUOTA_SHORT']],
  ['no /28 is left', state([four(6)], { soldOut: ['IPv4/28'] }), {}, ['/29', '/29']],
  [
    'nothing is left',
    state([four(1), { family: 'IPv6', count: 1 }], { soldOut: ['IPv4/29', 'IPv4/30'] }),
    {},
    ['BMC_OUT_OF_STOCK', '/64'],
  ],
  [
    'nothing that the quota allows is left',
    state([four(1)], { soldOut: ['IPv4/30'], quotaLeft: 4 }),
    {},
    ['CCM_QUOTA_SHORT'],
  ],
  [
    'a size was refused',
    state([four(6), four(1, web)], { refused: { 'IPv4/28': { code: 'BMC_FORBIDDEN', message: '' } } }),
    {},
    ['BMC_FORBIDDEN', '/29 own'],
  ],
]
for (const [name, start, settings, played] of CASES)
  t.test(name, async t => {
    t.strictSame(play(start, { ...AUTO, ...settings }), played)
  })

t.test('refusals name their figures', async t => {
  const messages = [
    decidePurchase(state([four(3)], { ours: 10 }), AUTO),
    decidePurchase(state([four(1, web)], { onNetwork: { IPv4: 10, IPv6: 0 } }), AUTO),
    decidePurchase(state([four(3)], { quotaLeft: 2 }), AUTO),
    decidePurchase(state([four(3)], { soldOut: ['IPv4/29', 'IPv4/30'] }), AUTO),
    decidePurchase(state([{ family: 'IPv6', count: 1 }], { soldOut: ['IPv6/64'] }), AUTO),
  ].map(step => (step.do === 'refuse' ? step.message : ''))
  t.strictSame(messages, [
    '3 IPv4 addresses are lacking, but the cluster has 10 of at most 10 IPv4 blocks',
    '1 IPv4 address is lacking for a block of its own, but public network net has, or is about to get, 10 of at most 10 IPv4 blocks',
    '3 IPv4 addresses are lacking, but the quota bmc.public_ips.max_count leaves 2',
    '3 IPv4 addresses are lacking, but no block of sizes /29 to /30 is left',
    '1 IPv6 address is lacking, but no block of size /64 is left',
  ])
})

const buy = (need: AddressNeed) => decidePurchase(state([need]), AUTO)

t.test('a purchase says what it is for', async t => {
  const common = { do: 'buy', family: 'IPv4', prefixLength: 29 } as const
  t.strictSame(buy(four(1)), {
    ...common,
    need: four(1),
    service: undefined,
    why: '1 IPv4 address is lacking and no block on its way brings it',
  })
  t.strictSame(buy(four(3)), {
    ...common,
    need: four(3),
    service: undefined,
    why: '3 IPv4 addresses are lacking and no block on its way brings them',
  })
  t.strictSame(buy(four(1, web)), {
    ...common,
    need: four(1, web),
    service: web,
    why: '1 IPv4 address is lacking for a block of its own for a/web and no block on its way brings it',
  })
})

t.test('what BMC refused is not asked for again in the same round, another size is', async t => {
  const start = state([four(1), four(6)])
  const refusal = { code: 'BMC_FORBIDDEN', message: 'no' } as const
  const step = decidePurchase(start, AUTO)
  if (step.do !== 'buy') throw new Error('it does not buy')
  const after = afterRefused(start, step, refusal)
  t.strictSame(decidePurchase(after, AUTO), { do: 'refuse', need: four(1), ...refusal })
  t.match(decidePurchase(withoutFirst(after), AUTO), { do: 'buy', prefixLength: 28 })
  t.strictSame(after, { ...start, refused: { 'IPv4/29': refusal } })
  const twice = afterRefused(after, { ...step, prefixLength: 28 }, refusal)
  t.strictSame(twice.refused, { 'IPv4/29': refusal, 'IPv4/28': refusal })
})

t.test('what is on its way counts: towards the cap, the network and the first block', async t => {
  const given = supply([
    block('a'),
    block('b', unassigned),
    block('c', { ...unassigned, marked: true }),
    block('d', { ...unassigned, family: 'IPv6' }),
    block('e', unassigned),
  ])
  t.strictSame(toPurchaseState(given, [four(1)]), {
    needs: [four(1)],
    networkId: 'net',
    ours: 4,
    staying: 3,
    onNetwork: { IPv4: 3, IPv6: 1 },
    quotaLeft: undefined,
    soldOut: [],
    refused: {},
  })
})

t.test('whatever is lacking, a round ends, and buys neither too little nor a block too many', async t => {
  const count = fc.integer({ min: 1, max: 200 })
  const size = fc.constantFrom('auto' as const, '/28' as const, '/29' as const, '/30' as const)
  fc.assert(
    fc.property(
      count,
      size,
      fc.array(fc.integer({ min: 28, max: 30 }), { maxLength: 2 }),
      (count, blockSize, none) => {
        const maxBlocks = 1_000
        let now = state([four(count)], { onNetwork: { IPv4: -1_000, IPv6: 0 } })
        const bought: number[] = []
        for (;;) {
          const step = decidePurchase(now, { blockSize, maxBlocks })
          if (step.do === 'nothing') break
          if (step.do === 'refuse') return step.code === 'BMC_OUT_OF_STOCK' && none.includes(30)
          if (none.includes(step.prefixLength)) now = afterSoldOut(now, step)
          else {
            bought.push(toCapacity('IPv4', step.prefixLength))
            now = afterPurchase(now, step)
          }
        }
        const sum = bought.reduce((all, one) => all + one, 0)
        return sum >= count && sum - (bought.at(-1) ?? 0) < count
      },
    ),
  )
  t.pass()
})
