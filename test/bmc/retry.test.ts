import t from 'tap'
import { decideRetry, mayHaveApplied, toAnswer, toRetryAfterMs } from '../../shared/bmc/retry.ts'
import type { Outcome } from '../../shared/bmc/transport.ts'

const answered = (status: number, retryAfterMs?: number): Outcome => ({
  kind: 'answered',
  status,
  text: '',
  retryAfterMs,
})
const STATE = { repeatable: true, attempt: 1, maxAttempts: 4, remainingMs: 10_000, random: () => 0.5 }

/** Outcome, whether a read is repeated, whether a change is, whether a change may have happened. */
const TABLE: [string, Outcome, boolean, boolean, boolean][] = [
  ['refused', { kind: 'not-sent', why: '', permanent: false, cause: 0 }, true, true, false],
  ['certificate', { kind: 'not-sent', why: '', permanent: true, cause: 0 }, false, false, false],
  ['reset', { kind: 'lost', why: '', cause: 0 }, true, false, true],
  ['time-out', { kind: 'timeout', limitMs: 1 }, true, false, true],
  ['too long', { kind: 'unreadable', why: '' }, false, false, true],
  ['given up', { kind: 'aborted', sent: true }, false, false, true],
  ['given up before', { kind: 'aborted', sent: false }, false, false, false],
  ['200', answered(200), false, false, false],
  ['400', answered(400), false, false, false],
  ['409', answered(409), false, false, false],
  ['429', answered(429), true, true, false],
  ['429 with a wish', answered(429, 0), true, true, false],
  ['500', answered(500), true, false, true],
  ['503', answered(503), true, false, true],
  ['503 with a wish', answered(503, 0), true, true, false],
  ['504 with a wish', answered(504, 0), true, false, true],
]
for (const [name, outcome, read, change, applied] of TABLE) {
  t.test(name, async t => {
    t.equal(decideRetry(outcome, STATE).do, read ? 'retry' : 'give-up')
    t.equal(decideRetry(outcome, { ...STATE, repeatable: false }).do, change ? 'retry' : 'give-up')
    t.equal(mayHaveApplied(outcome), applied)
  })
}

t.test('the wait grows to 5 s, with the whole of it as jitter', async t => {
  const waits = [1, 2, 3, 4, 5, 6, 9].map(attempt =>
    decideRetry(answered(500), { ...STATE, attempt, maxAttempts: 10, random: () => 1 }),
  )
  t.strictSame(
    waits.map(verdict => (verdict.do === 'retry' ? verdict.afterMs : verdict.do)),
    [200, 400, 800, 1600, 3200, 5000, 5000],
  )
  t.strictSame(decideRetry(answered(500), { ...STATE, random: () => 0 }), { do: 'retry', afterMs: 0 })
})

t.test('Retry-After is a least, with a spread that stays before the deadline', async t => {
  t.strictSame(decideRetry(answered(429, 3000), STATE), { do: 'retry', afterMs: 3250 })
  t.strictSame(decideRetry(answered(429, 9900), STATE), { do: 'retry', afterMs: 9999 })
  t.strictSame(decideRetry(answered(429, 10_000), STATE), { do: 'give-up' })
  const endless = { ...STATE, remainingMs: Number.POSITIVE_INFINITY }
  t.strictSame(decideRetry(answered(429, 60_000), endless), { do: 'retry', afterMs: 60_250 })
  t.strictSame(decideRetry(answered(429, 60_001), endless), { do: 'give-up' })
})

t.test('no attempt beyond those allowed, none without time', async t => {
  t.equal(decideRetry(answered(500), { ...STATE, attempt: 4 }).do, 'give-up')
  t.equal(decideRetry(answered(500), { ...STATE, remainingMs: 100 }).do, 'give-up')
  t.equal(decideRetry(answered(500), { ...STATE, remainingMs: 0, random: () => 0 }).do, 'give-up')
})

t.test('Retry-After is seconds or a date', async t => {
  const now = Date.UTC(2026, 0, 1)
  const cases: [string | null, number | undefined][] = [
    [null, undefined],
    ['', undefined],
    ['0', 0],
    [' 120 ', 120_000],
    ['1.5', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ]
  for (const [header, expected] of cases) t.equal(toRetryAfterMs(header, now), expected, String(header))
})

/** Outcome, and what it tells of the pace. */
const PACE: readonly [string, Outcome | undefined, ReturnType<typeof toAnswer>][] = [
  ['nothing was sent', undefined, undefined],
  ['the connection was cut', { kind: 'lost', why: '', cause: 0 }, undefined],
  ['it is done', answered(200), { slowDown: false, retryAfterMs: undefined }],
  ['it is done, and a wish comes with it', answered(200, 5), { slowDown: false, retryAfterMs: 5 }],
  ['it is refused', answered(499), { slowDown: false, retryAfterMs: undefined }],
  ['there are too many', answered(429, 7), { slowDown: true, retryAfterMs: 7 }],
  ['the host is in trouble', answered(500, 7), undefined],
  ['the host is away', answered(503), undefined],
  ['the host is away until a time', answered(503, 7), { slowDown: true, retryAfterMs: 7 }],
]
for (const [name, outcome, expected] of PACE)
  t.test(`the pace when ${name}`, async t => t.strictSame(toAnswer(outcome), expected))
