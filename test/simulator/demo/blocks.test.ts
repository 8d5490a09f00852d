import t from 'tap'
import type { IpBlock } from '../../../shared/simulator/bmc/types.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import { type BlockNews, isBought, watchBlocks } from '../../../shared/simulator/demo/blocks.ts'

const block = (id: string, cidr: string, status: string, usage?: string): IpBlock =>
  ({
    id,
    cidr,
    status,
    tags: usage ? [{ id: 't', name: usage, value: 'v', isBillingTag: false }] : [],
  }) as never

t.test('tells each step of the blocks that were bought, once', async t => {
  const clock = createTurnableClock()
  const stop = new AbortController()
  const told: BlockNews[] = []
  let now: IpBlock[] = []
  const { news, ended } = watchBlocks({
    blocks: () => now,
    clock,
    signal: stop.signal,
    onNews: one => void told.push(one),
  })
  const theirs = block('s1', '198.19.0.0/28', 'assigned')
  const first = (status: string): IpBlock => block('b1', '198.19.0.16/29', status, 'usage')
  const second = block('b2', '198.19.0.32/28', 'creating', 'usage')
  for (const blocks of [
    [theirs],
    [first('creating')],
    [first('assigned'), second],
    [second, theirs],
    [second],
  ]) {
    now = blocks
    await clock.turn(100)
  }
  const steps = told.map(({ number, cidr, status }) => `${number} ${cidr} ${status}`)
  t.strictSame(steps, [
    '1 198.19.0.16/29 creating',
    '1 198.19.0.16/29 assigned',
    '2 198.19.0.32/28 creating',
    '1 198.19.0.16/29 given back',
  ])
  t.strictSame(news, told)
  stop.abort()
  await clock.turn(100)
  await ended
})

t.test('a block without the tags of a purchase was not bought', async t => {
  t.ok(isBought(block('b', '198.19.0.0/29', 'assigned', 'usage')))
  t.notOk(isBought(block('b', '198.19.0.0/29', 'assigned', 'team')))
  t.notOk(isBought(block('b', '198.19.0.0/29', 'assigned')))
})
