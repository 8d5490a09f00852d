import t from 'tap'
import {
  decideBatch,
  decideReview,
  hasRoom,
  type Load,
  MAX_BODY_BYTES_IN_FLIGHT,
  NO_LIMITS,
  type Verdict,
} from '../../functions/overload-plan.ts'

const LIMITS = { reviews: 8, waitingReviews: 4, batches: 2, bodyBytes: 1000, lagMs: 100 }
const IDLE: Load = {
  running: { node: 0, service: 0 },
  waiting: { node: 0, service: 0 },
  batches: 0,
  waitingBatches: 0,
  lagMs: 0,
  reviewMs: { node: 10, service: 10 },
}
const running = (node: number, service: number): Partial<Load> => ({ running: { node, service } })
const waiting = (node: number, service: number): Load['waiting'] => ({ node, service })
const SLOW = { node: 1500, service: 1500 }
const FULL = running(2, 6)

const REVIEWS: [string, Partial<Load>, Verdict, Verdict][] = [
  ['nothing else is under way', {}, 'go', 'go'],
  ['a place is left that Services may have', running(2, 5), 'go', 'go'],
  ['only the places of nodes are left', running(0, 6), 'go', 'wait'],
  ['nodes have taken all places', running(8, 0), 'wait', 'wait'],
  ['no place is left', FULL, 'wait', 'wait'],
  ['Services wait', { ...running(0, 6), waiting: waiting(0, 1) }, 'go', 'wait'],
  ['nodes wait', { ...FULL, waiting: waiting(1, 0) }, 'wait', 'wait'],
  ['the line of Services is full', { ...FULL, waiting: waiting(0, 4) }, 'wait', 'shed'],
  ['the line of nodes is full', { ...FULL, waiting: waiting(4, 0) }, 'shed', 'wait'],
  // Three nodes ahead of either, eight at a time, of 1.5 s: 0.6 s; before a Service three more, six at a time: 0.7 s.
  ['those ahead take too long', { ...FULL, waiting: waiting(3, 3), reviewMs: SLOW }, 'wait', 'shed'],
  ['a node waits though a place is left', { waiting: waiting(1, 0) }, 'wait', 'wait'],
  ['one of each waits though a place is left', { waiting: waiting(1, 1) }, 'wait', 'wait'],
  // Two nodes of 4 s, eight at a time: just the second that it may wait.
  [
    'those ahead take all of the time',
    { ...FULL, waiting: waiting(2, 0), reviewMs: { node: 4000, service: 10 } },
    'wait',
    'wait',
  ],
  ['one slow Service is ahead', { ...FULL, waiting: waiting(0, 1), reviewMs: SLOW }, 'wait', 'wait'],
  ['the loop is late', { lagMs: 500 }, 'go', 'go'],
  ['the loop is very late', { lagMs: 501 }, 'go', 'shed'],
]

for (const [when, load, node, service] of REVIEWS) {
  t.test(`reviews when ${when}`, async t => {
    const all = { ...IDLE, ...load }
    t.equal(decideReview('node', 1000, all, LIMITS), node)
    t.equal(decideReview('service', 1000, all, LIMITS), service)
  })
}

const BATCHES: [string, Partial<Load>, Verdict][] = [
  ['nothing else is under way', {}, 'go'],
  ['reviews are worked on', FULL, 'go'],
  ['a review waits', { waiting: waiting(0, 1) }, 'wait'],
  ['a review of each kind waits', { waiting: waiting(1, 1) }, 'wait'],
  ['all places are taken', { batches: 2 }, 'wait'],
  ['others wait', { waitingBatches: 1 }, 'wait'],
  ['as many wait as may', { batches: 2, waitingBatches: 8 }, 'shed'],
  ['the loop is almost late', { lagMs: 100 }, 'go'],
  ['the loop is late', { lagMs: 101 }, 'shed'],
]

for (const [when, load, verdict] of BATCHES) {
  t.test(`a batch when ${when}`, async t => t.equal(decideBatch({ ...IDLE, ...load }, LIMITS), verdict))
}

t.test('a server for one review at a time serves Services as well', async t => {
  t.equal(decideReview('service', 1000, IDLE, { ...LIMITS, reviews: 1 }), 'go')
})

t.test('without limits everything goes', async t => {
  const load = {
    ...IDLE,
    ...running(1e6, 1e6),
    batches: 1e6,
    lagMs: 1e6,
    reviewMs: { node: 1e6, service: 1e6 },
  }
  t.equal(decideReview('service', 0, load, NO_LIMITS), 'go')
  t.equal(decideBatch(load, NO_LIMITS), 'go')
})

/** [bytes of the body, bytes in flight, whether a node's has room among 1,000, whether a Service's has] */
const ROOM: [bytes: number, taken: number, node: boolean, service: boolean][] = [
  [750, 0, true, true],
  [5000, 0, true, true],
  [250, 500, true, true],
  [251, 500, true, false],
  [500, 500, true, false],
  [501, 500, false, false],
]
for (const [bytes, taken, node, service] of ROOM)
  t.test(`a body of ${bytes} bytes beside ${taken}`, async t => {
    t.strictSame(
      [hasRoom('node', bytes, taken, 1000), hasRoom('service', bytes, taken, 1000)],
      [node, service],
    )
  })

t.test('bodies in flight have 16 MiB', async t => t.equal(MAX_BODY_BYTES_IN_FLIGHT, 16_777_216))
