import t from 'tap'
import { createPace, type Ticket } from '../../shared/bmc/pace.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

const FOR_EVER = Number.POSITIVE_INFINITY
const GOOD = { slowDown: false }
const never = new AbortController().signal

function createWaiters(pace = createPace(createTurnableClock(), () => 0)) {
  const admitted: Ticket[] = []
  const refused: unknown[] = []
  const ask = (patience = FOR_EVER, signal = never): Promise<void> =>
    pace.enter({ signal, patience }).then(
      turn => void (typeof turn === 'number' ? refused.push(turn) : admitted.push(turn)),
      (reason: unknown) => void refused.push(reason),
    )
  return { pace, admitted, refused, ask }
}

async function setUp(random = 0.5) {
  const clock = createTurnableClock()
  const waiters = createWaiters(createPace(clock, () => random))
  await waiters.ask()
  return { clock, ...waiters, first: waiters.admitted.pop() as Ticket }
}

t.test('nobody waits before a refusal', async t => {
  const { admitted, ask } = createWaiters()
  await Promise.all(Array.from({ length: 100 }, () => ask()))
  t.equal(admitted.length, 100)
})

t.test('after one, all wait; then one goes, and each good answer lets one more go beside it', async t => {
  const { clock, admitted, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 5000 })
  for (let count = 0; count < 40; count += 1) void ask()
  await clock.turn(4999)
  t.equal(admitted.length, 0)
  await clock.turn(1)
  t.equal(admitted.length, 1)
  const widths: number[] = []
  for (let step = 0; step < 4; step += 1) {
    admitted.pop()?.leave(GOOD)
    await clock.turn(0)
    widths.push(admitted.length)
  }
  t.strictSame(widths, [2, 3, 4, 5])
})

t.test('after fifteen good answers the pace is free again', async t => {
  const { clock, admitted, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 1000 })
  for (let count = 0; count < 100; count += 1) void ask()
  await clock.turn(1000)
  for (let answers = 0; answers < 15; answers += 1) {
    admitted.pop()?.leave(GOOD)
    await clock.turn(0)
  }
  t.equal(admitted.length, 100 - 15)
})

t.test('one that went out and is refused costs the others a wait, and no request', async t => {
  const { clock, admitted, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 1000 })
  for (let count = 0; count < 10; count += 1) void ask()
  await clock.turn(1000)
  admitted.pop()?.leave({ slowDown: true, retryAfterMs: 2000 })
  await clock.turn(1999)
  t.equal(admitted.length, 0)
  await clock.turn(1)
  t.equal(admitted.length, 1)
})

t.test('a host that does not say how long is left alone for longer each time, with jitter', async t => {
  const { clock, pace, admitted, ask, first } = await setUp(0.5)
  const waits: number[] = []
  first.leave({ slowDown: true })
  for (let refusals = 0; refusals < 7; refusals += 1) {
    waits.push((pace.limitedUntil() ?? 0) - clock.now())
    const next = ask()
    await clock.turn(waits.at(-1) ?? 0)
    await next
    admitted.pop()?.leave({ slowDown: true })
  }
  t.strictSame(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000])
})

t.test('requests that were under way tell nothing of the time after the refusal', async t => {
  const { clock, admitted, ask, first: a } = await setUp()
  await Promise.all(Array.from({ length: 3 }, () => ask()))
  const [b, c, d] = admitted.splice(0)
  a.leave({ slowDown: true, retryAfterMs: 3000 })
  b?.leave({ slowDown: true, retryAfterMs: 4000 })
  c?.leave(GOOD)
  d?.leave(GOOD)
  for (let count = 0; count < 5; count += 1) void ask()
  await clock.turn(4000)
  t.equal(admitted.length, 1, 'the longer wish holds, and one goes first')
})

t.test('who cannot wait is told until when, at once', async t => {
  const { clock, pace, refused, admitted, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 5000 })
  const until = clock.now() + 5000
  await ask(0)
  await ask(until)
  t.strictSame(refused, [until, until])
  pace.holdOff(clock.now() + 61_000)
  await ask()
  t.equal(refused.at(-1), clock.now() + 61_000, 'nor does anybody wait for more than a minute')
  t.equal(admitted.length, 0)
})

t.test('a change does not stand in line', async t => {
  const { clock, admitted, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 1000 })
  await clock.turn(1000)
  await ask()
  void ask()
  await ask(0)
  t.equal(admitted.length, 2)
})

t.test('who gives up in line makes room', async t => {
  const { clock, admitted, refused, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 1000 })
  await clock.turn(1000)
  const caller = new AbortController()
  await ask()
  void ask(FOR_EVER, caller.signal)
  void ask()
  // Called up and gone in one turn: the next in line must not wait for it.
  admitted.pop()?.leave({ slowDown: false })
  caller.abort('gone')
  await clock.turn(0)
  t.strictSame([admitted.length, refused], [1, ['gone']])
})

t.test('those in line who cannot wait for the next wish are all told', async t => {
  const { clock, admitted, refused, ask, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 1000 })
  await clock.turn(1000)
  await ask()
  for (let count = 0; count < 3; count += 1) void ask(clock.now() + 500)
  admitted.pop()?.leave({ slowDown: true, retryAfterMs: 1000 })
  await clock.turn(0)
  t.equal(refused.length, 3)
})

t.test('a wish of a year is taken for a quarter of an hour, and a clock set back for none', async t => {
  const { clock, pace, first } = await setUp()
  first.leave({ slowDown: true, retryAfterMs: 365 * 86_400_000 })
  t.equal(pace.limitedUntil(), clock.now() + 900_000)
  let now = clock.now()
  const jumping = createPace({ ...clock, now: () => now }, () => 0)
  jumping.holdOff(now + 60_000)
  now -= 3_600_000
  t.equal(jumping.limitedUntil(), undefined)
})

t.test('what others were told holds, and a shorter time changes nothing', async t => {
  const { clock, pace } = createWaitersWithClock()
  pace.holdOff(clock.now() + 3000)
  pace.holdOff(clock.now() + 2000)
  pace.holdOff(clock.now() - 1)
  t.equal(pace.limitedUntil(), clock.now() + 3000)
})

function createWaitersWithClock() {
  const clock = createTurnableClock()
  return { clock, pace: createPace(clock, () => 0) }
}
