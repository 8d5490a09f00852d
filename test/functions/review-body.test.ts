import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { LARGE_BODY_BYTES } from '../../functions/overload-plan.ts'
import { type BodyReading, type ReviewBody, readReviewBody } from '../../functions/review-body.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { serviceReview } from './_hosts.ts'

const MOST = 1_000_000
const SMALL = serviceReview()
/** 200 KB, the second half in characters of two bytes. */
const LARGE = serviceReview({ uid: 'large', padding: 'x'.repeat(100_000) + 'ü'.repeat(50_000) })
const LENGTH = Buffer.byteLength(LARGE)

type Asked = readonly [kind: string, bytes: number, deadline: number]

function setUp(t: Test, options: Partial<BodyReading> & { readonly hasRoom?: boolean } = {}) {
  const { hasRoom = true, ...rest } = options
  const clock = createTurnableClock()
  const stream = new PassThrough()
  const told = { asked: [] as Asked[], left: 0, slow: [] as string[], isGone: false }
  const overload: BodyReading['overload'] = {
    async body(kind, bytes, deadline, gone) {
      told.asked.push([kind, bytes, deadline - clock.now()])
      gone.addEventListener('abort', () => {
        told.isGone = true
      })
      return hasRoom ? () => void (told.left += 1) : undefined
    },
    tooSlow: kind => void told.slow.push(kind),
  }
  const deadline = clock.now() + 8000
  const reading = readReviewBody(stream, {
    clock,
    overload,
    maxBodyBytes: MOST,
    length: LENGTH,
    deadline,
    ...rest,
  })
  reading.catch(() => {})
  t.teardown(() => stream.destroy())
  return { clock, stream, told, reading }
}

const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate)
}

const WHOLE = { isCut: false, read: 'all of it' }
const BEGINNING = { isCut: true, read: 'the beginning' }

function toSeen({ text, isCut }: ReviewBody): typeof WHOLE {
  if (text === LARGE || text === SMALL) return { isCut, read: 'all of it' }
  return { isCut, read: text === LARGE.slice(0, LARGE_BODY_BYTES) ? 'the beginning' : 'something else' }
}

t.test('a small review is read whole, and asks nobody', async t => {
  const { stream, told, reading } = setUp(t, { length: Buffer.byteLength(SMALL) })
  stream.write(SMALL.slice(0, 50))
  stream.end(SMALL.slice(50))
  t.strictSame(toSeen(await reading), WHOLE)
  t.strictSame(told.asked, [])
})

t.test('a large one is read whole where there is room, which is left when it was answered', async t => {
  const { stream, told, reading } = setUp(t)
  stream.end(LARGE)
  const body = await reading
  t.strictSame(toSeen(body), WHOLE)
  t.strictSame(told, { asked: [['service', LENGTH, 8000]], left: 0, slow: [], isGone: false })
  body.leave()
  t.equal(told.left, 1)
})

t.test('one of a length that was not announced asks for as much as it may have', async t => {
  const { stream, told, reading } = setUp(t, { length: Number.NaN })
  stream.end(LARGE)
  t.strictSame(toSeen(await reading), WHOLE)
  t.strictSame(told.asked, [['service', MOST, 8000]])
})

t.test('without limits every one is read whole', async t => {
  const { stream, reading } = setUp(t, { overload: undefined })
  stream.end(LARGE)
  t.strictSame(toSeen(await reading), WHOLE)
})

t.test('where there is no room only the beginning is kept, and the rest comes and goes', async t => {
  const { stream, told, reading } = setUp(t, { hasRoom: false })
  stream.write(LARGE.slice(0, 40_000))
  const body = await reading
  t.strictSame(toSeen(body), BEGINNING)
  stream.end(LARGE.slice(40_000))
  await settle()
  t.ok(stream.readableEnded)
  t.strictSame([told.left, told.slow], [0, []])
})

t.test('one that comes slowly gives its room back after half of its time, or five seconds', async t => {
  for (const [leftMs, ms] of [
    [8000, 4000],
    [24_000, 5000],
  ] as const) {
    const clock = createTurnableClock()
    const { stream, told, reading } = setUp(t, { clock, deadline: clock.now() + leftMs })
    let isOver = false
    const over = reading.then(body => {
      isOver = true
      return body
    })
    stream.write(LARGE.slice(0, 40_000))
    await settle()
    await clock.turn(ms - 1)
    stream.write(LARGE.slice(40_000, 80_000))
    await settle()
    t.notOk(isOver)
    await clock.turn(1)
    t.strictSame(toSeen(await over), BEGINNING)
    t.strictSame([told.left, told.slow], [1, ['service']])
    stream.end(LARGE.slice(80_000))
    await settle()
    t.ok(stream.readableEnded, 'what comes later is thrown away')
  }
})

const FAILURES: readonly [what: string, end: (stream: PassThrough) => void, code: string][] = [
  ['is cut off', stream => stream.destroy(), 'WEBHOOK_BODY_INVALID'],
  ['fails on its way', stream => stream.destroy(new Error('reset')), 'WEBHOOK_BODY_INVALID'],
  ['is shorter than announced', stream => stream.end('x'), 'WEBHOOK_BODY_INVALID'],
  ['is longer than may be', stream => stream.end('x'.repeat(MOST)), 'WEBHOOK_BODY_TOO_LARGE'],
]

for (const [what, end, code] of FAILURES) {
  t.test(`a large one that ${what} gives its room back`, async t => {
    const { stream, told, reading } = setUp(t)
    stream.write(LARGE.slice(0, 40_000))
    await settle()
    end(stream)
    await t.rejects(reading, { code })
    t.strictSame([told.left, told.slow, told.isGone], [1, [], true])
  })
}
