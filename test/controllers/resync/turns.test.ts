import t from 'tap'
import { inTurn, toShare, workInTurn } from '../../../shared/controllers/resync/turns.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'

const MINUTE = 60_000
const same = (name: string): string => name
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `a${100 + index}`)

t.test('an order of its own in every pass, the same in one pass', async t => {
  const items = names(8)
  const orders = ['one', 'two', 'three'].map(passId => inTurn(items, same, passId))
  t.equal(new Set(orders.map(order => order.join())).size, 3)
  for (const order of orders) t.strictSame(order.toSorted(), items)
  t.strictSame(inTurn(items, same, 'one'), orders[0])
  t.strictSame(inTurn(items, same, undefined), items, 'as they are listed where no pass is named')
})

t.test('wherever it stands in the list, an object is soon among the first', async t => {
  const items = names(100)
  const passes = Array.from({ length: 100 }, (_, index) => inTurn(items, same, `host-${index}`))
  // Chance alone leaves one of 100 out of 30 passes in 1 of 40 such samples; this one is fixed by its names.
  const longest = items.map(name => passes.findIndex(order => order.indexOf(name) < 24))
  t.ok(Math.min(...longest) >= 0 && Math.max(...longest) < 30, `the last one in pass ${Math.max(...longest)}`)
  const times = items.map(name => passes.filter(order => order.indexOf(name) < 24).length)
  t.ok(Math.min(...times) > 10 && Math.max(...times) < 40, 'all about as often')
})

t.test('a part ends in its share of the time that is left', async t => {
  const clock = createTurnableClock()
  const call = { deadline: clock.now() + MINUTE, passId: 'one' }
  t.strictSame(toShare(clock, call, 0.25), { ...call, deadline: clock.now() + MINUTE / 4 })
  const endless = { deadline: Number.POSITIVE_INFINITY }
  t.strictSame(toShare(clock, endless, 0.25), endless)
})

/** Works on items, of which those that hang end with their signal. */
async function work(
  items: readonly string[],
  hangs: (name: string) => boolean,
  { ms = MINUTE, atOnce = 8, dryRun = false } = {},
): Promise<{ readonly left: readonly string[]; readonly ended: readonly string[] }> {
  const clock = createTurnableClock()
  const start = clock.now()
  const ended: string[] = []
  const working = workInTurn(
    clock,
    { deadline: start + ms, dryRun },
    {
      items,
      toName: same,
      atOnce,
      async work(name, { signal }) {
        if (hangs(name)) await new Promise(resolve => signal?.addEventListener('abort', resolve))
        ended.push(`${name} ${Math.round((clock.now() - start) / 1000)}`)
      },
    },
  )
  await clock.turn(2 * ms)
  return { left: await working, ended }
}

const at = (seconds: number, from: number, to: number): string[] =>
  names(to)
    .slice(from)
    .map(name => `${name} ${seconds}`)

t.test('what hangs has a share of the time, and all the others their turns', async t => {
  const { left, ended } = await work(names(20), name => name < 'a116')
  t.strictSame(left, [])
  t.strictSame(ended.toSorted(), [...at(19, 0, 8), ...at(38, 8, 20)])
})

t.test('of many that hang each has ten seconds, and the rest is named', async t => {
  const { left, ended } = await work(names(60), () => true)
  t.strictSame(ended, [
    ...at(10, 0, 8),
    ...at(20, 8, 16),
    ...at(30, 16, 24),
    ...at(40, 24, 32),
    ...at(50, 32, 40),
  ])
  t.strictSame(left, names(60).slice(40))
})

t.test('nothing goes on after the deadline', async t => {
  const { left, ended } = await work(names(3), () => true, { ms: 5000, atOnce: 1 })
  t.strictSame(ended, ['a100 5'])
  t.strictSame(left, ['a101', 'a102'])
})

t.test('without any time nothing is begun, but by a dry run', async t => {
  t.strictSame(await work(names(3), () => false, { ms: 0 }), { left: names(3), ended: [] })
  t.strictSame(await work(names(3), () => false, { ms: 0, dryRun: true }), { left: [], ended: at(0, 0, 3) })
})

t.test('what one throws ends all, and leaves no limit behind', async t => {
  const signals: (AbortSignal | undefined)[] = []
  const clock = createTurnableClock()
  const call = { deadline: clock.now() + MINUTE }
  const failing = workInTurn(clock, call, {
    items: names(2),
    toName: same,
    async work(_, { signal }) {
      signals.push(signal)
      throw new Error('broken')
    },
  })
  await t.rejects(failing, { message: 'broken' })
  await clock.turn(2 * MINUTE)
  t.strictSame(
    signals.map(signal => signal?.aborted),
    [false, false],
  )
})

t.test('the end of the call ends the work on each', async t => {
  const clock = createTurnableClock()
  const end = new AbortController()
  const working = workInTurn(
    clock,
    { deadline: clock.now() + MINUTE, signal: end.signal },
    {
      items: names(2),
      toName: same,
      work: (_, { signal }) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())),
    },
  )
  end.abort()
  t.strictSame(await working, [])
})
