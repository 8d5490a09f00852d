import t from 'tap'
import type { AddressSupply } from '../../../shared/cloud-provider/load-balancer.ts'
import { createSupplyReader } from '../../../shared/controllers/address/supply-reader.ts'
import type { Inventory } from '../../../shared/controllers/inventory/content.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'

const INTERVAL = 60_000
const FREE = { blocks: [], location: 'PHX', memberAddresses: [] }
const STORED = { ...FREE, memberAddresses: ['203.0.113.3'] }
const SEEN = { ...FREE, memberAddresses: ['203.0.113.4'] }
const SUPPLY = {
  network: { location: 'PHX' },
  blocks: [],
  memberAddresses: SEEN.memberAddresses,
} as unknown as AddressSupply

/** What is known some time after this process has seen the supply. */
async function known(ageMs: number, stored: boolean, vouched: 'before' | 'since' = 'before') {
  const clock = createTurnableClock()
  const inventory = { families: ['IPv4'], ...(stored && { addresses: STORED }) } as unknown as Inventory
  let vouchedAt = clock.now() - 1
  const reader = createSupplyReader({
    kube: undefined as never,
    clock,
    inventory: {
      read: () =>
        Promise.resolve({
          inventory,
          index: undefined as never,
          freshness: { young: true, cloudDown: false },
          vouchedAt,
        }),
    },
    resyncIntervalMs: INTERVAL,
  })
  reader.note(SUPPLY)
  await clock.turn(ageMs)
  if (vouched === 'since') vouchedAt = clock.now()
  return (await reader.known()).source
}

t.test('what this process has seen counts until a pass vouches for something newer', async t => {
  t.strictSame(await known(10 * INTERVAL, true), SEEN)
  t.strictSame(await known(10 * INTERVAL, true, 'since'), STORED)
})

t.test(
  'without an inventory it counts for two intervals: servers may have taken addresses since',
  async t => {
    t.strictSame(await known(2 * INTERVAL, false), SEEN)
    t.equal(await known(2 * INTERVAL + 1, false), undefined)
  },
)
