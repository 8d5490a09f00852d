import t from 'tap'
import { createOverload, type Leave } from '../../functions/overload.ts'
import type { OverloadLimits } from '../../functions/overload-plan.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { collectLog, type Line } from '../support/collect-log.ts'

const LIMITS = { reviews: 4, waitingReviews: 10, batches: 1, bodyBytes: 1000, lagMs: 100 }
const HERE = new AbortController().signal

function setUp(limits: Partial<OverloadLimits> = {}) {
  const clock = createTurnableClock()
  const lines: Line[] = []
  const state = { lagMs: 0 }
  const overload = createOverload({
    limits: { ...LIMITS, ...limits },
    lagMs: () => state.lagMs,
    clock,
    log: collectLog(lines),
  })
  const order: string[] = []
  const leaves: Leave[] = []
  const note = async (name: string, turn: Promise<Leave | undefined>): Promise<void> => {
    const leave = await turn
    order.push(leave ? name : `${name} shed`)
    if (leave) leaves.push(leave)
  }
  return {
    clock,
    lines,
    state,
    overload,
    order,
    leaves,
    review: (kind: 'node' | 'service', name: string = kind, ms = 8000) =>
      note(name, overload.review(kind, clock.now() + ms)),
    batch: (name = 'batch', gone = HERE) => note(name, overload.batch(gone)),
  }
}

t.test('nodes go before Services, and batches after both', async t => {
  const { clock, order, leaves, review, batch } = setUp()
  await Promise.all([review('service'), review('service'), review('service'), review('node')])
  order.length = 0
  void review('service', 'service 1')
  void batch()
  void review('node', 'node 1')
  void review('node', 'node 2')
  for (let count = 0; count < 7; count += 1) {
    await clock.turn(0)
    leaves.shift()?.()
  }
  await clock.turn(0)
  t.strictSame(order, ['node 1', 'node 2', 'service 1', 'batch'])
})

t.test('what has waited for half of its time is shed, and its place is nobody else’s loss', async t => {
  const { clock, order, leaves, review } = setUp()
  await Promise.all(Array.from({ length: 4 }, () => review('node')))
  order.length = 0
  void review('node', 'short', 2000)
  void review('node', 'long', 8000)
  await clock.turn(1000)
  t.strictSame(order, ['short shed'])
  leaves.shift()?.()
  await clock.turn(0)
  t.strictSame(order, ['short shed', 'long'])
})

t.test('who is called up at the moment at which its time is over costs no place', async t => {
  const { clock, order, leaves, review } = setUp()
  await Promise.all(Array.from({ length: 4 }, () => review('node')))
  void review('node', 'late', 2000)
  const over = clock.sleep(1000).then(() => leaves.shift()?.())
  await clock.turn(1000)
  await over
  order.length = 0
  for (const leave of leaves.splice(0)) leave()
  await Promise.all(Array.from({ length: 4 }, () => review('node', 'after')))
  t.strictSame(order, ['after', 'after', 'after', 'after'])
})

t.test('a batch waits five seconds, and while its caller is there', async t => {
  const { clock, order, leaves, batch } = setUp()
  const caller = new AbortController()
  await batch('first')
  void batch('patient')
  void batch('left', caller.signal)
  void batch('last')
  caller.abort()
  await clock.turn(4999)
  t.strictSame(order, ['first', 'left shed'])
  await clock.turn(1)
  t.strictSame(order.slice(2), ['patient shed', 'last shed'])
  leaves[0]?.()
  await batch('next')
  t.equal(order.at(-1), 'next')
})

t.test('a turn that ends twice frees one place', async t => {
  const { order, leaves, batch } = setUp()
  await batch('first')
  leaves[0]?.()
  leaves[0]?.()
  await batch('second')
  void batch('third')
  await new Promise(setImmediate)
  t.strictSame(order, ['first', 'second'])
})

t.test('batches that waited for reviews go when those have given up', async t => {
  const { clock, order, review, batch } = setUp({ reviews: 1 })
  await review('node', 'holder')
  void review('node', 'waiting', 2000)
  void batch()
  await clock.turn(1000)
  t.strictSame(order, ['holder', 'waiting shed', 'batch'])
})

t.test(
  'a late loop refuses batches, then Services, never nodes, and recovers with the next look',
  async t => {
    const { state, order, leaves, overload, review, batch } = setUp()
    const look = async (lagMs: number): Promise<string[]> => {
      order.length = 0
      state.lagMs = lagMs
      await Promise.all([review('node'), review('service'), batch()])
      for (const leave of leaves.splice(0)) leave()
      return order.toSorted()
    }
    t.strictSame(await look(100), ['batch', 'node', 'service'])
    t.notOk(overload.isPressed())
    t.strictSame(await look(101), ['batch shed', 'node', 'service'])
    t.ok(overload.isPressed())
    t.strictSame(await look(600), ['batch shed', 'node', 'service shed'])
    t.strictSame(await look(0), ['batch', 'node', 'service'])
  },
)

t.test('one line a minute tells what was shed, and readiness tells it for a minute', async t => {
  const { clock, lines, state, overload, review, batch } = setUp()
  state.lagMs = 1000.4
  await batch()
  for (let second = 0; second < 90; second += 1) {
    await Promise.all([batch(), batch(), review('service')])
    await clock.turn(1000)
  }
  t.match(overload.wants(), [
    /^busy: 0 node reviews and 90 service reviews let through, 181 audit batches refused$/,
  ])
  overload.report()
  t.equal(lines.length, 2)
  overload.report(true)
  await clock.turn(60_001)
  overload.report(true)
  const told = lines.map(({ fields }) => [fields['serviceReviews'], fields['auditBatches'], fields['lagMs']])
  t.strictSame(told, [
    [0, 1, 1000],
    [60, 121, 1000],
    [30, 59, 1000],
  ])
  t.strictSame(overload.wants(), [])
})

t.test('bodies are parsed one in a turn of the event loop', async t => {
  const { overload } = setUp({ batches: 3 })
  const turns: string[] = []
  const parse = async (name: string): Promise<void> => {
    await overload.breathe()
    turns.push(name)
    setImmediate(() => turns.push(`after ${name}`))
  }
  await Promise.all(['a', 'b', 'c'].map(parse))
  await new Promise(setImmediate)
  t.strictSame(turns, ['a', 'after a', 'b', 'after b', 'c', 'after c'])
})

t.test('a large body has no room while its review would not be worked on, and both are counted', async t => {
  const { clock, state, overload } = setUp()
  const take = async (kind: 'node' | 'service', bytes: number): Promise<string> => {
    const taken = overload.body(kind, bytes, clock.now() + 2000, HERE)
    await clock.turn(1000)
    return (await taken) ? 'read' : 'let through'
  }
  state.lagMs = 501
  t.strictSame([await take('service', 10), await take('node', 10)], ['let through', 'read'])
  state.lagMs = 0
  t.strictSame([await take('service', 741), await take('service', 740)], ['let through', 'read'])
  overload.tooSlow('node')
  t.match(overload.wants(), [/^busy: 1 node reviews and 2 service reviews let through, 0 audit/])
})
